import { compareBytes, refusal } from '../base/index.ts'
import type { EntryKey, ErrorCode, Micros, PlayerId } from '../base/index.ts'
import type { Branch } from '../feed/index.ts'
import { hashOf, parseEntry, verifyEntry } from '../entry/index.ts'
import type { Entry, HeadPosition } from '../entry/index.ts'
import { Chunk } from './chunk.ts'
import { readNumbered } from './feeds.ts'
import type { FeedState } from './feeds.ts'
import { HEAD, changedKey, chunkKey, chunksEnd, feedOfKey, numberKey, numberValue, parseChunkKey } from './layout.ts'
import { parseHead, placeKey, placeValue, rangeOf } from './layout.ts'
import type { ReadParts } from './read.ts'
import { chunkAt } from './read.ts'
import { indexRowsOf } from './rows.ts'
import type { Fault, Verified, VerifyOptions } from './types.ts'
import { assertWanted, countRows, findStrays } from './verify-index.ts'

/** Faults that are listed; further ones are counted. */
const MAX_FAULTS = 1_000
/** Entries between reports of progress. */
const STEP = 256

/** One check of everything: what it found so far. */
export interface Check extends ReadParts {
  readonly options: VerifyOptions
  readonly faults: Fault[]
  readonly damaged: Set<PlayerId>
  bad: number
  done: number
  total: number
  /** Index rows that the entries ask for, over all branches. */
  listed: number
}

/**
 * Checks every entry of every branch, of current feeds and of chains that have lost, by its own signature, its key, its
 * place in the chain and its index rows, then that there are no other index rows. Faults carry any code of `parseEntry`,
 * ENTRY_SIGNATURE, FEED_PARENT, FEED_COMPARABLE, STORE_CORRUPT, STORE_HEAD, STORE_INDEX.
 *
 * An entry whose own signature fails may still be authentic, by a later one that commits to it; it is named all the
 * same: scores, exports and play calls do not count it.
 * @throws MarmaladeError CANCELLED
 */
export async function verifyStore(parts: ReadParts, options: VerifyOptions): Promise<Verified> {
  const { db, snapshot } = parts
  const check: Check = { ...parts, options, faults: [], damaged: new Set(), bad: 0, done: 0, total: 0, listed: 0 }
  const range = { ...rangeOf(HEAD), snapshot }
  for await (const value of db.values(range)) check.total += parseHead(value).count
  let feeds = 0
  for await (const key of db.keys(range)) {
    feeds++
    const state = await readNumbered(db, feedOfKey(key), snapshot)
    if (state) await verifyFeed(check, state)
  }
  if ((await countRows(check)) !== check.listed) await findStrays(check, report)
  options.onProgress?.(check.done, Math.max(check.done, check.total))
  return { feeds, entries: check.done, bad: check.bad, faults: check.faults, damaged: [...check.damaged] }
}

export type Report = typeof report
function report(check: Check, identity: PlayerId, code: ErrorCode, message: string, at?: Micros, key?: EntryKey): void {
  check.bad++
  // An entry whose own signature fails may be authentic by a later one: whoever sends it sends the same.
  if (code !== 'ENTRY_SIGNATURE') check.damaged.add(identity)
  if (check.faults.length >= MAX_FAULTS) return
  const where = { ...(at === undefined ? {} : { comparable: at }), ...(key ? { key } : {}) }
  check.faults.push({ identity, ...refusal(code, message), ...where })
}

/** The entry before the next one: undefined where it is damaged, null at the start of a chain. */
type Before = HeadPosition | null | undefined

/** What the checks of one branch carry from entry to entry. */
interface Walk {
  readonly state: FeedState
  readonly branch: number
  before: Before
  count: number
}

async function verifyFeed(check: Check, state: FeedState): Promise<void> {
  const { identity, feed, head, sequence } = state
  const rows = await check.db.getMany([numberKey(identity), changedKey(sequence)], { snapshot: check.snapshot })
  if (rows.some((row) => !row || compareBytes(row, numberValue(feed)) !== 0))
    report(check, identity, 'STORE_INDEX', 'the rows that lead to the feed do not')
  // A branch has a higher number than the one that it hangs on.
  for (const branch of [...state.branches.values()].sort((a, b) => a.id - b.id)) {
    const walk: Walk = { state, branch: branch.id, ...(await startOf(check, feed, branch)) }
    if (branch.id !== head?.branch) check.total += Math.max(0, branch.count - walk.count)
    await verifyBranch(check, walk)
    const { before, count } = walk
    const stands = before?.key === branch.tail.key && before.comparable === branch.tail.comparable
    if (branch.state !== 'dropping' && (!stands || count !== branch.count))
      report(check, identity, 'STORE_HEAD', `a head says ${branch.count} entries, there are ${count}`)
  }
}

