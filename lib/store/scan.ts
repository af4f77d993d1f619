import type { Micros } from '../base/index.ts'
import { chainOf, holds } from '../feed/index.ts'
import type { Segment } from '../feed/index.ts'
import type { Entry } from '../entry/index.ts'
import type { Chunk } from './chunk.ts'
import { readNumbered } from './feeds.ts'
import { after, chunkKey } from './layout.ts'
import { POSITION_BYTES, parseIndexKey, parseIndexValue } from './listed.ts'
import type { ChunkSpot, Item } from './listed.ts'
import { chunkOf, entryOf } from './read.ts'
import type { ReadParts } from './read.ts'
import { ROW_SPAN } from './rows.ts'

/** Index rows read in one go, at first and at most; feeds whose chains and chunks that one scan remembers. */
const FIRST_ROWS = 4
const MOST_ROWS = 256
const MAX_CHAINS = 1_024
const MAX_CHUNKS = 64

export type Order = 'newest first' | 'oldest first'

/** An item and where its entry lies. */
interface Listed extends Item {
  readonly spot: ChunkSpot
}

/**
 * Entries of current feeds that an index lists, by the comparables by which they count. Index rows are written with
 * the entries of any branch; those of branches that are not the feed are passed over here, so that a changeover
 * changes every index at once.
 *
 * Rows lie in the order of their newest items, and their items overlap: what is read waits until no row to come can
 * hold an item before it. Since a row spans at most `ROW_SPAN`, what waits is what an index lists within that time.
 * @param feed the only one whose entries are wanted
 */
export async function* scanIndex(
  parts: ReadParts,
  prefix: Uint8Array,
  order: Order,
  feed?: number,
): AsyncGenerator<Entry> {
  const chains = new Chains(parts)
  const chunks = new Chunks(parts)
  for await (const { comparable, spot } of itemsOf(parts, prefix, order)) {
    if (feed !== undefined && spot.feed !== feed) continue
    if (!holds(await chains.of(spot.feed), spot.branch, comparable)) continue
    const chunk = await chunks.of(spot)
    const index = chunk.find(comparable)
    yield entryOf(index < 0 ? undefined : chunk.bytesAt(index), parts.crypto)
  }
}

async function* itemsOf({ db, snapshot }: ReadParts, prefix: Uint8Array, order: Order): AsyncGenerator<Listed> {
  const reverse = order === 'newest first'
  const rows = db.iterator({ gte: prefix, lt: after(prefix), reverse, snapshot })
  let waiting: Listed[] = []
  let batch = FIRST_ROWS
  try {
    for (;;) {
      const found = await rows.nextv(batch)
      batch = Math.min(2 * batch, MOST_ROWS)
      let newest: Micros = 0
      for (const [key, value] of found) {
        if (key.length !== prefix.length + POSITION_BYTES) continue
        const spot = parseIndexKey(key)
        newest = spot.highest
        for (const item of parseIndexValue(value, newest)) waiting.push({ ...item, spot })
      }
      waiting.sort(reverse ? newestFirst : oldestFirst)
      if (found.length === 0) break
      const settled = reverse
        ? waiting.findIndex(({ counts }) => counts <= newest)
        : waiting.findIndex(({ counts }) => counts >= newest - ROW_SPAN)
      yield* waiting.slice(0, settled < 0 ? undefined : settled)
      waiting = settled < 0 ? [] : waiting.slice(settled)
    }
  } finally {
    await rows.close()
  }
  yield* waiting
}

const oldestFirst = (a: Listed, b: Listed): number =>
  a.counts - b.counts || a.spot.feed - b.spot.feed || a.spot.branch - b.spot.branch || a.comparable - b.comparable
const newestFirst = (a: Listed, b: Listed): number => oldestFirst(b, a)

/** The current chains of the feeds that one scan meets. */
class Chains {
  readonly #parts: ReadParts
  readonly #chains = new Map<number, readonly Segment[]>()

  constructor(parts: ReadParts) {
    this.#parts = parts
  }

  async of(feed: number): Promise<readonly Segment[]> {
    const known = this.#chains.get(feed)
    if (known) return known
    const state = await readNumbered(this.#parts.db, feed, this.#parts.snapshot)
    const chain = state?.head ? chainOf(state.branches, state.head.branch) : []
    if (this.#chains.size >= MAX_CHAINS) this.#chains.clear()
    this.#chains.set(feed, chain)
    return chain
  }
}

/** The chunks that one scan has read last. */
class Chunks {
  readonly #parts: ReadParts
  readonly #chunks = new Map<string, Chunk>()

  constructor(parts: ReadParts) {
    this.#parts = parts
  }

  /** @throws MarmaladeError STORE_CORRUPT */
  async of({ feed, branch, last }: ChunkSpot): Promise<Chunk> {
    const name = `${feed} ${branch} ${last}`
    const { db, snapshot } = this.#parts
    const chunk = this.#chunks.get(name) ?? chunkOf(await db.get(chunkKey(feed, branch, last), { snapshot }))
    this.#chunks.delete(name)
    this.#chunks.set(name, chunk)
    const [oldest] = this.#chunks.keys()
    if (this.#chunks.size > MAX_CHUNKS && oldest !== undefined) this.#chunks.delete(oldest)
    return chunk
  }
}
