import { BY_ORIGINAL, BY_TYPE, ENTRY, PLACE } from './layout.ts'
import type { Db } from './level.ts'
import type { Head, Sizes } from './types.ts'

/** What a database offers that can tell how much disk a range takes, as classic-level does. */
interface Measuring {
  approximateSize(start: Uint8Array, end: Uint8Array): Promise<number>
}
const canMeasure = (db: object): db is Measuring => 'approximateSize' in db && typeof db.approximateSize === 'function'

/** Reads every head; what is not yet in tables on disk is not in the bytes. */
export async function measure(db: Db, heads: AsyncIterable<Head>): Promise<Sizes> {
  let feeds = 0
  let entries = 0
  for await (const { count } of heads) {
    feeds++
    entries += count
  }
  if (!canMeasure(db)) return { feeds, entries }
  const between = (from: number, to: number): Promise<number> =>
    db.approximateSize(Uint8Array.of(from), Uint8Array.of(to))
  const [raw, places, indexes] = await Promise.all([
    between(ENTRY, ENTRY + 1),
    between(PLACE, PLACE + 1),
    between(BY_TYPE, BY_ORIGINAL + 1),
  ])
  return { feeds, entries, bytes: { entries: raw, places, indexes } }
}
