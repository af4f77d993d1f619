import type { JamId, PlayerId } from '../base/index.ts'
import { forkIn } from './fork.ts'
import type { Fork } from './fork.ts'
import type { StartItem } from './items.ts'
import { comparePublished, insertSorted } from './order.ts'

/** How a jam begins: asked for with every entry that might be of it, so it is not made anew with every action. */
export class Beginning {
  readonly #jam: JamId
  readonly #starter: PlayerId
  /** The starter's, first published first. */
  #starts: StartItem[] = []
  #fork: { readonly start: StartItem | undefined; readonly fork: Fork | undefined } | undefined

  constructor(jam: JamId, starter: PlayerId) {
    this.#jam = jam
    this.#starter = starter
  }

  index(item: StartItem, by: 1 | -1): void {
    if (item.identity !== this.#starter) return
    if (by === 1) insertSorted(this.#starts, item, comparePublished)
    else this.#starts = this.#starts.filter((start) => start !== item)
  }

  /** The first `start` of the name by (comparable, key). */
  get start(): StartItem | undefined {
    return this.#starts[0]
  }

  /** What the jam begins with, where it was forked. */
  get fork(): Fork | undefined {
    const { start } = this
    if (!this.#fork || this.#fork.start !== start) this.#fork = { start, fork: forkIn(this.#jam, start) }
    return this.#fork.fork
  }
}
