import { hasCode } from '../base/index.ts'
import type { BlobId } from '../base/index.ts'
import type { PartialBlob } from './partial.ts'
import type { BlobStore } from './store.ts'
import type { BlobEffect, BlobEvent } from './types.ts'

type DiskEffect = Extract<BlobEffect, { type: 'open' | 'write' | 'finish' | 'discard' | 'shelve' }>
type Timeless<E> = E extends BlobEvent ? Omit<E, 'now'> : never

interface Collaborators {
  step(event: Timeless<BlobEvent>): void
  onFault(cause: unknown): void
}

/** Blobs being written: what is to be done with one is done in order. */
export class Incoming {
  readonly #store: BlobStore
  readonly #collaborators: Collaborators
  readonly #open = new Map<BlobId, PartialBlob>()
  readonly #jobs = new Map<BlobId, Promise<void>>()

  constructor(store: BlobStore, collaborators: Collaborators) {
    this.#store = store
    this.#collaborators = collaborators
  }

  perform(effect: DiskEffect): void {
    const { blob } = effect
    const job = (this.#jobs.get(blob) ?? Promise.resolve()).then(async () => {
      try {
        await this.#do(effect)
      } catch (cause) {
        this.#collaborators.onFault(cause)
        this.#collaborators.step({ type: 'broken', blob })
      }
    })
    this.#jobs.set(blob, job)
    void job.then(() => {
      if (this.#jobs.get(blob) === job) this.#jobs.delete(blob)
    })
  }

  /** Waits for what is being written and closes it, kept for going on with. */
  async close(): Promise<void> {
    await Promise.all(this.#jobs.values())
    for (const partial of this.#open.values()) await partial.close()
    this.#open.clear()
  }

  async #do(effect: DiskEffect): Promise<void> {
    const { blob, type } = effect
    if (type === 'open') {
      const partial = this.#open.get(blob) ?? (await this.#store.partial(blob))
      this.#open.set(blob, partial)
      this.#collaborators.step({ type: 'opened', blob, offset: partial.size })
      return
    }
    const partial = this.#open.get(blob)
    if (!partial) return
    if (type === 'write') {
      await partial.write(effect.bytes)
      this.#collaborators.step({ type: 'written', blob, bytes: effect.bytes.length })
      return
    }
    this.#open.delete(blob)
    if (type === 'discard') await partial.discard()
    else if (type === 'shelve') await partial.close()
    else this.#collaborators.step({ type: 'finished', blob, whole: await this.#keep(partial, blob) })
  }

  async #keep(partial: PartialBlob, blob: BlobId): Promise<boolean> {
    try {
      await this.#store.keepPartial(partial, blob)
      return true
    } catch (error) {
      if (!hasCode(error, 'BLOB_HASH_MISMATCH')) throw error
      return false
    }
  }
}
