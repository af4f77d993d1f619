import { hasCode } from '../base/index.ts'
import type { EntryKey } from '../base/index.ts'
import type { Entry } from '../entry/index.ts'
import { chainOf, holds, standsFor } from '../feed/index.ts'
import type { Segment } from '../feed/index.ts'
import type { FeedState } from './feeds.ts'
import { POSITION_BYTES, parseIndexKey, parseIndexValue } from './listed.ts'
import type { Item } from './listed.ts'
import { after, prefixes } from './layout.ts'
import { entryOf, findAt } from './read.ts'
import type { Found } from './read.ts'
import type { ScanParts } from './scan.ts'

/** Originals whose first `again` is remembered, and index rows read in one go. */
const MAX_KNOWN = 4_096
const STEP = 128

/** Where an entry lies in a feed that is known. */
type Place = Pick<Found, 'branch' | 'comparable'>

/**
 * Which entry of a feed is the first to publish an original again, in the order of the chain, whatever times they claim:
 * that one counts where the original is not there (FEEDS section 3). The index lists them by what they claim, so all that
 * one feed has of one original are looked at, once: where the first still is on the chain, so is all that was before it.
 */
export class FirstAgains {
  readonly #known = new Map<string, Place>()

  /** The first entry of the current chain that publishes `key` again; undefined where none does. What cannot be read is passed over. */
  async of(parts: ScanParts, state: FeedState, key: EntryKey): Promise<Entry | undefined> {
    if (!state.head) return undefined
    const chain = chainOf(state.branches, state.head.branch)
    const name = `${state.feed} ${key}`
    const known = this.#known.get(name)
    if (known && holds(chain, known.branch, known.comparable)) {
      const entry = await againAt(parts, state.feed, known, key)
      if (entry) return entry
    }
    this.#known.delete(name)
    const first = await firstOf(parts, state.feed, chain, key)
    if (!first) return undefined
    this.#known.set(name, first.place)
    const [oldest] = this.#known.keys()
    if (this.#known.size > MAX_KNOWN && oldest !== undefined) this.#known.delete(oldest)
    return first.entry
  }
}

interface First {
  readonly place: Place
  readonly entry: Entry
}

async function firstOf(
  parts: ScanParts,
  feed: number,
  chain: readonly Segment[],
  key: EntryKey,
): Promise<First | undefined> {
  const prefix = prefixes.original(key)
  const rows = parts.db.iterator({ gte: prefix, lt: after(prefix), snapshot: parts.snapshot })
  let first: First | undefined
  try {
    for (let found = await rows.nextv(STEP); found.length > 0; found = await rows.nextv(STEP))
      for (const [row, value] of found) {
        const spot = row.length === prefix.length + POSITION_BYTES ? parseIndexKey(row) : undefined
        if (spot?.feed !== feed) continue
        const { branch } = spot
        const before = first?.place.comparable ?? Infinity
        const items = parseIndexValue(value, spot.highest).sort(byOwnTime)
        for (const { comparable } of items) {
          if (comparable >= before) break
          if (!holds(chain, branch, comparable)) continue
          const entry = await againAt(parts, feed, { branch, comparable }, key)
          if (!entry) continue
          first = { place: { branch, comparable }, entry }
          break
        }
      }
  } finally {
    await rows.close()
  }
  return first
}

const byOwnTime = (a: Item, b: Item): number => a.comparable - b.comparable

/** The entry that lies there, if it publishes `key` again and can be read. */
async function againAt(
  parts: ScanParts,
  feed: number,
  { branch, comparable }: Place,
  key: EntryKey,
): Promise<Entry | undefined> {
  try {
    const found = await findAt(parts, { feed, branch, comparable })
    const entry = found && entryOf(found.bytes, parts.crypto)
    return entry && standsFor(entry).key === key ? entry : undefined
  } catch (error) {
    if (!hasCode(error, 'STORE_CORRUPT')) throw error
    parts.onFault?.(error)
    return undefined
  }
}
