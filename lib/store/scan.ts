import { MarmaladeError, hasCode } from '../base/index.ts'
import type { Micros, PlayerId } from '../base/index.ts'
import { chainOf, holds } from '../feed/index.ts'
import type { Segment } from '../feed/index.ts'
import type { Entry } from '../entry/index.ts'
import type { Told } from './afterwards.ts'
import type { Chunk } from './chunk.ts'
import { readNumbered } from './feeds.ts'
import { after, chunkKey } from './layout.ts'
import { POSITION_BYTES, parseIndexKey, parseIndexValue, positionKey } from './listed.ts'
import type { ChunkSpot } from './listed.ts'
import { chunkOf, entryOf } from './read.ts'
import type { ReadParts } from './read.ts'
import { Window } from './window.ts'
import type { Listed, Order } from './window.ts'

/** Index rows read in one go, at first and at most; feeds whose chains and chunks that one scan remembers. */
const FIRST_ROWS = 4
const MOST_ROWS = 128
const MAX_CHAINS = 1_024
const MAX_CHUNKS = 64

export interface ScanParts extends ReadParts, Partial<Told> {}

/**
 * Entries of current feeds that an index lists, by the comparables by which they count. Index rows are written with
 * the entries of any branch; those of branches that are not the feed are passed over here, so that a changeover
 * changes every index at once.
 *
 * In memory are some thousands of items at most: what an index lists within `ROW_SPAN`, which have to be put in order,
 * is read several times where it is more than that.
 *
 * What cannot be read is passed over and told to `onFault`: one damaged chunk of anybody's feed hides itself alone.
 * @param feed the only one whose entries are wanted
 */
export async function* scanIndex(
  parts: ScanParts,
  prefix: Uint8Array,
  order: Order,
  feed?: number,
): AsyncGenerator<Entry> {
  const chains = new Chains(parts)
  const chunks = new Chunks(parts)
  for await (const { comparable, spot } of itemsOf(parts, prefix, order)) {
    if (feed !== undefined && spot.feed !== feed) continue
    const { identity, chain } = await chains.of(spot.feed)
    if (!holds(chain, spot.branch, comparable)) continue
    const entry = await chunks.entry(spot, comparable).catch((error: unknown) => {
      if (!hasCode(error, 'STORE_CORRUPT')) throw error
      parts.onFault?.(passedOver(error, spot, identity))
      return undefined
    })
    if (entry) yield entry
  }
}

const passedOver = (cause: Error, { last }: ChunkSpot, identity: PlayerId | undefined): MarmaladeError =>
  new MarmaladeError('STORE_CORRUPT', `passed over in ${identity ?? 'a feed'}, up to ${last}: ${cause.message}`, {
    cause,
  })

async function* itemsOf(parts: ReadParts, prefix: Uint8Array, order: Order): AsyncGenerator<Listed> {
  let window = new Window(order)
  for (;;) {
    yield* passOver(parts, prefix, window)
    if (!window.last) return
    window = new Window(order, window.last)
  }
}

/** The items of one pass of a window over an index. */
async function* passOver({ db, snapshot }: ReadParts, prefix: Uint8Array, window: Window): AsyncGenerator<Listed> {
  const { lowest, highest } = window.rows
  const gte = lowest === undefined ? prefix : positionKey(prefix, lowest)
  const lt = highest === undefined ? after(prefix) : positionKey(prefix, highest + 1)
  const rows = db.iterator({ gte, lt, reverse: window.order === 'newest first', snapshot })
  let batch = FIRST_ROWS
  try {
    for (;;) {
      const found = await rows.nextv(batch)
      if (found.length === 0) break
      batch = Math.min(2 * batch, MOST_ROWS)
      const items: Listed[] = []
      let newest: Micros = 0
      for (const [key, value] of found) {
        if (key.length !== prefix.length + POSITION_BYTES) continue
        const spot = parseIndexKey(key)
        newest = spot.highest
        for (const item of parseIndexValue(value, newest)) items.push({ ...item, spot })
      }
      yield* window.take(items, newest)
      if (window.over) return
    }
  } finally {
    await rows.close()
  }
  yield* window.rest()
}

/** Whose feed one is, and its current chain: none where nothing of it is here. */
interface Current {
  readonly identity?: PlayerId
  readonly chain: readonly Segment[]
}

/** The current chains of the feeds that one scan meets. */
class Chains {
  readonly #parts: ReadParts
  readonly #chains = new Map<number, Current>()

  constructor(parts: ReadParts) {
    this.#parts = parts
  }

  async of(feed: number): Promise<Current> {
    const known = this.#chains.get(feed)
    if (known) return known
    const state = await readNumbered(this.#parts.db, feed, this.#parts.snapshot)
    const chain = state?.head ? chainOf(state.branches, state.head.branch) : []
    const current: Current = { ...(state && { identity: state.identity }), chain }
    if (this.#chains.size >= MAX_CHAINS) this.#chains.clear()
    this.#chains.set(feed, current)
    return current
  }
}

/** The chunks that one scan has read last. */
class Chunks {
  readonly #parts: ReadParts
  readonly #chunks = new Map<string, Chunk>()

  constructor(parts: ReadParts) {
    this.#parts = parts
  }

  /** The entry that a row lists. @throws MarmaladeError STORE_CORRUPT */
  async entry(spot: ChunkSpot, comparable: Micros): Promise<Entry> {
    const chunk = await this.#of(spot)
    const index = chunk.find(comparable)
    return entryOf(index < 0 ? undefined : chunk.bytesAt(index), this.#parts.crypto)
  }

  async #of({ feed, branch, last }: ChunkSpot): Promise<Chunk> {
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
