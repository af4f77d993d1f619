import type { Millis } from '../base/index.ts'

/** What counts of a quantum: the rest is of the 64 before it, so that all but a third is forgotten after 171 ms. */
const NEW = 1 / 64

/** What the quanta of one group take of late. */
export class Load {
  readonly #now: () => Millis
  #began: Millis = 0
  /** Milliseconds a quantum. */
  recent: Millis = 0

  constructor(now: () => Millis) {
    this.#now = now
  }

  begin(): void {
    this.#began = this.#now()
  }

  end(): void {
    this.recent += (this.#now() - this.#began - this.recent) * NEW
  }
}
