import type { Frames } from '../../base/index.ts'
import { LineRing } from './line-ring.ts'

/** Frames that each of the two rings of samples holds, and bytes of each ring of lines: powers of two. */
export const RING_FRAMES: Frames = 8_192
export const PLAYED_FRAMES: Frames = 32_768
const LINES = 32_768

const WRITTEN = 0
const PLAYED = 1
const TURN = 2
const ENDED = 3
const CLOSED = 4
const WOKEN = 5
const PLAYER = 6
const WORDS = 8

const FRAME_BYTES = 8
const AUDIO = WORDS * 4
const HEARD = AUDIO + RING_FRAMES * FRAME_BYTES
const TO_PROCESS = HEARD + PLAYED_FRAMES * FRAME_BYTES
const FROM_PROCESS = TO_PROCESS + LineRing.bytes(LINES)
const TO_TAKE = FROM_PROCESS + LineRing.bytes(LINES)
const BYTES = TO_TAKE + LineRing.bytes(LINES)

/**
 * What the thread that mixes and the thread that serves a process share of one instance. Places in the sound are frames
 * of the instance's own count: the process's first frame is frame 0, whenever it comes. `written` says how far the
 * process has given it, `played` how far it has been played, with or without; what comes after its place was played is
 * dropped, so that a process that is late once stays in time. Counts wrap at 2^32: differences are what counts.
 */
export class ProcessMemory {
  readonly memory: SharedArrayBuffer
  readonly toProcess: LineRing
  readonly fromProcess: LineRing
  /** What was heard of it: a ring of its own, since a process that does not read leaves `toProcess` full. */
  readonly toTake: LineRing
  readonly #words: Int32Array
  readonly #given: Float32Array
  readonly #heard: Float32Array

  constructor(memory: SharedArrayBuffer = new SharedArrayBuffer(BYTES)) {
    this.memory = memory
    this.#words = new Int32Array(memory, 0, WORDS)
    this.#given = new Float32Array(memory, AUDIO, 2 * RING_FRAMES)
    this.#heard = new Float32Array(memory, HEARD, 2 * PLAYED_FRAMES)
    this.toProcess = new LineRing(memory, TO_PROCESS, LINES)
    this.fromProcess = new LineRing(memory, FROM_PROCESS, LINES)
    this.toTake = new LineRing(memory, TO_TAKE, LINES)
  }

  get written(): Frames {
    return Atomics.load(this.#words, WRITTEN)
  }

  get played(): Frames {
    return Atomics.load(this.#words, PLAYED)
  }

  /** Frames that are there to be played; negative where the process is behind. */
  get ready(): Frames {
    return (this.written - this.played) | 0
  }

  /** Whether the process gives no more: everything it gave is written. */
  get ended(): boolean {
    return Atomics.load(this.#words, ENDED) === 1
  }

  /** Whether nobody plays it any more. */
  get closed(): boolean {
    return Atomics.load(this.#words, CLOSED) === 1
  }

  /** The system's number of the thread that plays it; 0 before, and where the system does not tell. */
  get player(): number {
    return Atomics.load(this.#words, PLAYER)
  }

  /** Mixing thread: it plays it from now on, as long as it lives. */
  takenBy(thread: number): void {
    Atomics.store(this.#words, PLAYER, thread)
  }

  /** Serving thread: puts frames of interleaved stereo at `written`, there being room. */
  give(samples: Float32Array): void {
    const frames = samples.length / 2
    const at = this.written
    copy(samples, this.#given, at, RING_FRAMES)
    Atomics.store(this.#words, WRITTEN, (at + frames) | 0)
    this.#turn()
  }

  /** Serving thread: so many frames came after their place and are dropped. */
  drop(frames: Frames): void {
    Atomics.store(this.#words, WRITTEN, (this.written + frames) | 0)
  }

  end(): void {
    Atomics.store(this.#words, ENDED, 1)
    this.#turn()
  }

  /** Mixing thread: waits until there are so many frames or the process has ended; false after so many milliseconds. */
  wait(frames: Frames, millis: number): boolean {
    for (;;) {
      const turn = Atomics.load(this.#words, TURN)
      if (this.ready >= frames || this.ended) return true
      if (Atomics.wait(this.#words, TURN, turn, millis) === 'timed-out') return false
    }
  }

  /** Mixing thread: the next frames, silence where there are none. @returns how many there were */
  play(left: Float32Array, right: Float32Array, frames: Frames): Frames {
    const at = this.played
    const there = Math.max(0, Math.min(frames, (this.written - at) | 0))
    for (let i = 0; i < frames; i++) {
      const place = 2 * ((at + i) & (RING_FRAMES - 1))
      const l = i < there ? (this.#given[place] ?? 0) : 0
      const r = i < there ? (this.#given[place + 1] ?? 0) : 0
      left[i] = l
      right[i] = r
      const kept = 2 * ((at + i) & (PLAYED_FRAMES - 1))
      this.#heard[kept] = l
      this.#heard[kept + 1] = r
    }
    Atomics.store(this.#words, PLAYED, (at + frames) | 0)
    return there
  }

  /** Serving thread: what was played from a frame on, at most `PLAYED_FRAMES` ago. */
  heard(from: Frames, out: Float32Array): void {
    for (let i = 0; i < out.length / 2; i++) {
      const place = 2 * ((from + i) & (PLAYED_FRAMES - 1))
      out[2 * i] = this.#heard[place] ?? 0
      out[2 * i + 1] = this.#heard[place + 1] ?? 0
    }
  }

  close(): void {
    Atomics.store(this.#words, CLOSED, 1)
  }

  /** Mixing thread: whether the serving thread is to be told; once until it has looked. */
  wake(): boolean {
    return Atomics.exchange(this.#words, WOKEN, 1) === 0
  }

  woken(): void {
    Atomics.store(this.#words, WOKEN, 0)
  }

  #turn(): void {
    Atomics.add(this.#words, TURN, 1)
    Atomics.notify(this.#words, TURN)
  }
}

function copy(samples: Float32Array, ring: Float32Array, at: Frames, frames: Frames): void {
  const start = 2 * (at & (frames - 1))
  const first = Math.min(samples.length, ring.length - start)
  ring.set(samples.subarray(0, first), start)
  ring.set(samples.subarray(first), 0)
}
