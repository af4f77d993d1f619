/**
 * How far apart two nodes on one LAN begin with what is asked for the next bar, by the monotonic clock that both processes share:
 * `node --import tsx bench/spread.ts [--quick] [--rounds N]`. Two processes, two network namespaces, secret-handshake.
 */
import { Teardown } from '../test/helpers/hosts.ts'
import { hindrance } from '../test/helpers/lan.ts'
import { SkewedPair } from '../test/helpers/spread.ts'
import { runAlone } from './kit/alone.ts'
import { Figures, quantile, type Section } from './kit/figures.ts'
import type { Options } from './kit/options.ts'

/** By how much the wall clock of the second node is put, in milliseconds. */
const SKEWS = [0, 350, -20_000] as const

export async function measureSpread({ quick, rounds }: Options): Promise<Section> {
  const plays = quick ? 5 : 30
  const figures = new Figures()
  const why = hindrance()
  if (why === undefined)
    for (let round = 0; round < rounds; round++) for (const skew of SKEWS) await measureRound(figures, skew, plays)
  else figures.note(`left out: ${why}`)
  figures.note(`${plays} plays a round at 240 BPM; from the takes' frames and the pace of both sinks`)
  return figures.section('Two nodes begin together')
}

async function measureRound(figures: Figures, skew: number, plays: number): Promise<void> {
  const down = new Teardown()
  try {
    const pair = await SkewedPair.start(down, skew)
    const spreads: number[] = []
    for (let play = 0; play < plays; play++) spreads.push(await pair.spread())
    const what = skew === 0 ? 'one wall clock' : `wall clocks ${skew} ms apart`
    figures.add(`${what}, median`, quantile(spreads, 0.5), 'ms')
    figures.add(`${what}, 99th percentile`, quantile(spreads, 0.99), 'ms')
  } finally {
    await down.run()
  }
}

await runAlone(import.meta.url, measureSpread)
