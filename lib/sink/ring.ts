import { BLOCK } from '../base/index.ts'

const WRITTEN = 0
const TAKEN = 1
const WAKE = 2
const CLOSED = 3
const HEADER_BYTES = 16

/**
 * A ring of interleaved stereo float32 in shared memory: one thread renders into it, another takes from it.
 * Counters run on modulo 2^32 frames; the ring's length is a power of two.
 */
export class Ring {
  readonly memory: SharedArrayBuffer
  readonly frames: number
  readonly #header: Int32Array
  readonly #samples: Float32Array

  /** @param memory as made by `Ring.allocate` */
  constructor(memory: SharedArrayBuffer) {
    this.memory = memory
    this.#header = new Int32Array(memory, 0, 4)
    this.#samples = new Float32Array(memory, HEADER_BYTES)
    this.frames = this.#samples.length / 2
  }

  /** @param frames rounded up to a power of two */
  static allocate(frames: number): Ring {
    let size = BLOCK
    while (size < frames) size *= 2
    return new Ring(new SharedArrayBuffer(HEADER_BYTES + size * 2 * Float32Array.BYTES_PER_ELEMENT))
  }

  /** Frames that wait to be taken. */
  get filled(): number {
    return (Atomics.load(this.#header, WRITTEN) - Atomics.load(this.#header, TAKEN)) | 0
  }

  get closed(): boolean {
    return Atomics.load(this.#header, CLOSED) === 1
  }

  /** Puts one block of 128 frames, planar in, interleaved inside. The caller has seen that there is room. */
  put(left: Float32Array, right: Float32Array): void {
    const written = Atomics.load(this.#header, WRITTEN)
    const start = (written & (this.frames - 1)) * 2
    for (let i = 0; i < BLOCK; i++) {
      this.#samples[start + 2 * i] = left[i] ?? 0
      this.#samples[start + 2 * i + 1] = right[i] ?? 0
    }
    Atomics.store(this.#header, WRITTEN, (written + BLOCK) | 0)
  }

  /** Waits, for at most `millis`, until something was taken while `ahead` frames or more are filled. */
  waitForRoom(ahead: number, millis: number): void {
    const seen = Atomics.load(this.#header, WAKE)
    if (this.filled < ahead || this.closed) return
    Atomics.wait(this.#header, WAKE, seen, millis)
  }

  /** Takes up to out.length / 2 frames and says how many. */
  take(out: Float32Array): number {
    const taken = Atomics.load(this.#header, TAKEN)
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
}
