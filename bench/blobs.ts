/**
 * One large blob from one node to another over TCP and secret-handshake on the loopback, beside bare secret-handshake
 * in the same run: `node --import tsx bench/blobs.ts [--quick] [--rounds N]`.
 */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { runAlone } from './kit/alone.ts'
import { Figures, type Section } from './kit/figures.ts'
import { inFolder } from './kit/folders.ts'
import type { Options } from './kit/options.ts'
import { runPart } from './kit/part.ts'

const NODES = new URL('./blobs/nodes.ts', import.meta.url)
const WIRE = new URL('./blobs/wire.ts', import.meta.url)
const MIB = 1_048_576

interface Moved {
  readonly ms: number
  /** Seconds of the receiver's processor time. */
  readonly cpu: number
}
interface Giving {
  readonly address: string
  readonly blob: string
}

export async function measureBlobs({ quick, rounds }: Options): Promise<Section> {
  const bytes = (quick ? 8 : 100) * MIB
  const figures = new Figures()
  for (let round = 0; round < rounds; round++) {
    await beside(WIRE, ['send', String(bytes)], async ({ address }) => {
      const { ms } = await runPart<Moved>(WIRE, 'receive', address, bytes)
      figures.add('secret-handshake alone, counted only', bytes / 1e3 / ms, 'MB/s')
    })
    await inFolder((folder) =>
      beside(NODES, ['give', join(folder, 'giver'), String(bytes)], async ({ address, blob }) => {
        const { ms, cpu, rss } = await runPart<Moved>(NODES, 'take', join(folder, 'taker'), address, blob)
        figures.add('a blob, hashed and on disk', bytes / 1e3 / ms, 'MB/s')
        figures.add("a blob: the taker's processor", (cpu * 1e9) / bytes, 's/GB')
        figures.add("a blob: the taker's memory at most", rss, 'MiB')
      }),
    )
  }
  figures.ratio(
    'a blob, as a share of secret-handshake alone',
    'a blob, hashed and on disk',
    'secret-handshake alone, counted only',
  )
  figures.note(`${bytes / MIB} MiB between two processes; secret-handshake alone is written to 64 KiB at a time`)
  figures.note('the blob is timed from the want until its file is synced and has its name')
  return figures.section('Blobs between two nodes')
}

/** Runs `work` while another process serves it; that one ends when it is let go. */
async function beside(module: URL, args: string[], work: (giving: Giving) => Promise<void>): Promise<void> {
  const serving = fork(module, args, { execArgv: ['--import', 'tsx'] })
  const ended = once(serving, 'exit')
  try {
    const [giving] = (await once(serving, 'message')) as [Giving]
    await work(giving)
  } finally {
    if (serving.connected) serving.disconnect()
    await ended
  }
}

await runAlone(import.meta.url, measureBlobs)
