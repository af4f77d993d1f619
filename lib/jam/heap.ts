/** A binary heap: the least item by `compare` comes out first. Items that compare equal come out in any order. */
export class Heap<T> {
  readonly #items: T[] = []
  readonly #compare: (a: T, b: T) => number

  constructor(compare: (a: T, b: T) => number) {
    this.#compare = compare
  }

  get size(): number {
    return this.#items.length
  }

  /** The least item, left where it is. */
  peek(): T | undefined {
    return this.#items[0]
  }

  /** Lets everything go that does not pass. */
  keep(passes: (item: T) => boolean): void {
    const kept = this.#items.filter(passes)
    this.#items.length = 0
    for (const item of kept) this.push(item)
  }

  /** The items in their order, left where they are: costs as much as is asked for, however many there are. */
  *inOrder(): Generator<T, void> {
    const items = this.#items
    const places = new Heap<number>((a, b) => this.#compare(items[a] as T, items[b] as T))
    if (items.length > 0) places.push(0)
    for (let at = places.pop(); at !== undefined; at = places.pop()) {
      yield items[at] as T
      for (const child of [2 * at + 1, 2 * at + 2]) if (child < items.length) places.push(child)
    }
  }

  push(item: T): void {
    const items = this.#items
    let at = items.push(item) - 1
    while (at > 0) {
      const parent = (at - 1) >> 1
      if (this.#compare(items[parent] as T, item) <= 0) break
      items[at] = items[parent] as T
      at = parent
    }
    items[at] = item
  }

  pop(): T | undefined {
    const items = this.#items
    const top = items[0]
    const last = items.pop()
    if (items.length > 0 && last !== undefined) this.#sink(last)
    return top
  }

  /** Puts an item in at the root and lets it sink to its place. */
  #sink(item: T): void {
    const items = this.#items
    let at = 0
    for (;;) {
      let child = 2 * at + 1
      if (child >= items.length) break
      if (child + 1 < items.length && this.#compare(items[child + 1] as T, items[child] as T) < 0) child++
      if (this.#compare(item, items[child] as T) <= 0) break
      items[at] = items[child] as T
      at = child
    }
    items[at] = item
  }
}
