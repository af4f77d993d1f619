import { MarmaladeError } from '../../base/index.ts'
import { Arrived } from './values.ts'
import { WINDOW } from './credit.ts'

/**
 * Items that have arrived and were not taken yet: one reader, in order. Bounded: a sender that ignores its credit is
 * failed with STREAM_OVERRUN.
 */
export class Inbox {
  #items: Arrived[] = []
  #held = 0
  #end: true | MarmaladeError | undefined
  #wake: (() => void) | undefined
  readonly #onTaken: (weight: number) => void

  /** @param onTaken told the weight of each item as the reader takes it */
  constructor(onTaken: (weight: number) => void) {
    this.#onTaken = onTaken
  }

  /** Whether there was room; where not, the inbox has failed. After its end items are dropped. */
  put(item: unknown): boolean {
    if (this.#end !== undefined) return true
    const arrived = item instanceof Arrived ? item : new Arrived(item, 0)
    this.#held += arrived.weight
    if (this.#held > 2 * WINDOW) {
      this.fail(new MarmaladeError('STREAM_OVERRUN', 'the other side sent more than it had credit for'))
      return false
    }
    this.#items.push(arrived)
    this.#wake?.()
    return true
  }

  /** No more will come; what is there can still be taken. */
  end(): void {
    this.#end ??= true
    this.#wake?.()
  }
  /** Ends with an error after what is there has been taken. */
  fail(error: MarmaladeError): void {
    this.#end ??= error
    this.#wake?.()
  }
  /** Drops what is there: nobody reads on. */
  drop(): void {
    this.#items = []
    this.end()
  }

  /** The next item, or undefined at the end. @throws MarmaladeError what `fail` was given */
  async next(): Promise<Arrived | undefined> {
    for (;;) {
      const item = this.#items.shift()
      if (item) {
        this.#held -= item.weight
        this.#onTaken(item.weight)
        return item
      }
      if (this.#end === true) return undefined
      if (this.#end) throw this.#end
      await new Promise<void>((resolve) => (this.#wake = resolve))
      this.#wake = undefined
    }
  }
}
