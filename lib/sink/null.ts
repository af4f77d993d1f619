import { MarmaladeError } from '../base/index.ts'
import type { Sink } from './types.ts'

/** Takes everything and keeps nothing; the pump paces it like a card. */
export class NullSink implements Sink {
  readonly name = 'null'
  readonly lateness = 'skip'
  #open = false

  async open(): Promise<void> {
    this.#open = true
  }

  async write(): Promise<void> {
    if (!this.#open) throw new MarmaladeError('SINK_LOST', 'null is not open')
  }

  async close(): Promise<void> {
    this.#open = false
  }
}
