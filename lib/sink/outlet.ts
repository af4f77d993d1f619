import type { Clock, Frames, Millis } from '../base/index.ts'
import { fadeIn, FADE_FRAMES } from '../mix/index.ts'
import type { Sink, SinkState } from './types.ts'

/** A card this far behind the jam has its past dropped. 300 ms. */
export const SLIP_FRAMES: Frames = 14_400
/** What is left to play of it then: 100 ms. */
export const KEPT_FRAMES: Frames = 4_800
/** A card that was lost is tried again after these, the last one repeated. */
export const RETRIES: readonly Millis[] = [1_000, 2_000, 5_000, 15_000]
/** One that played for so long counts as sound again: the next loss is followed by the first of these. */
const SOUND_MILLIS: Millis = 30_000

/** One sink as the pump feeds it. */
export interface Outlet {
  /** Opens the sink; one that cannot be opened is reported, and the jam goes on without. */
  open(): Promise<void>
  /** Takes interleaved frames, `at` the jam's of the first; resolves when more may come. The samples may then be reused. */
  push(samples: Float32Array, at: Frames): Promise<void>
  /** Once in a while: a lost card is tried again. */
  look(): void
  /** Lets out what it still has and closes the sink. */
  close(): Promise<void>
}

export interface OutletInit {
  readonly sink: Sink
  readonly clock: Pick<Clock, 'monotonic'>
  readonly onState: (state: SinkState) => void
  /** Frames that will not be heard, from a jam frame on. */
  readonly onSkip: (at: Frames, frames: Frames) => void
}

const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : 'it failed')

/** A file: gets every frame, however late; the pump waits for it. Once it failed it gets no more. */
export class FileOutlet implements Outlet {
  readonly #init: OutletInit
  #open = false

  constructor(init: OutletInit) {
    this.#init = init
  }

  async open(): Promise<void> {
    const { sink, onState } = this.#init
    try {
      await sink.open()
      this.#open = true
      onState({ state: 'open', name: sink.name })
    } catch (error) {
      onState({ state: 'lost', name: sink.name, why: reasonOf(error) })
    }
  }

  async push(samples: Float32Array): Promise<void> {
    if (!this.#open) return
    try {
      await this.#init.sink.write(samples)
    } catch (error) {
      await this.#lose(error)
    }
  }

  look(): void {
    // A file is not tried again: what it missed would be missing in it.
  }

  async close(): Promise<void> {
    if (!this.#open) return
    const { sink, onState } = this.#init
    try {
      await sink.close()
      this.#open = false
      onState({ state: 'closed', name: sink.name })
    } catch (error) {
      await this.#lose(error)
    }
  }

  async #lose(error: unknown): Promise<void> {
    const { sink, onState } = this.#init
    this.#open = false
    onState({ state: 'lost', name: sink.name, why: reasonOf(error) })
    await sink.close().catch(() => undefined)
  }
}

/**
 * A card: never holds up the pump. What it has not taken waits in a queue; where that grows past 300 ms the past is
 * dropped with a crossfade of 5 ms. One that dies is tried again; meanwhile the jam goes on silently.
 */
export class CardOutlet implements Outlet {
  readonly #init: OutletInit
  #queue: Float32Array[] = []
  #queued: Frames = 0
  /** Jam frame of the queue's first. */
  #head: Frames = 0
  #state: 'closed' | 'opening' | 'open' | 'lost' = 'closed'
  #work: Promise<void> = Promise.resolve()
  #writing = false
  #retryAt: Millis = Infinity
  #retries = 0
  #openedAt: Millis = 0

  constructor(init: OutletInit) {
    this.#init = init
  }

  async open(): Promise<void> {
    this.#state = 'opening'
    const { sink, clock, onState } = this.#init
    try {
      await sink.open()
      this.#state = 'open'
      this.#openedAt = clock.monotonic()
      onState({ state: 'open', name: sink.name })
    } catch (error) {
      await this.#lose(error)
    }
  }

  async push(samples: Float32Array, at: Frames): Promise<void> {
    if (this.#state !== 'open') return
    if (this.#queue.length === 0) this.#head = at
    this.#queue.push(samples.slice())
    this.#queued += samples.length / 2
    if (this.#queued > SLIP_FRAMES) this.#slip()
    if (this.#writing) return
    this.#writing = true
    this.#work = this.#write().finally(() => {
      this.#writing = false
    })
  }

  look(): void {
    if (this.#state !== 'lost' || this.#init.clock.monotonic() < this.#retryAt) return
    this.#state = 'opening'
    this.#work = this.#work.then(() => this.open())
  }

  async close(): Promise<void> {
    await this.#work
    const { sink, onState } = this.#init
    if (this.#state !== 'open') return
    this.#state = 'closed'
    await sink.close().catch(() => undefined)
    onState({ state: 'closed', name: sink.name })
  }

  async #write(): Promise<void> {
    for (let next = this.#queue.shift(); next; next = this.#queue.shift()) {
      this.#queued -= next.length / 2
      this.#head += next.length / 2
      try {
        await this.#init.sink.write(next)
      } catch (error) {
        await this.#lose(error)
        return
      }
    }
  }

  /** Drops all but the newest; what would have come next is faded into what comes now. */
  #slip(): void {
    const dropped = this.#queued - KEPT_FRAMES
    const all = new Float32Array(this.#queued * 2)
    let at = 0
    for (const samples of this.#queue) {
      all.set(samples, at)
      at += samples.length
    }
    const kept = all.slice(dropped * 2)
    for (let i = 0; i < FADE_FRAMES; i++) {
      const weight = fadeIn(i)
      for (const side of [2 * i, 2 * i + 1]) {
        kept[side] = (kept[side] ?? 0) * weight + (all[side] ?? 0) * (1 - weight)
      }
    }
    this.#init.onSkip(this.#head, dropped)
    this.#queue = [kept]
    this.#queued = KEPT_FRAMES
    this.#head += dropped
  }

  async #lose(error: unknown): Promise<void> {
    const { sink, clock, onState } = this.#init
    const now = clock.monotonic()
    if (this.#state === 'open' && now - this.#openedAt >= SOUND_MILLIS) this.#retries = 0
    const retryMillis = RETRIES[Math.min(this.#retries, RETRIES.length - 1)] ?? 0
    this.#retries++
    this.#retryAt = now + retryMillis
    this.#state = 'lost'
    this.#queue = []
    this.#queued = 0
    onState({ state: 'lost', name: sink.name, why: reasonOf(error), retryMillis })
    await sink.close().catch(() => undefined)
  }
}
