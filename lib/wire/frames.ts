import type { Duplex } from './types.ts'

/** How long a farewell may take to leave before the call is dropped. */
const FAREWELL_MS = 1_000
/** Frames that wait to leave at most, however small: a peer that lets so many wait does not read. */
const MAX_QUEUED = 65_536

/** Holds up the reading of a call whose other side sends more than is good. */
export interface ReadingPace {
  /** Gives a promise where the frame must wait. */
  take(bytes: Uint8Array): Promise<unknown> | undefined
}

/**
 * Frames on their way out of one call, and frames coming in. Bounded by who fills it: `onSent` tells how much has
 * left, and both cores hold back or close by that.
 */
export class FrameLink {
  readonly #duplex: Duplex
  readonly #onSent: (bytes: number) => void
  readonly #pace: ReadingPace | undefined
  /** Bytes of frames that came and that left. */
  bytesIn = 0
  bytesOut = 0
  readonly #closing = new AbortController()
  #queue: Uint8Array[] = []
  #writing = false
  #farewell: NodeJS.Timeout | undefined

  constructor(duplex: Duplex, onSent: (bytes: number) => void, pace?: ReadingPace) {
    this.#pace = pace
    this.#duplex = duplex
    this.#onSent = onSent
  }

  /** Queues a frame; the call ends where 65,536 wait. After `close` it is dropped. */
  send(bytes: Uint8Array): void {
    if (this.#closing.signal.aborted || this.#farewell) return
    if (this.#queue.length >= MAX_QUEUED) {
      this.#drop()
      return
    }
    this.#queue.push(bytes)
    void this.#write()
  }

  /** Sends what is queued last, the reason, and ends the call; at once where the other side does not read. */
  close(): void {
    if (this.#closing.signal.aborted || this.#farewell) return
    this.#queue = this.#queue.slice(-1)
    this.#farewell = setTimeout(() => this.#drop(), FAREWELL_MS)
    if (!this.#writing) this.#drop()
  }

  /** Hands every incoming frame to `receive`, in order, until either side ends. Rejects where `receive` throws. */
  async run(receive: (bytes: Uint8Array) => void): Promise<void> {
    const frames = this.#duplex.source[Symbol.asyncIterator]()
    const closed = new Promise<void>((resolve) => {
      this.#closing.signal.addEventListener('abort', () => resolve(), { once: true })
      if (this.#closing.signal.aborted) resolve()
    })
    try {
      await Promise.race([this.#read(frames, receive), closed])
    } finally {
      this.#drop()
      frames.return?.().catch(() => undefined)
    }
  }

  async #read(frames: AsyncIterator<Uint8Array>, receive: (bytes: Uint8Array) => void): Promise<void> {
    for (let bytes = await nextOf(frames); bytes; bytes = await nextOf(frames)) {
      if (this.#closing.signal.aborted) return
      this.bytesIn += bytes.length
      const wait = this.#pace?.take(bytes)
      if (wait) await wait
      if (!this.#farewell) receive(bytes)
    }
  }

  async #write(): Promise<void> {
    if (this.#writing) return
    this.#writing = true
    for (let bytes = this.#queue.shift(); bytes && (await this.#push(bytes)); bytes = this.#queue.shift()) {
      this.bytesOut += bytes.length
      this.#onSent(bytes.length)
    }
    this.#writing = false
    if (this.#farewell) this.#drop()
  }

  /** Whether it has left; where not, the call has ended. */
  async #push(bytes: Uint8Array): Promise<boolean> {
    try {
      await this.#duplex.push(bytes)
      return true
    } catch {
      this.#drop()
      return false
    }
  }

  #drop(): void {
    clearTimeout(this.#farewell)
    this.#queue = []
    if (this.#closing.signal.aborted) return
    this.#closing.abort()
    this.#duplex.end()
  }
}

/** The next frame; none where the other side has ended the call, or its connection is gone. */
async function nextOf(frames: AsyncIterator<Uint8Array>): Promise<Uint8Array | undefined> {
  try {
    const next = await frames.next()
    return next.done === true ? undefined : next.value
  } catch {
    return undefined
  }
}
