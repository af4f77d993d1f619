import { isJamId, isName, isPlayerId } from '../base/index.ts'
import type { Micros } from '../base/index.ts'
import { standsFor } from '../feed/index.ts'
import { BOXED, hashOf, jamOf, typeOf } from '../entry/index.ts'
import type { Entry, Payload } from '../entry/index.ts'
import { chunkValue, cutChunks } from './chunk.ts'
import { PLACE, chunkKey, placeKey, placeValue, prefixes } from './layout.ts'
import type { Write } from './level.ts'
import { indexKey, indexValue } from './listed.ts'
import type { Item } from './listed.ts'

/**
 * Entries further apart than this, in microseconds, are not listed in one row (19 hours): so that who reads an index
 * from its oldest row on knows how far ahead to look.
 */
export const ROW_SPAN: Micros = 2 ** 36

/** Where entries of a chunk are put. */
export interface Slot {
  readonly feed: number
  readonly branch: number
  /** Entries of the chain up to and including the last of them. */
  readonly count: number
}

/** An index row, and the comparable of the entry that it lists first. */
export interface IndexRow {
  readonly key: Uint8Array
  readonly value: Uint8Array
  readonly newest: Micros
}

/** Entries whose rows are made without a pause: half a millisecond, so that what comes live is not held up. */
const SLICE_ENTRIES = 256

/** Everything that is written for consecutive entries of a branch: chunks, places, index rows. */
export function writesOf(entries: readonly Entry[], slot: Slot): Write[] {
  const writes: Write[] = []
  for (const made of chunkedWrites(entries, slot)) writes.push(...made.writes)
  return writes
}

/** As `writesOf`; the loop is left to others now and then. The runs that gossip sends are made in one go. */
export async function writesInSlices(entries: readonly Entry[], slot: Slot): Promise<Write[]> {
  const writes: Write[] = []
  let room = SLICE_ENTRIES
  for (const made of chunkedWrites(entries, slot)) {
    writes.push(...made.writes)
    room -= made.size
    if (room > 0 || made.last) continue
    room = SLICE_ENTRIES
    await new Promise((resolve) => setImmediate(resolve))
  }
  return writes
}

/** What is written for one chunk after another. */
function* chunkedWrites(
  entries: readonly Entry[],
  { feed, branch, count }: Slot,
): Generator<{ readonly writes: readonly Write[]; readonly size: number; readonly last: boolean }> {
  let left = entries.length
  for (const chunk of cutChunks(entries)) {
    left -= chunk.length
    const writes = chunkWrites(chunk, { feed, branch, count: count - left })
    yield { writes, size: chunk.length, last: left === 0 }
  }
}

function chunkWrites(entries: readonly Entry[], slot: Slot): Write[] {
  const { feed, branch, count } = slot
  const last = entries.at(-1)
  if (!last) return []
  const bytes = entries.map((entry) => entry.bytes)
  const writes: Write[] = [
    { type: 'put', key: chunkKey(feed, branch, last.comparable), value: chunkValue(bytes, count) },
  ]
  for (const entry of entries)
    writes.push({ type: 'put', key: placeKey(hashOf(entry)), value: placeValue(feed, branch, entry.comparable) })
  for (const { key, value } of indexRowsOf(entries, feed, branch)) writes.push({ type: 'put', key, value })
  return writes
}

/** What undoes the writes of one chunk, given all of its entries. */
export function deletesOf(entries: readonly Entry[], feed: number, branch: number): Write[] {
  const last = entries.at(-1)
  if (!last) return []
  const rows = indexRowsOf(entries, feed, branch)
  const keys = [chunkKey(feed, branch, last.comparable), ...entries.map((entry) => placeKey(hashOf(entry)))]
  return [...keys, ...rows.map(({ key }) => key)].map((key) => ({ type: 'del', key }))
}

/**
 * What puts chunks that follow on one another together in one; `count` as of the last. The places of their entries stay
 * as they are.
 */
export function mergeWrites(chunks: readonly (readonly Entry[])[], slot: Slot): Write[] {
  const { feed, branch } = slot
  const placed = (write: Write): boolean => write.key[0] !== PLACE
  const gone = chunks.flatMap((entries) => deletesOf(entries, feed, branch)).filter(placed)
  return [...gone, ...chunkWrites(chunks.flat(), slot).filter(placed)]
}

