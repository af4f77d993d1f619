import { concat, utf8 } from '../base/index.ts'
import type { PlayerId } from '../base/index.ts'
import type { FeedState, Feeds } from './feeds.ts'
import { INDEXES, META, PLACE, after, chunkKey, numberValue, parseNumber, parsePlace, rangeOf } from './layout.ts'
import { parseIndexKey } from './listed.ts'
import { write } from './level.ts'
import type { Db, Write } from './level.ts'

/** Of a feed that is gone, while rows of it are still to be deleted: its number. */
const DISCARD_KEY = concat([Uint8Array.of(META), utf8('discard')])
/** Rows deleted in one batch. */
const BATCH = 1_024

/**
 * Deletes all that is here of a feed, damaged or not: readers see it go in one step. Its rows follow, found by going
 * through every place and index row, since what a damaged chunk listed is not known. Called in the feed's turn, for one
 * feed at a time. Undefined where nothing of it is here.
 * @throws MarmaladeError STORE_WRITE
 */
export async function discardFeed(feeds: Feeds, identity: PlayerId): Promise<FeedState | undefined> {
  const state = await feeds.load(identity)
  if (!state.head) return undefined
  const row: Write = { type: 'put', key: discardKey(state.feed), value: new Uint8Array(0) }
  await feeds.forget(state, [row])
  await deleteRows(feeds.db, state.feed)
  return state
}

/** Deletes what is left of feeds whose deletion was interrupted, before their numbers are given out anew. */
export async function finishDiscards(db: Db): Promise<void> {
  const rows = await db.keys({ gt: DISCARD_KEY, lt: after(DISCARD_KEY) }).all()
  for (const row of rows) await deleteRows(db, parseNumber(row.slice(DISCARD_KEY.length)))
}

const discardKey = (feed: number): Uint8Array => concat([DISCARD_KEY, numberValue(feed)])

async function deleteRows(db: Db, feed: number): Promise<void> {
  await db.clear({ gte: chunkKey(feed, 0, 0), lt: after(chunkKey(feed, 0, 0).subarray(0, 5)) })
  const deleted = new Deleting(db)
  for await (const [key, value] of db.iterator(rangeOf(PLACE)))
    if (parsePlace(value).feed === feed) await deleted.add(key)
  for (const kind of INDEXES)
    for await (const key of db.keys(rangeOf(kind))) if (parseIndexKey(key).feed === feed) await deleted.add(key)
  await deleted.add(discardKey(feed))
  await deleted.end()
}

/** Deletes rows in batches. */
class Deleting {
  readonly #db: Db
  #batch: Write[] = []

  constructor(db: Db) {
    this.#db = db
  }

  async add(key: Uint8Array): Promise<void> {
    this.#batch.push({ type: 'del', key })
    if (this.#batch.length >= BATCH) await this.end()
  }

  async end(): Promise<void> {
    await write(this.#db, this.#batch.splice(0), 'quick')
  }
}
