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
const MANY = new URL('./data/many.ts', import.meta.url)
const HYPERCORE = new URL('./data/hypercore.ts', import.meta.url)

const FEEDS = 100
const IN_FLIGHT = 64
const MANY_FEEDS = `ingest of ${FEEDS} feeds`
const SSB_DONE = 'ssb-db2 (until indexed)'
const CORE_ONE = 'hypercore (a block a call, 64 in flight)'
const CORE_64 = 'hypercore (64 blocks a call)'

interface Measured {
  readonly ms: number
  readonly cpu: number
  readonly disk: number
}
interface Feed {
  readonly file: string
  /** The same number of entries in 100 feeds. */
  readonly many: string
  /** The same payloads as classic messages, in one feed and in 100; none where ssb-db2 is not there. */
  readonly messages?: readonly [one: string, many: string]
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
    const many = join(folder, 'many')
    const written = await runPart<{ bytes: number; head: string; comparable: number }>(OURS, 'write', file, count)
    await runPart(MANY, 'write', many, FEEDS, count / FEEDS)
    figures.note(`${count} entries of ${Math.round(written.bytes / count)} bytes on average`)
    const messages = peers ? await writeMessages(figures, folder, count) : undefined
    const feed: Feed = { file, many, count, ...written, ...(messages && { messages }) }
    for (let round = 0; round < rounds; round++) {
      await inFolder((own) => appendRound(figures, own, feed))
      await inFolder((own) => ingestRound(figures, own, feed))
      await inFolder((own) => manyRound(figures, own, feed))
    }
  })
  for (const what of ['append', 'ingest', MANY_FEEDS] as const)
    figures.ratio(`${what}: ours to ssb-db2's`, `${what}, marmalade`, `${what}, ${SSB_DONE}`)
  for (const whose of [CORE_ONE, CORE_64])
    figures.ratio(`append: ours to ${whose}`, 'append, marmalade', `append, ${whose}`)
  return figures.section('Feeds on disk')
}

async function writeMessages(figures: Figures, folder: string, count: number): Promise<[string, string]> {
  const one = join(folder, 'messages')
  const many = join(folder, 'many-messages')
  const { bytes } = await runPart<{ bytes: number }>(SSB, 'write', one, 1, count)
  await runPart(SSB, 'write', many, FEEDS, count / FEEDS)
  figures.note(`the same payloads as classic messages: ${Math.round(bytes / count)} bytes of JSON each`)
  return [one, many]
}

type Whole = Measured & { readonly rss: number }

function added(figures: Figures, what: string, count: number, { ms, disk, rss, cpu }: Whole): void {
  figures.add(what, (count / ms) * 1000, 'entries/s')
  figures.add(`${what}: processor`, (cpu / count) * 1e6, 'us/entry')
  figures.add(`${what}: disk`, disk / count, 'B/entry')
  figures.add(`${what}: memory at most`, rss, 'MiB')
}

async function appendRound(figures: Figures, folder: string, { count, file, messages }: Feed): Promise<void> {
  const add = (whose: string, measured: Whole): void => added(figures, `append, ${whose}`, count, measured)
  add('marmalade', await runPart<Measured>(OURS, 'append', join(folder, 'ours'), count))
  if (!messages) return
  add(SSB_DONE, await runPart<Measured>(SSB, 'create', join(folder, 'ssb'), count))
  add(CORE_ONE, await runPart<Measured>(HYPERCORE, 'append', folder, file, 1, IN_FLIGHT))
  add(CORE_64, await runPart<Measured>(HYPERCORE, 'append', folder, file, IN_FLIGHT, 1))
}

async function ingestRound(figures: Figures, folder: string, feed: Feed): Promise<void> {
  const { count, file, head, comparable, messages } = feed
  const ours = join(folder, 'ours')
  const add = (whose: string, measured: Whole): void => added(figures, `ingest, ${whose}`, count, measured)
  add('marmalade', await runPart<Measured>(OURS, 'ingest', ours, file, count, head, comparable))
  const opened = await runPart<{ ms: number; query: number }>(OURS, 'open', ours)
  figures.add('open what was ingested, marmalade', opened.ms, 'ms')
  figures.add('newest 20 plays after it, marmalade', opened.query, 'ms')
  if (!messages) return
  const ssb = join(folder, 'ssb')
  add(SSB_DONE, await runPart<Measured>(SSB, 'add', ssb, messages[0]))
  figures.add('open what was ingested, ssb-db2', (await runPart<{ ms: number }>(SSB, 'open', ssb)).ms, 'ms')
}

async function manyRound(figures: Figures, folder: string, { count, many, messages }: Feed): Promise<void> {
  const add = (whose: string, measured: Whole): void => added(figures, `${MANY_FEEDS}, ${whose}`, count, measured)
  add('marmalade', await runPart<Measured>(MANY, 'ingest', join(folder, 'ours'), many))
  if (messages) add(SSB_DONE, await runPart<Measured>(SSB, 'add', join(folder, 'ssb'), messages[1]))
}

await runAlone(import.meta.url, measureData)
