import { chainOf } from '../feed/index.ts'
import { readNumbered } from './feeds.ts'
import {
  BY_ORIGINAL,
  BY_TYPE,
  CHUNK,
  HEAD,
  PLACE,
  SHAPE,
  chunkKey,
  chunksEnd,
  feedOfKey,
  parseHead,
  rangeOf,
} from './layout.ts'
import type { Db } from './level.ts'
import type { Sizes } from './types.ts'

/** What a database offers that can tell how much disk a range takes, as classic-level does. */
interface Measuring {
  approximateSize(start: Uint8Array, end: Uint8Array): Promise<number>
}
const canMeasure = (db: object): db is Measuring => 'approximateSize' in db && typeof db.approximateSize === 'function'

/** Reads every head; what is not yet in tables on disk is not in the bytes. */
export async function measure(db: Db): Promise<Sizes> {
  let feeds = 0
  let entries = 0
  for await (const value of db.values(rangeOf(HEAD))) {
    feeds++
    entries += parseHead(value).count
  }
  const losing = await losingBranches(db)
  if (!canMeasure(db)) return { feeds, entries, losing: losing.length }
  const between = (from: Uint8Array, to: Uint8Array): Promise<number> => db.approximateSize(from, to)
  const [raw, places, indexes, ...lost] = await Promise.all([
    between(Uint8Array.of(CHUNK), Uint8Array.of(CHUNK + 1)),
    between(Uint8Array.of(PLACE), Uint8Array.of(PLACE + 1)),
    between(Uint8Array.of(BY_TYPE), Uint8Array.of(BY_ORIGINAL + 1)),
    ...losing.map(({ feed, branch }) => between(chunkKey(feed, branch, 0), chunksEnd(feed, branch))),
  ])
  const gone = lost.reduce((sum, bytes) => sum + bytes, 0)
  return {
    feeds,
    entries,
    losing: losing.length,
    bytes: { entries: Math.max(0, raw - gone), losing: gone, places, indexes },
  }
}

/** Branches that no current chain goes through; only feeds with a shape have any. */
async function losingBranches(db: Db): Promise<{ feed: number; branch: number }[]> {
  const losing: { feed: number; branch: number }[] = []
  for await (const key of db.keys(rangeOf(SHAPE))) {
    const feed = feedOfKey(key)
    const state = await readNumbered(db, feed)
    if (!state?.head) continue
    const current = new Set(chainOf(state.branches, state.head.branch).map(({ branch }) => branch))
    for (const branch of state.branches.keys()) if (!current.has(branch)) losing.push({ feed, branch })
  }
  return losing
}