/** The index rows of one chunk. An `again` is listed as what it publishes again, time and all. */
export function indexRowsOf(entries: readonly Entry[], feed: number, branch: number): IndexRow[] {
  const last = entries.at(-1)
  if (!last) return []
  const lists = new Lists()
  for (const entry of entries) list(lists, entry, feed)
  const at = { feed, branch, last: last.comparable }
  const rows: IndexRow[] = []
  for (const { prefixes, items } of lists.all())
    for (const row of withinSpan(items)) {
      const value = indexValue(row)
      const [{ counts, comparable: newest } = { counts: 0, comparable: 0 }] = row
      for (const prefix of prefixes) rows.push({ key: indexKey(prefix, counts, at), value, newest })
    }
  return rows
}

/** What indexes list of a chunk: the same items under each prefix. */
interface List {
  readonly prefixes: readonly Uint8Array[]
  readonly items: Item[]
}
type Kind = 'type' | 'jam' | 'generator' | 'edge' | 'original'

/** The lists of one chunk, by what they are of. */
class Lists {
  readonly #lists: Readonly<Record<Kind, Map<string, List>>> = {
    type: new Map(),
    jam: new Map(),
    generator: new Map(),
    edge: new Map(),
    original: new Map(),
  }

  add(kind: Kind, name: string, item: Item, prefixesOf: () => readonly (Uint8Array | undefined)[]): void {
    const lists = this.#lists[kind]
    let list = lists.get(name)
    if (!list) {
      list = { prefixes: prefixesOf().filter((prefix) => prefix !== undefined), items: [] }
      lists.set(name, list)
    }
    list.items.push(item)
  }

  *all(): Generator<List> {
    for (const lists of Object.values(this.#lists)) yield* lists.values()
  }
}

function list(lists: Lists, entry: Entry, feed: number): void {
  const { comparable } = entry
  const type = typeOf(entry)
  // Most entries are listed without their payload being parsed.
  if (type === 'again') {
    listAgain(lists, entry, feed)
    return
  }
  const item: Item = { counts: comparable, comparable }
  listType(lists, item, feed, type)
  const jam = jamOf(entry)
  if (jam !== undefined) listJam(lists, item, jam)
  if (PARSED.has(type) && typeof entry.payload !== 'string') listNamed(lists, item, feed, entry.payload)
}

/** Types whose payloads say more that is listed. */
const PARSED: ReadonlySet<string> = new Set(['generator', 'follow', 'block'])

function listAgain(lists: Lists, entry: Entry, feed: number): void {
  const { key, comparable: counts, payload } = standsFor(entry)
  const item: Item = { counts, comparable: entry.comparable }
  listType(lists, item, feed, typeof payload === 'string' ? BOXED : payload.type)
  if (key !== entry.key) lists.add('original', key, item, () => [prefixes.original(key)])
  if (typeof payload === 'string') return
  const { jam } = payload
  if (typeof jam === 'string') listJam(lists, item, jam)
  listNamed(lists, item, feed, payload)
}

function listType(lists: Lists, item: Item, feed: number, type: string): void {
  lists.add('type', type, item, () => [prefixes.type(type), prefixes.feedAndType(feed, type)])
}

function listJam(lists: Lists, item: Item, jam: string): void {
  lists.add('jam', jam, item, () => [isJamId(jam) ? prefixes.jam(jam) : undefined])
}

function listNamed(lists: Lists, item: Item, feed: number, payload: Exclude<Payload, string>): void {
  const { type, name, identity } = payload
  if (type === 'generator' && isName(name)) lists.add('generator', name, item, () => [prefixes.generator(feed, name)])
  if ((type === 'follow' || type === 'block') && isPlayerId(identity))
    lists.add('edge', identity, item, () => [prefixes.edge(identity)])
}

/**
 * The items of one list, newest first, in as many rows as it takes for none to span more than `ROW_SPAN`. They come as
 * the entries follow on one another, so only an `again` stands where it has to be moved from.
 */
function withinSpan(items: readonly Item[]): Item[][] {
  const newest = items.toReversed()
  if (newest.some((item, i) => i > 0 && newestFirst(newest[i - 1] ?? item, item) > 0)) newest.sort(newestFirst)
  const rows: Item[][] = []
  let from = 0
  for (let at = 1; at <= newest.length; at++) {
    if (at < newest.length && (newest[from]?.counts ?? 0) - (newest[at]?.counts ?? 0) <= ROW_SPAN) continue
    rows.push(newest.slice(from, at))
    from = at
  }
  return rows
}
const newestFirst = (a: Item, b: Item): number => b.counts - a.counts || b.comparable - a.comparable
