import { MarmaladeError } from '../base/index.ts'
import type { BlobId, Clock, PlayerId } from '../base/index.ts'
import { Calls, Pace } from '../wire/index.ts'
import type { Duplex } from '../wire/index.ts'
import { BLOB_LIMITS, blobsNeedTick, createBlobs, stepBlobs } from './core.ts'
import type { BlobLimits, BlobState } from './core.ts'
import { Incoming } from './incoming.ts'
import { Pieces } from './pieces.ts'
import type { BlobStore } from './store.ts'
import type { BlobEffect, BlobEvent, LinkId, WantEnd } from './types.ts'
import { looksOf } from './wire.ts'

/** How often the core looks at what has not come, while there is such. */
const TICK_MS = 250
/** Blobs that one peer may name: so many at once, then so many a second. Each that is here costs a look at the disk. */
const NAMES = { burst: 256, perSecond: 500, weigh: looksOf }

export interface BlobsComponents {
  readonly store: BlobStore
  readonly clock: Clock
  /** Whether a peer may have a blob. */
  readonly mayServe: (peer: PlayerId, blob: BlobId) => Promise<boolean>
  /** Whether a peer's want of a blob that is not here is passed on. */
  readonly mayRelay: (peer: PlayerId, blob: BlobId) => Promise<boolean>
  /** Told of failures that nobody waits for. */
  onFault(message: string, detail: { readonly peer?: PlayerId; readonly cause?: unknown; readonly code?: string }): void
}

export interface WantOptions {
  /** The most bytes to take, above the store's bound too; that bound where left out. */
  readonly maxBytes?: number
  readonly signal?: AbortSignal
  /** Bytes on disk so far, and of all as the source announced it. */
  readonly onProgress?: (done: number, size: number) => void
}

interface Waiting {
  readonly onProgress: WantOptions['onProgress']
  settle(error?: MarmaladeError): void
}

type EffectOf<T extends BlobEffect['type']> = Extract<BlobEffect, { type: T }>
/** What the core asks besides frames. */
type OwnEffect = Exclude<BlobEffect, { type: 'send' | 'close' }>
type Timeless<E> = E extends BlobEvent ? Omit<E, 'now'> : never

/** Fetches blobs from connected peers and serves them, over real links and a store. */
export class Blobs {
  readonly #components: BlobsComponents
  readonly #state: BlobState
  readonly #incoming: Incoming
  readonly #pieces: Pieces
  readonly #calls: Calls<Timeless<BlobEvent>, OwnEffect>
  readonly #waiting = new Map<BlobId, Set<Waiting>>()
  readonly #stopListening: () => void

