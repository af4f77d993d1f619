import type { EntryKey, PlayerId } from '../base/index.ts'
import type { Entry } from '../entry/index.ts'

const MAX_FEEDS = 256
const MAX_BYTES = 16 * 1_048_576

/** Entries that no signature verifies yet, after the last authentic one (null: at the start of a chain). */
export interface Tail {
  readonly after: EntryKey | null
  readonly entries: readonly Entry[]
}

/**
 * Tails that wait for a signature, the latest of each feed, in memory: anyone can make them, so they take no disk, and
 * whoever has the entries sends them again. When there are too many, those longest untouched go.
 */
export class Waiting {
  readonly #tails = new Map<PlayerId, Tail>()
  #bytes = 0

  get(identity: PlayerId): Tail | undefined {
    return this.#tails.get(identity)
  }

  /** Replaces the feed's tail; none where there are no entries. */
  set(identity: PlayerId, tail: Tail): void {
    this.delete(identity)
    if (tail.entries.length === 0) return
    this.#tails.set(identity, tail)
    this.#bytes += sizeOf(tail)
    for (const oldest of this.#tails.keys()) {
      if (this.#tails.size <= MAX_FEEDS && this.#bytes <= MAX_BYTES) return
      this.delete(oldest)
    }
  }

  delete(identity: PlayerId): void {
    const tail = this.#tails.get(identity)
    if (!tail) return
    this.#tails.delete(identity)
    this.#bytes -= sizeOf(tail)
  }
}

const sizeOf = (tail: Tail): number => tail.entries.reduce((sum, entry) => sum + entry.bytes.length, 0)
