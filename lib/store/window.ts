import type { Micros } from '../base/index.ts'
import type { ChunkSpot, Item } from './listed.ts'
import { ROW_SPAN } from './rows.ts'

/** Items that wait at most, apart from those of the rows read last. */
export const MAX_WAITING = 8_192

export type Order = 'newest first' | 'oldest first'

/** An item and where its entry lies. */
export interface Listed extends Item {
  readonly spot: ChunkSpot
}

const oldestFirst = (a: Listed, b: Listed): number =>
  a.counts - b.counts || a.spot.feed - b.spot.feed || a.spot.branch - b.spot.branch || a.comparable - b.comparable
const ORDERS: Readonly<Record<Order, (a: Listed, b: Listed) => number>> = {
  'oldest first': oldestFirst,
  'newest first': (a, b) => oldestFirst(b, a),
}

/**
 * Brings the items of one pass over an index into their order. Rows lie by their newest items and may overlap, each by
 * at most `ROW_SPAN`: an item waits until no row to come can hold one before it. Where too many wait, the last ones are
 * left out, and a further pass begins after `last`.
 */
export class Window {
  /** The last item of this pass, once some were left out. */
  last: Listed | undefined
  readonly order: Order
  readonly #after: Listed | undefined
  #waiting: Listed[] = []

  /** @param after the last item of the pass before */
  constructor(order: Order, after?: Listed) {
    this.order = order
    this.#after = after
  }

  /** The highest and lowest comparable of rows in which there may be items of this pass. */
  get rows(): { readonly highest?: Micros; readonly lowest?: Micros } {
    if (!this.#after) return {}
    const { counts } = this.#after
    return this.order === 'oldest first' ? { lowest: counts } : { highest: counts + ROW_SPAN }
  }

  /** Whether the pass is over, though there are more rows. */
  get over(): boolean {
    return this.last !== undefined && this.#waiting.length === 0
  }

  /** Takes the items of the next rows; gives those before which none can come: `newest` is that of the last row. */
  take(items: readonly Listed[], newest: Micros): Listed[] {
    const compare = ORDERS[this.order]
    for (const item of items) {
      if (this.#after && compare(item, this.#after) <= 0) continue
      if (this.last && compare(item, this.last) > 0) continue
      this.#waiting.push(item)
    }
    this.#waiting.sort(compare)
    if (this.#waiting.length > MAX_WAITING) {
      this.#waiting.length = MAX_WAITING
      this.last = this.#waiting.at(-1)
    }
    const waits =
      this.order === 'oldest first'
        ? this.#waiting.findIndex(({ counts }) => counts >= newest - ROW_SPAN)
        : this.#waiting.findIndex(({ counts }) => counts <= newest)
    return this.#waiting.splice(0, waits < 0 ? this.#waiting.length : waits)
  }

  /** What waits when there are no more rows. */
  rest(): Listed[] {
    return this.#waiting.splice(0)
  }
}
