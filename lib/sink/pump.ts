import { SAMPLE_RATE, type Clock, type Frames, type Millis } from '../base/index.ts'
import { NullSink } from './null.ts'
import type { Ring } from './ring.ts'
import type { Sink, SinkState } from './types.ts'

/** How often the pump looks whether frames are due. */
const TICK_MILLIS = 10
/** Frames moved at a time: a tenth of a second. */
const CHUNK_FRAMES = 4_800
/** A card this far behind the jam has its past dropped, down to what is due. */
const SLIP_FRAMES = 14_400
/** A sink that was lost is tried again after these, the last one repeated. */
const RETRIES: readonly Millis[] = [1_000, 2_000, 5_000, 15_000]

export interface PumpInit {
  readonly ring: Ring
  readonly sink: Sink
  readonly clock: Pick<Clock, 'monotonic'>
  /** Monotonic time at which the ring's first frame is due. */
  readonly start: Millis
  readonly onSink: (state: SinkState) => void
  /** Frames that were due and not rendered in time (underrun), or dropped by a sink that skips. */
  readonly onLate: (kind: 'underrun' | 'skipped', frames: Frames) => void
  /** What was moved, before the sink sees it: for peaks and hashes of what was heard. */
  readonly onFrames?: (samples: Float32Array) => void
}

/**
 * Moves frames from the ring to the sink when the jam's clock says that they are due. The mix is always the exact
 * sequence of jam frames; only a sink that skips loses any, and it says how many. A sink that dies leaves the pump
 * running silently; it is tried again.
 */
export class Pump {
  readonly #init: PumpInit
  readonly #chunk = new Float32Array(CHUNK_FRAMES * 2)
  #sink: Sink
  #moved: Frames = 0
  #short = false
  #timer: NodeJS.Timeout | undefined
  #retryAt: Millis = Infinity
  #retries = 0
  #ending: (() => void) | undefined
  #running: Promise<void> = Promise.resolve()

  constructor(init: PumpInit) {
    this.#init = init
    this.#sink = init.sink
  }

  /** Frames moved so far; the next one due is this far after the first. */
  get moved(): Frames {
    return this.#moved
  }

  async start(): Promise<void> {
    await this.#open()
    this.#timer = setTimeout(() => this.#tick(), TICK_MILLIS)
  }

  /** Moves what the ring still holds, however early, then closes the sink. */
  async drain(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#ending = resolve
      if (!this.#timer) resolve()
    })
    await this.#running
    while (this.#init.ring.filled > 0) await this.#move(CHUNK_FRAMES)
    await this.#sink.close()
    this.#init.onSink({ state: 'closed', name: this.#init.sink.name })
  }

  #tick(): void {
    this.#running = this.#due().finally(() => {
      this.#timer = undefined
      if (this.#ending) {
        this.#ending()
        return
      }
      this.#timer = setTimeout(() => this.#tick(), TICK_MILLIS)
    })
  }

  async #due(): Promise<void> {
    const now = this.#init.clock.monotonic()
    if (now >= this.#retryAt) await this.#retry()
    const due = Math.floor(((now - this.#init.start) * SAMPLE_RATE) / 1_000) - this.#moved
    if (due <= 0) return
    const { filled } = this.#init.ring
    this.#countLate(due, filled)
    if (this.#sink.lateness === 'skip' && filled > SLIP_FRAMES && due > SLIP_FRAMES) this.#drop(due - CHUNK_FRAMES)
    let left = Math.min(due, this.#init.ring.filled)
    while (left > 0) left -= await this.#move(left)
  }

  /** An underrun is counted once, when it begins; while it lasts nothing is due twice. */
  #countLate(due: Frames, filled: Frames): void {
    const short = filled < due
    if (short && !this.#short) this.#init.onLate('underrun', due - filled)
    this.#short = short
  }

  #drop(frames: Frames): void {
    let left = Math.min(frames, this.#init.ring.filled)
    let dropped = 0
    while (left > 0) {
      const count = this.#init.ring.take(this.#chunk.subarray(0, Math.min(left, CHUNK_FRAMES) * 2))
      left -= count
      dropped += count
    }
    this.#moved += dropped
    this.#init.onLate('skipped', dropped)
  }

  async #move(most: Frames): Promise<Frames> {
    const count = this.#init.ring.take(this.#chunk.subarray(0, Math.min(most, CHUNK_FRAMES) * 2))
    const samples = this.#chunk.subarray(0, count * 2)
    this.#moved += count
    this.#init.onFrames?.(samples)
    try {
      await this.#sink.write(samples)
    } catch (error) {
      await this.#lose(error)
    }
    return count
  }

  async #open(): Promise<void> {
    try {
      await this.#init.sink.open()
      this.#sink = this.#init.sink
      this.#retries = 0
      this.#retryAt = Infinity
      this.#init.onSink({ state: 'open', name: this.#sink.name })
    } catch (error) {
      await this.#lose(error)
    }
  }

  async #retry(): Promise<void> {
    this.#retryAt = Infinity
    await this.#open()
  }

  /** Goes on silently; `wait` sinks (files) are not tried again: what they missed would be missing. */
  async #lose(error: unknown): Promise<void> {
    const { sink, clock, onSink } = this.#init
    const wait = RETRIES[Math.min(this.#retries, RETRIES.length - 1)] ?? 15_000
    this.#retries++
    this.#retryAt = sink.lateness === 'wait' ? Infinity : clock.monotonic() + wait
    this.#sink = new NullSink()
    const why = error instanceof Error ? error.message : 'it failed'
    onSink({ state: 'lost', name: sink.name, why, retryMillis: wait })
    await sink.close().catch(() => undefined)
  }
}
