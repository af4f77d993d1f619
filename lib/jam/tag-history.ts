import type { Frames } from '../base/index.ts'
import { Heap } from './heap.ts'
import type { TagValue } from './types.ts'

/** Points remembered under a path, and by a handle. Part of engine 1; a power of two. */
export const HISTORY = 256

/** What arrays begin with: most paths are set a few times. */
const ROOM = 8

/**
 * The last 256 points of a path or of what a handle reads, one a frame: of several for one frame the newest. Numbers
 * alone: a text is remembered as NaN, so that memory stays bounded. Points come in the order in which they hold.
 */
export class TagHistory {
  #frames: Float64Array
  #values: Float64Array
  #orders: Float64Array
  #total = 0

  /** @param room points for which there is room at once: all 256, where adding one may never allocate */
  constructor(room: typeof HISTORY | typeof ROOM = ROOM) {
    this.#frames = new Float64Array(room)
    this.#values = new Float64Array(room)
    this.#orders = new Float64Array(room)
  }

  /** Points that are remembered. */
  get count(): number {
    return Math.min(this.#total, HISTORY)
  }

  /** @param order grows from point to point over all paths of a board */
  add(frame: Frames, value: TagValue, order: number): void {
    if (this.#total > 0 && this.frame(0) === frame) this.#total--
    else if (this.#total === this.#frames.length && this.#total < HISTORY) this.#grow()
    const at = this.#total++ & (this.#frames.length - 1)
    this.#frames[at] = frame
    this.#values[at] = typeof value === 'number' ? value : NaN
    this.#orders[at] = order
  }

  /** Frame of the point so many before the newest; NaN beyond what is remembered. */
  frame(back: number): Frames {
    return this.#read(this.#frames, back)
  }

  value(back: number): number {
    return this.#read(this.#values, back)
  }

  order(back: number): number {
    return this.#read(this.#orders, back)
  }

  /** The value that held at a frame; NaN where that is not remembered, or was a text. */
  at(frame: Frames): number {
    let newest = 0
    let beyond = this.count
    while (newest < beyond) {
      const middle = (newest + beyond) >> 1
      if (this.frame(middle) <= frame) beyond = middle
      else newest = middle + 1
    }
    return Number.isNaN(frame) ? NaN : this.value(newest)
  }

  #read(column: Float64Array, back: number): number {
    if (back < 0 || back >= this.count) return NaN
    return column[(this.#total - 1 - back) & (column.length - 1)] ?? NaN
  }

  #grow(): void {
    const wider = (column: Float64Array): Float64Array => {
      const wide = new Float64Array(2 * column.length)
      wide.set(column)
      return wide
    }
    this.#frames = wider(this.#frames)
    this.#values = wider(this.#values)
    this.#orders = wider(this.#orders)
  }
}

/** A history of its own for who reads several paths at once: what it had come to, had it been kept from the first point on. */
export function mergedHistory(histories: readonly TagHistory[]): TagHistory {
  const newest = new Heap<{ readonly of: TagHistory; back: number; order: number }>((a, b) => b.order - a.order)
  for (const of of histories) if (of.count > 0) newest.push({ of, back: 0, order: of.order(0) })
  const points: { readonly frame: Frames; readonly value: number; readonly order: number }[] = []
  for (let next = newest.pop(); next && points.length < HISTORY; next = newest.pop()) {
    const { of, back, order } = next
    const frame = of.frame(back)
    if (points.at(-1)?.frame !== frame) points.push({ frame, value: of.value(back), order })
    if (back + 1 < of.count) newest.push({ of, back: back + 1, order: of.order(back + 1) })
  }
  const merged = new TagHistory(HISTORY)
  for (const { frame, value, order } of points.reverse()) merged.add(frame, value, order)
  return merged
}
