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
  readonly #open = new Map<BlobId, { readonly part: string; readonly partial: PartialBlob }>()
  /** What is to be done with each, the first of it under way. */
  readonly #todo = new Map<BlobId, DiskEffect[]>()
  readonly #working = new Set<Promise<void>>()

  constructor(store: BlobStore, collaborators: Collaborators) {
    this.#store = store
    this.#collaborators = collaborators
  }

  perform(effect: DiskEffect): void {
    const { blob } = effect
    const known = this.#todo.get(blob)
    if (known) {
      known.push(effect)
      return
    }
    const todo = [effect]
    this.#todo.set(blob, todo)
    const working = this.#work(blob, todo).finally(() => this.#working.delete(working))
    this.#working.add(working)
  }

  /** Waits for what is being written and closes it, kept for going on with. */
  async close(): Promise<void> {
    await Promise.all(this.#working)
    for (const { partial } of this.#open.values()) await partial.close()
    this.#open.clear()
  }

  async #work(blob: BlobId, todo: DiskEffect[]): Promise<void> {
    for (let effect = todo.shift(); effect; effect = todo.shift()) {
      try {
        if (effect.type === 'write') await this.#write(blob, [effect.bytes, ...writesOf(todo)])
        else await this.#do(effect)
      } catch (cause) {
        this.#collaborators.onFault(cause)
        this.#collaborators.step({ type: 'broken', blob })
      }
    }
    this.#todo.delete(blob)
  }

  async #write(blob: BlobId, pieces: readonly Uint8Array[]): Promise<void> {
    const partial = this.#open.get(blob)?.partial
    if (!partial) return
    await partial.write(...pieces)
    this.#collaborators.step({ type: 'written', blob, bytes: pieces.reduce((sum, bytes) => sum + bytes.length, 0) })
  }

  async #do(effect: Exclude<DiskEffect, { type: 'write' }>): Promise<void> {
    const { blob } = effect
    switch (effect.type) {
      case 'open': {
        const partial = await this.#store.partial(blob, effect.part)
        this.#open.set(blob, { part: effect.part, partial })
        this.#collaborators.step({ type: 'opened', blob, part: effect.part, offset: partial.size })
        return
      }
      case 'discard':
        if (this.#open.get(blob)?.part === effect.part) await this.#take(blob)?.discard()
        else await this.#store.dropPartial(blob, effect.part)
        return
      case 'shelve':
        await this.#take(blob)?.close()
        return
      case 'finish': {
        const partial = this.#take(blob)
        if (partial) this.#collaborators.step({ type: 'finished', blob, whole: await this.#keep(partial, blob) })
      }
    }
  }

  /** The one that is open, from now on no more. */
  #take(blob: BlobId): PartialBlob | undefined {
    const partial = this.#open.get(blob)?.partial
    this.#open.delete(blob)
    return partial
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

/** Takes out the writes that come next: the disk gets them at once. */
function writesOf(todo: DiskEffect[]): Uint8Array[] {
  const pieces: Uint8Array[] = []
  for (let next = todo[0]; next?.type === 'write'; next = todo[0]) {
    pieces.push(next.bytes)
    todo.shift()
  }
  return pieces
}