/** The entry that a branch hangs on, and how many its chain has up to it. */
async function startOf(check: Check, feed: number, { parent, at }: Branch): Promise<Pick<Walk, 'before' | 'count'>> {
  if (parent === undefined) return { before: null, count: 0 }
  const found = await chunkAt(check, { feed, branch: parent, comparable: at }).catch(() => undefined)
  const index = found?.chunk.find(at) ?? -1
  const parsed = found && index >= 0 ? parseEntry(found.chunk.bytesAt(index), check.crypto) : undefined
  return { before: parsed?.ok ? parsed.entry : undefined, count: found && index >= 0 ? found.chunk.countAt(index) : 0 }
}

async function verifyBranch(check: Check, walk: Walk): Promise<void> {
  const { feed, identity } = walk.state
  const { branch } = walk
  const range = { gte: chunkKey(feed, branch, 0), lte: chunksEnd(feed, branch), snapshot: check.snapshot }
  for await (const [key, value] of check.db.iterator(range)) {
    const { last } = parseChunkKey(key)
    const chunk = Chunk.parse(value)
    if (chunk) {
      await verifyChunk(check, walk, chunk, last)
      continue
    }
    walk.before = undefined
    report(check, identity, 'STORE_CORRUPT', 'a chunk of entries is damaged', last)
  }
}

async function verifyChunk(check: Check, walk: Walk, chunk: Chunk, last: Micros): Promise<void> {
  const { feed, identity } = walk.state
  const entries: Entry[] = []
  for (let i = 0; i < chunk.size; i++) {
    assertWanted(check.options)
    const entry = verifyOne(check, walk, chunk.bytesAt(i))
    if (entry) entries.push(entry)
    if (++check.done % STEP === 0) check.options.onProgress?.(check.done, Math.max(check.done, check.total))
  }
  if (entries.at(-1)?.comparable !== last || chunk.count !== walk.count)
    report(check, identity, 'STORE_CORRUPT', 'entries lie where others belong', last)
  await verifyPlaces(check, walk, entries)
  await verifyListed(check, walk, entries, feed)
}

function verifyOne(check: Check, walk: Walk, bytes: Uint8Array): Entry | undefined {
  const { identity } = walk.state
  walk.count++
  const parsed = parseEntry(bytes, check.crypto)
  if (!parsed.ok) {
    report(check, identity, parsed.code, parsed.message, walk.before?.comparable)
    walk.before = undefined
    return undefined
  }
  const { entry } = parsed
  const { before } = walk
  const fault = (code: ErrorCode, message: string): void =>
    report(check, identity, code, message, entry.comparable, entry.key)
  if (entry.identity !== identity) fault('STORE_CORRUPT', 'the entry lies where another one belongs')
  if (!verifyEntry(entry, check.crypto)) fault('ENTRY_SIGNATURE', 'its own signature does not verify')
  if (before === undefined || entry.parent !== (before?.key ?? null))
    fault('FEED_PARENT', 'its parent is not the entry before it')
  if (before && entry.comparable <= before.comparable)
    fault('FEED_COMPARABLE', 'its comparable is not above that of the entry before it')
  walk.before = entry
  return entry
}

async function verifyPlaces(check: Check, { state, branch }: Walk, entries: readonly Entry[]): Promise<void> {
  const keys = entries.map((entry) => placeKey(hashOf(entry)))
  const places = await check.db.getMany(keys, { snapshot: check.snapshot })
  for (const [i, { comparable, key }] of entries.entries()) {
    const place = places[i]
    if (place && compareBytes(place, placeValue(state.feed, branch, comparable)) === 0) continue
    report(check, state.identity, 'STORE_INDEX', 'its key does not lead to it', comparable, key)
  }
}

async function verifyListed(check: Check, walk: Walk, entries: readonly Entry[], feed: number): Promise<void> {
  const rows = indexRowsOf(entries, feed, walk.branch)
  check.listed += rows.length
  const found = await check.db.getMany(
    rows.map(({ key }) => key),
    { snapshot: check.snapshot },
  )
  for (const [i, { value, newest }] of rows.entries()) {
    const there = found[i]
    if (there && compareBytes(there, value) === 0) continue
    const entry = entries.find(({ comparable }) => comparable === newest)
    report(check, walk.state.identity, 'STORE_INDEX', 'an index does not list it', newest, entry?.key)
  }
}
