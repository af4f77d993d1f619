import { MarmaladeError, type BlobId, type Millis } from '../../lib/base/index.ts'
import { YOUNG, collectBlobs, keptBlobs } from '../../lib/blobs/index.ts'
import type { BlobStore, Collected, KeptBlob, Pin } from '../../lib/blobs/index.ts'
import { Room, type Reservation } from './room.ts'
import { realTime, type Time } from './time.ts'

/** Names blobs that must stay, anew for each collection. */
export type PinSource = () => AsyncIterable<Pin>

/** Collections that the quota asks for come no faster than this. */
export const PAUSE: Millis = 60_000
/** How soon the quota is looked at after a blob has come, and refused room is asked for again after some was freed. */
export const SOON: Millis = 1_000
/** What was too young to go may go after so long: refused room is asked for again. */
export const LATER: Millis = YOUNG

/** Blobs named during one collection that are remembered. */
const MAX_NAMED = 65_536

interface Init {
  readonly store: BlobStore
  /** Bytes; 0 is no bound. */
  readonly quota: number
  readonly inUse: (blob: BlobId) => boolean
  readonly onFault: (error: unknown) => void
  /** The machine's where left out. */
  readonly time?: Time
}

/** Keeps the blobs within their quota, and knows why each is here. */
export class Keeper {
  readonly quota: number
  readonly #init: Init
  readonly #time: Time
  readonly #room: Room
  readonly #sources = new Set<PinSource>()
  readonly #hopeful = new Set<() => void>()
  readonly #closing = new AbortController()
  readonly #stopListening: () => void
  #last: Promise<unknown> = Promise.resolve()
  #reserving: Promise<unknown> = Promise.resolve()
  #stopPlan: (() => void) | undefined
  /** When those that were refused room are told to ask again; undefined where none was. */
  #again: { readonly at: Millis; readonly stop: () => void } | undefined
  #collectedAt = -Infinity
  /** What has been named since the collection that runs read its pins; more than can be remembered is anything. */
  #named: Set<BlobId> | 'anything' | undefined
  /** The last collection could not make the room that was asked for. */
  #exhausted = false

