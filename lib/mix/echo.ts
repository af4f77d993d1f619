import { BLOCK, type Frames } from '../base/index.ts'
import type { Effect } from './bus.ts'
import {
  BUS_NOTHING,
  ECHO_BEATS,
  ECHO_CHANGE,
  ECHO_CROSS,
  ECHO_DAMPING,
  ECHO_FEEDBACK,
  ECHO_LOW_CUT,
} from './constants.ts'

/** Above three sixteenths at the slowest tempo, 10: 216,000 frames; a power of two. */
const ROOM = 262_144
const MASK = ROOM - 1

const nothingOf = (x: number): number => (Math.abs(x) < BUS_NOTHING ? 0 : x)

/** Frames of three sixteenths. */
export const echoFrames = (beatsPerFrame: number): Frames => Math.floor(ECHO_BEATS / beatsPerFrame + 0.5)

/** What one side repeats: a ring, read at one distance or, while that changes, at two. */
class Line {
  readonly #ring = new Float64Array(ROOM)
  #high = 0
  #low = 0

  tap(out: Float64Array, at: Frames, frames: Frames): void {
    const ring = this.#ring
    const from = at - frames + ROOM
    for (let i = 0; i < BLOCK; i++) out[i] = ring[(from + i) & MASK] ?? 0
  }

  /** Puts in what is to be repeated, without its highest and lowest tones. */
  put(input: Float64Array, at: Frames): void {
    const ring = this.#ring
    let high = this.#high
    let low = this.#low
    for (let i = 0; i < BLOCK; i++) {
      high += ECHO_DAMPING * ((input[i] ?? 0) - high)
      low += ECHO_LOW_CUT * (high - low)
      ring[(at + i) & MASK] = high - low
    }
    this.#high = nothingOf(high)
    this.#low = nothingOf(low)
  }

  clear(): void {
    this.#ring.fill(0)
    this.#high = 0
    this.#low = 0
  }
}

/**
 * The echo that generators share: what is sent, both sides as one, comes back after three sixteenths on the left, after as
 * many more on the right, and so on, ever softer and duller. Its length follows the tempo, faded over 2,048 frames.
 */
export class Echo implements Effect {
  readonly #left = new Line()
  readonly #right = new Line()
  readonly #a = new Float64Array(BLOCK)
  readonly #b = new Float64Array(BLOCK)
  readonly #next = new Float64Array(BLOCK)
  #at = 0
  /** Frames by which it repeats; 0 before it has run. */
  #frames: Frames = 0
  #before: Frames = 0
  #changing: Frames = ECHO_CHANGE

  /** Whatever is in it has been heard once by then. */
  get memory(): Frames {
    return this.#frames + ECHO_CHANGE
  }

  run(
    left: Float64Array,
    right: Float64Array,
    outLeft: Float64Array,
    outRight: Float64Array,
    beatsPerFrame: number,
  ): void {
    this.#aim(echoFrames(beatsPerFrame))
    this.#read(this.#left, this.#a)
    this.#read(this.#right, this.#b)
    if (this.#changing < ECHO_CHANGE) this.#changing += BLOCK
    const a = this.#a
    const b = this.#b
    for (let i = 0; i < BLOCK; i++) {
      outLeft[i] = (a[i] ?? 0) + ECHO_CROSS * (b[i] ?? 0)
      outRight[i] = (b[i] ?? 0) + ECHO_CROSS * (a[i] ?? 0)
      b[i] = 0.5 * ((left[i] ?? 0) + (right[i] ?? 0)) + ECHO_FEEDBACK * (b[i] ?? 0)
      a[i] = ECHO_FEEDBACK * (a[i] ?? 0)
    }
    this.#left.put(b, this.#at)
    this.#right.put(a, this.#at)
    this.#at = (this.#at + BLOCK) & MASK
  }

  clear(): void {
    this.#left.clear()
    this.#right.clear()
    this.#frames = 0
    this.#changing = ECHO_CHANGE
  }

  /** A new length is taken once the change before it is done. */
  #aim(frames: Frames): void {
    if (this.#frames === 0) this.#frames = frames
    if (frames === this.#frames || this.#changing < ECHO_CHANGE) return
    this.#before = this.#frames
    this.#frames = frames
    this.#changing = 0
  }

  #read(line: Line, out: Float64Array): void {
    line.tap(out, this.#at, this.#frames)
    if (this.#changing >= ECHO_CHANGE) return
    const before = this.#next
    line.tap(before, this.#at, this.#before)
    for (let i = 0; i < BLOCK; i++) {
      const x = (this.#changing + i + 1) / ECHO_CHANGE
      const weight = x * x * (3 - 2 * x)
      const old = before[i] ?? 0
      out[i] = old + ((out[i] ?? 0) - old) * weight
    }
  }
}
