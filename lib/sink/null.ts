import type { Sink } from './types.ts'

/** Takes everything and keeps nothing; the pump paces it like a card. */
export class NullSink implements Sink {
  readonly name = 'null'
  readonly lateness = 'skip'

  async open(): Promise<void> {
    return Promise.resolve()
  }

  async write(): Promise<void> {
    return Promise.resolve()
  }

  async close(): Promise<void> {
    return Promise.resolve()
  }
}