  constructor(init: Init) {
    this.#init = init
    this.quota = init.quota
    this.#time = init.time ?? realTime
    this.#room = new Room(init.store, this.#time, () => {
      if (this.#again) this.#askAgain(SOON)
    })
    this.#stopListening = init.store.onAdd(() => this.#plan())
  }

  /** Adds what must stay; gives a function that takes it back. */
  addPins(source: PinSource): () => void {
    this.#sources.add(source)
    return () => this.#sources.delete(source)
  }

  /** Every blob, with why it stays. */
  list(): AsyncIterable<KeptBlob> {
    return keptBlobs({ store: this.#init.store, pins: () => this.#pins() })
  }

  /** How many blobs and bytes are here, a minute old at most but for what came and went since. */
  async usage(): Promise<{ blobs: number; bytes: number; quota: number }> {
    const { blobs, bytes } = await this.#room.usage()
    return { blobs, bytes, quota: this.quota }
  }

  /**
   * Keeps room for so many bytes of a blob, after what may go has gone; undefined where there is none. Whoever is
   * refused is told by `onRoom` when to ask again.
   */
  reserve(blob: BlobId, bytes: number): Promise<Reservation | undefined> {
    const result = this.#reserving.then(() => this.#reserve(blob, bytes))
    this.#reserving = result.catch(() => undefined)
    return result
  }

  /** Calls back when there may be room again after it was refused, every 10 minutes at the latest while it is. */
  onRoom(listener: () => void): () => void {
    this.#hopeful.add(listener)
    return () => this.#hopeful.delete(listener)
  }

  /** Removes what nobody needs until the quota holds, used longest ago first; one collection after the other. */
  collect(options: { readonly quota?: number; readonly dryRun?: boolean } = {}): Promise<Collected> {
    const run = async (): Promise<Collected> => {
      const { store, inUse } = this.#init
      const used = (blob: BlobId): boolean =>
        this.#named === 'anything' || this.#named?.has(blob) === true || inUse(blob)
      const init = { store, inUse: used, pins: () => this.#pins(), now: () => Date.now() }
      this.#named = new Set()
      const collected = await collectBlobs(init, {
        quota: this.quota,
        ...options,
        signal: this.#closing.signal,
      }).finally(() => (this.#named = undefined))
      if (options.dryRun === true) return collected
      this.#collectedAt = this.#time.now()
      this.#exhausted = false
      await store.pruneStale()
      return collected
    }
    const result = this.#last.then(run)
    this.#last = result.catch(() => undefined)
    return result
  }

  /** Blobs are named that may not have been when the collection that runs, if one does, read its pins: they stay. */
  named(blobs: () => Iterable<BlobId> | 'anything'): void {
    if (this.#named === undefined || this.#named === 'anything') return
    const named = blobs()
    if (named !== 'anything') for (const blob of named) this.#named.add(blob)
    if (named === 'anything' || this.#named.size > MAX_NAMED) this.#named = 'anything'
  }

  /** Takes a blob away, whoever names it. @throws BLOB_UNKNOWN, BLOB_IN_USE */
  async remove(blob: BlobId): Promise<number> {
    const { store, inUse } = this.#init
    const size = await store.size(blob)
    if (size === undefined) throw new MarmaladeError('BLOB_UNKNOWN', `${blob} is not here`)
    if (inUse(blob))
      throw new MarmaladeError('BLOB_IN_USE', `${blob} is being fetched, read or played: try again later`)
    await store.remove(blob)
    return size
  }

  async close(): Promise<void> {
    this.#stopListening()
    this.#room.close()
    this.#stopPlan?.()
    this.#again?.stop()
    this.#closing.abort()
    await this.#reserving
    await this.#last
  }

  async #reserve(blob: BlobId, bytes: number): Promise<Reservation | undefined> {
    const fits = async (): Promise<boolean> => (await this.usage()).bytes + this.#room.reserved + bytes <= this.quota
    if (this.quota === 0 || (await fits())) return this.#room.hold(blob, bytes)
    const least = this.quota - this.#room.reserved - bytes
    const wait = this.#collectedAt + (this.#exhausted ? LATER : PAUSE) - this.#time.now()
    if (least > 0 && wait <= 0) {
      await this.collect({ quota: least })
      if (await fits()) return this.#room.hold(blob, bytes)
      // Another collection would find no more that may go.
      this.#exhausted = true
    }
    // What is larger than all the room there could ever be needs no other try.
    if (bytes <= this.quota) this.#askAgain(least > 0 && wait > 0 ? wait : LATER)
    return undefined
  }

  #askAgain(wait: Millis): void {
    const at = this.#time.now() + wait
    if (this.#closing.signal.aborted || (this.#again && this.#again.at <= at)) return
    this.#again?.stop()
    const work = (): void => {
      this.#again = undefined
      for (const listener of this.#hopeful) listener()
    }
    this.#again = { at, stop: this.#time.after(wait, work) }
  }

  async *#pins(): AsyncIterable<Pin> {
    for (const source of this.#sources) {
      for await (const pin of source()) {
        // A collection that is given up must not take what was not named yet for what nobody needs.
        if (this.#closing.signal.aborted) throw new MarmaladeError('CLOSED', 'the node is closing')
        yield pin
      }
    }
  }

  #plan(): void {
    if (this.quota === 0 || this.#stopPlan) return
    this.#stopPlan = this.#time.after(Math.max(SOON, this.#collectedAt + PAUSE - this.#time.now()), () => {
      this.#stopPlan = undefined
      void this.#hold()
    })
  }

  async #hold(): Promise<void> {
    try {
      if ((await this.usage()).bytes <= this.quota) return
      const { bytes, removedBytes, pinnedBytes } = await this.collect()
      // Given up for what was named meanwhile.
      if (bytes - removedBytes > Math.max(this.quota, pinnedBytes)) this.#plan()
    } catch (error) {
      if (!this.#closing.signal.aborted) this.#init.onFault(error)
    }
  }
}
