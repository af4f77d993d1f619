import { BLOCK, type Frames, type Millis } from '../base/index.ts'

const WRITTEN = 0
const TAKEN = 1
const DUE = 2
const WAKE = 3
const CLOSED = 4
const ENDED = 5
const HEADER_BYTES = 32
/** Six hours: what is due later still is counted as due then, within the range of the counters. */
const FAR_FRAMES = 2 ** 30

/**
 * A ring of interleaved stereo float32 in shared memory: one thread renders into it, another takes from it and says how
 * much is due by the jam's clock. Counters run on modulo 2^32 frames; the ring's length is a power of two.
 */
export class Ring {
  readonly memory: SharedArrayBuffer
  /** How many it holds. */
  readonly frames: Frames
  readonly #header: Int32Array
  readonly #samples: Float32Array

  /** @param memory as made by `Ring.allocate` */
  constructor(memory: SharedArrayBuffer) {
    this.memory = memory
    this.#header = new Int32Array(memory, 0, HEADER_BYTES / 4)
    this.#samples = new Float32Array(memory, HEADER_BYTES)
    this.frames = this.#samples.length / 2
  }

  /** @param frames rounded up to a power of two */
  static allocate(frames: Frames): Ring {
    let size = BLOCK
    while (size < frames) size *= 2
    return new Ring(new SharedArrayBuffer(HEADER_BYTES + size * 2 * Float32Array.BYTES_PER_ELEMENT))
  }

  /** Frames that wait to be taken. */
  get filled(): Frames {
    return (this.#load(WRITTEN) - this.#load(TAKEN)) | 0
  }
  /** Whether there is no room for one more block. */
  get full(): boolean {
    return this.frames - this.filled < BLOCK
  }
  get closed(): boolean {
    return this.#load(CLOSED) === 1
  }
  /** Whether nothing more will be put. */
  get ended(): boolean {
    return this.#load(ENDED) === 1
  }

  /** Whether the rendering thread should put one more block: less than `ahead` frames past what is due, and room. */
  wants(ahead: Frames): boolean {
    return !this.full && ((this.#load(WRITTEN) - this.#load(DUE)) | 0) < ahead
  }

  /** Waits, for at most `millis`, until it may want more, or was woken. */
  waitForWant(ahead: Frames, millis: Millis): void {
    const seen = this.#load(WAKE)
    if (this.wants(ahead) || this.closed) return
    Atomics.wait(this.#header, WAKE, seen, millis)
  }

  /** Puts one block of 128 frames, planar in, interleaved inside. The caller has seen that there is room. */
  put(left: Float32Array, right: Float32Array): void {
    const written = this.#load(WRITTEN)
    const start = (written & (this.frames - 1)) * 2
    for (let i = 0; i < BLOCK; i++) {
      this.#samples[start + 2 * i] = left[i] ?? 0
      this.#samples[start + 2 * i + 1] = right[i] ?? 0
    }
    Atomics.store(this.#header, WRITTEN, (written + BLOCK) | 0)
  }

  /** Nothing more will be put. */
  end(): void {
    Atomics.store(this.#header, ENDED, 1)
  }

  /** Takes up to out.length / 2 frames and says how many. */
  take(out: Float32Array): Frames {
    const taken = this.#load(TAKEN)
    const count = Math.min(this.filled, out.length / 2)
    const mask = this.frames - 1
    for (let i = 0; i < count; i++) {
      const at = ((taken + i) & mask) * 2
      out[2 * i] = this.#samples[at] ?? 0
      out[2 * i + 1] = this.#samples[at + 1] ?? 0
    }
    Atomics.store(this.#header, TAKEN, (taken + count) | 0)
    this.wake()
    return count
  }

  /** By the clock, `frames` of those not yet taken are due (below 0: not yet). More than the ring holds counts as that. */
  due(frames: Frames): void {
    const counted = Math.max(-FAR_FRAMES, Math.min(frames, this.frames))
    Atomics.store(this.#header, DUE, (this.#load(TAKEN) + counted) | 0)
    this.wake()
  }

  /** Wakes the rendering thread. */
  wake(): void {
    Atomics.add(this.#header, WAKE, 1)
    Atomics.notify(this.#header, WAKE)
  }

  /** Tells the rendering thread to end. */
  close(): void {
    Atomics.store(this.#header, CLOSED, 1)
    this.wake()
  }

  #load(word: number): number {
    return Atomics.load(this.#header, word)
  }
}