  constructor(components: BlobsComponents, limits: Partial<BlobLimits> = {}) {
    this.#components = components
    this.#state = createBlobs({ limits: { ...BLOB_LIMITS, ...limits } })
    this.#calls = new Calls({
      clock: components.clock,
      tickEvery: TICK_MS,
      step: (event, now) => stepBlobs(this.#state, { ...event, now }),
      needsTick: () => blobsNeedTick(this.#state),
      perform: (effect) => this.#perform(effect),
      pace: () => new Pace({ ...NAMES, now: () => components.clock.monotonic() }),
      onEnded: (peer, code) => components.onFault('blobs with a peer were ended', { peer, code }),
      onFault: (cause, peer) => components.onFault('a step of blobs has failed', { ...(peer && { peer }), cause }),
    })
    this.#incoming = new Incoming(components.store, {
      step: (event) => this.#calls.tell(event),
      onFault: (cause) => components.onFault('a blob could not be written', { cause }),
    })
    this.#pieces = new Pieces(components.store)
    this.#stopListening = components.store.onAdd(({ id }) => this.#calls.tell({ type: 'stored', blob: id }))
  }

  /** Speaks blobs over a duplex call until either side ends it. Never rejects. */
  link(peer: PlayerId, duplex: Duplex): Promise<void> {
    return this.#calls.speak(peer, duplex)
  }

  /**
   * Resolves once the blob is in the store, whole; at once where it is.
   * @throws BLOB_TOO_LARGE, BLOB_UNAVAILABLE after 10 minutes in which nothing of it came, BLOB_WANTS_FULL, BLOB_WRITE,
   * CANCELLED, CLOSED, ID_INVALID
   */
  async want(blob: BlobId, options: WantOptions = {}): Promise<void> {
    const { maxBytes = this.#components.store.maxBytes, signal, onProgress } = options
    if (await this.#components.store.has(blob)) return
    if (this.#calls.closed) throw closed()
    if (signal?.aborted) throw cancelled(blob)
    await new Promise<void>((resolve, reject) => {
      const waiting: Waiting = {
        onProgress,
        settle: (error) => {
          signal?.removeEventListener('abort', abort)
          this.#waiting.get(blob)?.delete(waiting)
          if (error) reject(error)
          else resolve()
        },
      }
      const abort = (): void => {
        waiting.settle(cancelled(blob))
        if (this.#waiting.get(blob)?.size !== 0) return
        this.#waiting.delete(blob)
        this.#step({ type: 'unwanted', blob })
      }
      signal?.addEventListener('abort', abort, { once: true })
      const all = this.#waiting.get(blob) ?? new Set()
      this.#waiting.set(blob, all.add(waiting))
      this.#step({ type: 'wanted', blob, maxBytes })
      void this.#lookForOwn(blob)
    })
  }

  /** What a peer may have, or have passed on, is another now: what it wants is looked at again. */
  lookAgain(peer: PlayerId): void {
    this.#step({ type: 'reconsidered', peer })
  }

  /** Whether a blob is wanted, being fetched, or being read for a peer just now. */
  inUse(blob: BlobId): boolean {
    return this.#state.wants.has(blob) || this.#pieces.reads(blob)
  }

  /** Ends every link and want and closes what is half written. Idempotent. */
  async close(): Promise<void> {
    if (this.#calls.closed) return
    this.#stopListening()
    this.#calls.close()
    for (const all of [...this.#waiting.values()]) for (const waiting of [...all]) waiting.settle(closed())
    await this.#incoming.close()
    await this.#pieces.close()
  }

  #step(event: Timeless<BlobEvent>): void {
    this.#calls.step(event)
  }

  /** It may have come between our look and our want. */
  async #lookForOwn(blob: BlobId): Promise<void> {
    try {
      if (await this.#components.store.has(blob)) this.#step({ type: 'stored', blob })
    } catch (cause) {
      this.#components.onFault('a blob could not be looked for', { cause })
    }
  }

  #perform(effect: OwnEffect): void {
    switch (effect.type) {
      case 'look':
        this.#answer(effect, this.#look(effect))
        return
      case 'fetch':
        this.#answer(effect, this.#fetch(effect))
        return
      case 'progress':
        for (const { onProgress } of this.#waiting.get(effect.blob) ?? []) onProgress?.(effect.done, effect.size)
        return
      case 'ended':
        this.#settle(effect.blob, effect.why)
        return
      default:
        this.#incoming.perform(effect)
    }
  }

  #answer(effect: { readonly link: LinkId }, work: Promise<Timeless<BlobEvent>>): void {
    work.then(
      (event) => this.#calls.tell(event, effect.link),
      (cause: unknown) => {
        this.#components.onFault('a blob could not be read for a peer', { cause })
        this.#calls.hangUp(effect.link)
      },
    )
  }

  async #look({ link, peer, blob, relayed }: EffectOf<'look'>): Promise<Timeless<BlobEvent>> {
    const { store, mayServe, mayRelay } = this.#components
    const size = await store.size(blob)
    if (size === undefined) return { type: 'looked', link, blob, size, here: false, relay: await mayRelay(peer, blob) }
    const may = relayed || (await mayServe(peer, blob))
    return { type: 'looked', link, blob, size: may ? size : undefined, here: true, relay: false }
  }

  /** A piece in one array; none where the blob has gone or is shorter than it was. */
  async #fetch({ link, request, blob, offset, length }: EffectOf<'fetch'>): Promise<Timeless<BlobEvent>> {
    return { type: 'fetched', link, request, bytes: await this.#pieces.read(blob, offset, length) }
  }

  #settle(blob: BlobId, why: WantEnd): void {
    const all = this.#waiting.get(blob)
    this.#waiting.delete(blob)
    for (const waiting of [...(all ?? [])]) waiting.settle(why === 'stored' ? undefined : failure(blob, why))
  }
}

function failure(blob: BlobId, why: Exclude<WantEnd, 'stored'>): MarmaladeError {
  switch (why) {
    case 'too-large':
      return new MarmaladeError('BLOB_TOO_LARGE', `${blob} is larger than what was asked for: raise the bound`)
    case 'unavailable':
      return new MarmaladeError('BLOB_UNAVAILABLE', `nobody connected has ${blob}: connect to whoever published it`)
    case 'full':
      return new MarmaladeError('BLOB_WANTS_FULL', `too many blobs are wanted already: ask for ${blob} later`)
    case 'broken':
      return new MarmaladeError('BLOB_WRITE', `${blob} could not be written: see that the disk has room`)
  }
}
const cancelled = (blob: BlobId) => new MarmaladeError('CANCELLED', `${blob} is not wanted any more`)
const closed = () => new MarmaladeError('CLOSED', 'the node is closing: no blob is fetched any more')
