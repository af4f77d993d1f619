import { MarmaladeError, compareBytes, playerIdOf, refusal } from '../base/index.ts'
import type { EntryKey, ErrorCode, Micros, PlayerId } from '../base/index.ts'
import { chainOf } from '../feed/index.ts'
import type { Segment } from '../feed/index.ts'
import { parseEntry, verifyEntry } from '../entry/index.ts'
import type { Entry } from '../entry/index.ts'
import { readFeed } from './feeds.ts'
import type { FeedState } from './feeds.ts'
import {
  HEAD,
  INDEXES,
  entryRow,
  identityOfHeadKey,
  parseEntryRow,
  parseIndexRow,
  placeKey,
  placeValue,
} from './layout.ts'
import { parseHead } from './layout.ts'
import type { ReadParts } from './read.ts'
import { indexRowsOf } from './rows.ts'
import type { Fault, Verified, VerifyOptions } from './types.ts'

/** Faults that are listed; further ones are counted. */
const MAX_FAULTS = 1_000
/** Entries between reports of progress, and index rows looked up in one go. */
const STEP = 256

/** One check of everything: what it found so far. */
interface Check extends ReadParts {
  readonly options: VerifyOptions
  readonly faults: Fault[]
  bad: number
  done: number
  total: number
}

/**
 * Checks every entry of every current feed by its own signature, its key, its place in the chain and its index rows,
 * then that every index row has its entry. Faults carry any code of `parseEntry`, ENTRY_SIGNATURE, FEED_PARENT,
 * FEED_COMPARABLE, STORE_CORRUPT, STORE_HEAD, STORE_INDEX.
 *
 * An entry whose own signature fails may still be authentic, by a later one that commits to it; it is named all the
 * same: scores, exports and play calls do not count it.
 * @throws MarmaladeError CANCELLED
 */
export async function verifyStore(parts: ReadParts, options: VerifyOptions): Promise<Verified> {
  const { db, snapshot } = parts
  const check: Check = { ...parts, options, faults: [], bad: 0, done: 0, total: 0 }
  const range = { gte: Uint8Array.of(HEAD), lt: Uint8Array.of(HEAD + 1), snapshot }
  for await (const value of db.values(range)) check.total += parseHead(value).count
  let feeds = 0
  for await (const key of db.keys(range)) {
    feeds++
    await verifyFeed(check, await readFeed(db, identityOfHeadKey(key), snapshot))
  }
  for (const kind of INDEXES) await verifyIndex(check, kind)
  options.onProgress?.(check.done, check.total)
  return { feeds, entries: check.done, bad: check.bad, faults: check.faults }
}

function report(check: Check, identity: PlayerId, code: ErrorCode, message: string, at?: Micros, key?: EntryKey): void {
  check.bad++
  if (check.faults.length >= MAX_FAULTS) return
  const where = { ...(at === undefined ? {} : { comparable: at }), ...(key ? { key } : {}) }
  check.faults.push({ identity, ...refusal(code, message), ...where })
}

/** What the checks of one feed carry from entry to entry. */
interface Walk {
  readonly state: FeedState
  readonly branch: number
  before: Pick<Entry, 'comparable' | 'key'> | undefined
  count: number
}

async function verifyFeed(check: Check, state: FeedState): Promise<void> {
  const { head, branches, identity } = state
  if (!head) return
  let before: Walk['before']
  let count = 0
  let from: Micros = 0
  for (const segment of chainOf(branches, head.branch)) {
    const walk: Walk = { state, branch: segment.branch, before, count }
    await verifySegment(check, walk, from, segment)
    ;({ before, count } = walk)
    from = segment.until
  }
  if (before?.key !== head.tail.key || before.comparable !== head.tail.comparable || count !== head.count)
    report(check, identity, 'STORE_HEAD', `the head says ${head.count} entries, there are ${count}`)
}

async function verifySegment(check: Check, walk: Walk, from: Micros, { branch, until }: Segment): Promise<void> {
  const { db, snapshot } = check
  const { feed } = walk.state
  const range = { gt: entryRow(feed, branch, from), lte: entryRow(feed, branch, until), snapshot }
  for await (const [row, bytes] of db.iterator(range)) {
    if (check.options.signal?.aborted) throw new MarmaladeError('CANCELLED', 'the check was given up')
    await verifyRow(check, walk, row, bytes)
    if (++check.done % STEP === 0) check.options.onProgress?.(check.done, check.total)
  }
}

async function verifyRow(check: Check, walk: Walk, row: Uint8Array, bytes: Uint8Array): Promise<void> {
  const { identity, feed } = walk.state
  const { comparable } = parseEntryRow(row)
  walk.count++
  const parsed = parseEntry(bytes, check.crypto)
  if (!parsed.ok) {
    walk.before = undefined
    report(check, identity, parsed.code, parsed.message, comparable)
    return
  }
  const { entry } = parsed
  const fault = (code: ErrorCode, message: string): void =>
    report(check, identity, code, message, comparable, entry.key)
  if (entry.identity !== identity || entry.comparable !== comparable)
    fault('STORE_CORRUPT', 'the entry lies where another one belongs')
  if (!verifyEntry(entry, check.crypto)) fault('ENTRY_SIGNATURE', 'its own signature does not verify')
  if (entry.parent !== (walk.before?.key ?? null)) fault('FEED_PARENT', 'its parent is not the entry before it')
  if (walk.before && entry.comparable <= walk.before.comparable)
    fault('FEED_COMPARABLE', 'its comparable is not above that of the entry before it')
  walk.before = entry
  const place = await check.db.get(placeKey(entry.key), { snapshot: check.snapshot })
  const expected = placeValue(feed, walk.branch, comparable, walk.count)
  if (!place || compareBytes(place, expected) !== 0) fault('STORE_INDEX', 'its key does not lead to it')
  const rows = indexRowsOf(entry, feed, walk.branch)
  const found = await check.db.hasMany(rows, { snapshot: check.snapshot })
  if (found.includes(false)) fault('STORE_INDEX', 'an index does not list it')
}

/** Every row of an index lists an entry that is here, in whichever branch, and that belongs under it. */
async function verifyIndex(check: Check, kind: number): Promise<void> {
  const { db, crypto, snapshot } = check
  const rows = db.keys({ gte: Uint8Array.of(kind), lt: Uint8Array.of(kind + 1), snapshot })
  try {
    for (;;) {
      const keys = await rows.nextv(STEP)
      if (keys.length === 0) return
      const places = keys.map(parseIndexRow)
      const found = await db.getMany(
        places.map(({ feed, branch, comparable }) => entryRow(feed, branch, comparable)),
        { snapshot },
      )
      for (const [i, key] of keys.entries()) {
        const place = places[i]
        const bytes = found[i]
        const parsed = bytes && parseEntry(bytes, crypto)
        if (!place || (parsed && !parsed.ok)) continue
        const listed = parsed && indexRowsOf(parsed.entry, place.feed, place.branch)
        if (listed?.some((row) => compareBytes(row, key) === 0)) continue
        report(
          check,
          playerIdOf(place.feed),
          'STORE_INDEX',
          'an index lists an entry that is not here',
          place.comparable,
        )
      }
    }
  } finally {
    await rows.close()
  }
}
