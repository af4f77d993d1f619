/**
 * A call from one node to another over TCP and secret-handshake on the loopback:
 * `node --import tsx bench/rpc.ts [--quick] [--rounds N]`.
 */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { runAlone } from './kit/alone.ts'
import { Figures, type Section } from './kit/figures.ts'
import type { Options } from './kit/options.ts'
import { runPart } from './kit/part.ts'
import { nodeOptions } from './kit/spawned.ts'

const PARTS = new URL('./rpc/parts.ts', import.meta.url)

interface Asked {
  readonly p50: number
  readonly p95: number
  readonly p99: number
  readonly rate: number
}

export async function measureRpc({ quick, rounds }: Options): Promise<Section> {
  const calls = quick ? 1_000 : 10_000
  const figures = new Figures()
  for (let round = 0; round < rounds; round++) {
    const answering = fork(PARTS, ['answer'], { execArgv: nodeOptions() })
    const [{ address }] = (await once(answering, 'message')) as [{ address: string }]
    const { p50, p95, p99, rate } = await runPart<Asked>(PARTS, 'ask', address, calls)
    const ended = once(answering, 'exit')
    answering.disconnect()
    await ended
    figures.add('there and back, median', p50, 'ms')
    figures.add('there and back, 95th percentile', p95, 'ms')
    figures.add('there and back, 99th percentile', p99, 'ms')
    figures.add('calls, 64 at once', rate, 'calls/s')
  }
  figures.note(`${calls} calls one after another, then as many 64 at once, between two processes`)
  return figures.section('Calls between two nodes')
}

await runAlone(import.meta.url, measureRpc)
