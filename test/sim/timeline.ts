import type { Millis } from '../../lib/base/index.ts'

interface Planned {
  readonly at: Millis
  readonly order: number
  readonly run: () => void
}

const before = (a: Planned, b: Planned): boolean => a.at < b.at || (a.at === b.at && a.order < b.order)

/** Virtual time: what is planned, earliest first; of one moment in the order in which it was planned. */
export class Timeline {
  now: Millis = 0
  #order = 0
  readonly #heap: Planned[] = []

  /** How many events are planned. */
  get planned(): number {
    return this.#heap.length
  }

  /** How many events have been planned so far. */
  get count(): number {
    return this.#order
  }

  at(time: Millis, run: () => void): void {
    const planned = { at: Math.max(time, this.now), order: this.#order++, run }
    const heap = this.#heap
    let place = heap.length
    heap.push(planned)
    while (place > 0) {
      const above = (place - 1) >> 1
      if (before(heap[above]!, planned)) break
      heap[place] = heap[above]!
      place = above
    }
    heap[place] = planned
  }

  after(delay: Millis, run: () => void): void {
    this.at(this.now + delay, run)
  }

  /** Runs what is planned up to a time; false where nothing is left after it. */
  runUntil(time: Millis): boolean {
    for (let first = this.#heap[0]; first && first.at <= time; first = this.#heap[0]) {
      this.#pop()
      this.now = first.at
      first.run()
    }
    if (this.#heap.length === 0) return false
    this.now = Math.max(this.now, time)
    return true
  }

  #pop(): void {
    const heap = this.#heap
    const last = heap.pop()
    if (!last || heap.length === 0) return
    let place = 0
    while (true) {
      let below = 2 * place + 1
      const left = heap[below]
      if (!left) break
      const right = heap[below + 1]
      let least = left
      if (right && before(right, left)) {
        below++
        least = right
      }
      if (before(last, least)) break
      heap[place] = least
      place = below
    }
    heap[place] = last
  }
}
