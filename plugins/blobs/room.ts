import type { BlobId, Millis } from '../../lib/base/index.ts'
import type { BlobStore } from '../../lib/blobs/index.ts'
import type { Time } from './time.ts'

/** A count of what is here holds so long. */
const COUNT_HOLDS: Millis = 60_000

/** Room that is kept free for a blob on its way. */
export interface Reservation {
  /** Gives back what has not been filled. Idempotent. */
  release(): void
}

interface Held {
  readonly blob: BlobId
  bytes: number
}

/** How many blobs and bytes are here, and how many bytes are promised to blobs on their way. */
export class Room {
  readonly #store: BlobStore
  readonly #time: Time
  readonly #held = new Set<Held>()
  readonly #freed: () => void
  readonly #undo: readonly (() => void)[]
  #counted: { blobs: number; bytes: number; readonly at: Millis } | undefined
  #counting: Promise<{ blobs: number; bytes: number }> | undefined

  /** `freed` is called whenever there may be more room than before. */
  constructor(store: BlobStore, time: Time, freed: () => void) {
    this.#store = store
    this.#time = time
    this.#freed = freed
    this.#undo = [
      store.onAdd(({ id, size }) => this.#came(id, size)),
      store.onRemove(({ size }) => {
        this.#change(-1, -size)
        freed()
      }),
    ]
  }

  /** Bytes that are kept free. */
  get reserved(): number {
    let sum = 0
    for (const { bytes } of this.#held) sum += bytes
    return sum
  }

  /** How many blobs and bytes are here, counted a minute ago at most and kept up since. */
  async usage(): Promise<{ readonly blobs: number; readonly bytes: number }> {
    if (this.#counted && this.#time.now() - this.#counted.at <= COUNT_HOLDS) return this.#counted
    this.#counting ??= this.#count().finally(() => (this.#counting = undefined))
    return this.#counting
  }

  /** Keeps room free until the blob has come, or its reservation is released. */
  hold(blob: BlobId, bytes: number): Reservation {
    const held = { blob, bytes }
    this.#held.add(held)
    return {
      release: () => {
        if (this.#held.delete(held) && held.bytes > 0) this.#freed()
      },
    }
  }

  close(): void {
    for (const undo of this.#undo) undo()
  }

  async #count(): Promise<{ blobs: number; bytes: number }> {
    // What comes or goes meanwhile may be counted twice or not at all: so it is until the next count.
    const counted = { blobs: 0, bytes: 0, at: this.#time.now() }
    for await (const { size } of this.#store.list()) {
      counted.blobs++
      counted.bytes += size
    }
    this.#counted = counted
    return counted
  }

  #came(id: BlobId, size: number): void {
    this.#change(1, size)
    // The room was kept for these very bytes.
    for (const held of this.#held) if (held.blob === id) held.bytes = 0
  }

  #change(blobs: number, bytes: number): void {
    if (!this.#counted) return
    this.#counted.blobs += blobs
    this.#counted.bytes += bytes
  }
}
