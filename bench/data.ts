/**
 * Append, ingest and open of a feed, beside ssb-db2 and hypercore in the same run:
 * `node --import tsx bench/data.ts [--quick] [--rounds N]`.
 */
import { join } from 'node:path'
import { runAlone } from './kit/alone.ts'
import { Figures, type Section } from './kit/figures.ts'
import { inFolder } from './kit/folders.ts'
import type { Options } from './kit/options.ts'
import { runPart } from './kit/part.ts'
import { arePeersInstalled } from './data/peers.ts'

const OURS = new URL('./data/ours.ts', import.meta.url)
const SSB = new URL('./data/ssb.ts', import.meta.url)
const HYPERCORE = new URL('./data/hypercore.ts', import.meta.url)

interface Measured {
  readonly ms: number
  readonly cpu: number
  readonly disk: number
}
interface Feed {
  readonly file: string
  readonly count: number
  readonly head: string
  readonly comparable: number
}

export async function measureData({ quick, rounds }: Options): Promise<Section> {
  const count = quick ? 2_000 : 100_000
  const figures = new Figures()
  const peers = arePeersInstalled()
  if (!peers) figures.note('ssb-db2 and hypercore are left out: npm --prefix bench install brings them')
  await inFolder(async (folder) => {
    const file = join(folder, 'feed')
    const messages = join(folder, 'messages')
    const written = await runPart<{ bytes: number; head: string; comparable: number }>(OURS, 'write', file, count)
    const feed: Feed = { file, count, ...written }
    figures.note(`${count} entries of ${Math.round(written.bytes / count)} bytes on average`)
    if (peers) {
      const { bytes } = await runPart<{ bytes: number }>(SSB, 'write', messages, count)
      figures.note(`the same payloads as classic messages: ${Math.round(bytes / count)} bytes of JSON each`)
    }
    for (let round = 0; round < rounds; round++) {
      await inFolder((own) => appendRound(figures, own, feed, peers))
      await inFolder((own) => ingestRound(figures, own, feed, peers && messages))
    }
  })
  for (const what of ['append', 'ingest'] as const)
    figures.ratio(`${what}: ours to ssb-db2's`, `${what}, marmalade`, `${what}, ssb-db2 (until indexed)`)
  figures.ratio("append: ours to hypercore's", 'append, marmalade', 'append, hypercore (64 blocks a call)')
  return figures.section('A feed on disk')
}

async function appendRound(figures: Figures, folder: string, feed: Feed, peers: boolean): Promise<void> {
  const { count, file } = feed
  const add = (whose: string, { ms, disk, rss, cpu }: Measured & { rss: number }): void => {
    figures.add(`append, ${whose}`, (count / ms) * 1000, 'entries/s')
    figures.add(`append, ${whose}: processor`, (cpu / count) * 1e6, 'us/entry')
    figures.add(`append, ${whose}: disk`, disk / count, 'B/entry')
    figures.add(`append, ${whose}: memory at most`, rss, 'MiB')
  }
  add('marmalade', await runPart<Measured>(OURS, 'append', join(folder, 'ours'), count))
  if (!peers) return
  add('ssb-db2 (until indexed)', await runPart<Measured>(SSB, 'create', join(folder, 'ssb'), count))
  add('hypercore (64 blocks a call)', await runPart<Measured>(HYPERCORE, 'append', folder, file))
}

async function ingestRound(figures: Figures, folder: string, feed: Feed, messages: string | false): Promise<void> {
  const { count, file, head, comparable } = feed
  const add = (whose: string, { ms, disk, rss, cpu }: Measured & { rss: number }): void => {
    figures.add(`ingest, ${whose}`, (count / ms) * 1000, 'entries/s')
    figures.add(`ingest, ${whose}: processor`, (cpu / count) * 1e6, 'us/entry')
    figures.add(`ingest, ${whose}: disk`, disk / count, 'B/entry')
    figures.add(`ingest, ${whose}: memory at most`, rss, 'MiB')
  }
  const ours = join(folder, 'ours')
  add('marmalade', await runPart<Measured>(OURS, 'ingest', ours, file, count, head, comparable))
  const opened = await runPart<{ ms: number; query: number }>(OURS, 'open', ours)
  figures.add('open what was ingested, marmalade', opened.ms, 'ms')
  figures.add('newest 20 plays after it, marmalade', opened.query, 'ms')
  if (messages === false) return
  const ssb = join(folder, 'ssb')
  add('ssb-db2 (until indexed)', await runPart<Measured>(SSB, 'add', ssb, messages))
  figures.add('open what was ingested, ssb-db2', (await runPart<{ ms: number }>(SSB, 'open', ssb)).ms, 'ms')
}

await runAlone(import.meta.url, measureData)
