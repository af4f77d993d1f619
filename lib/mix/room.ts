import { BLOCK, type Frames } from '../base/index.ts'
import type { Effect } from './bus.ts'
import {
  BUS_NOTHING,
  ROOM_DIFFUSERS,
  ROOM_LINES,
  ROOM_LOW_CUT,
  ROOM_MEMORY,
  ROOM_PRE_DELAY,
  ROOM_RETURN,
  ROOM_SPREAD,
} from './constants.ts'

/** Longer than the longest line, a power of two. */
const LINE_ROOM = 4_096
const LINE_MASK = LINE_ROOM - 1

/** A signal as it was so many frames ago (at least 128): a ring that is read and written 128 frames at a time. */
class Delay {
  readonly #ring = new Float64Array(LINE_ROOM)
  readonly #frames: Frames
  #at = 0

  constructor(frames: Frames) {
    this.#frames = frames
  }

  read(out: Float64Array): void {
    const ring = this.#ring
    const from = this.#at - this.#frames + LINE_ROOM
    for (let i = 0; i < BLOCK; i++) out[i] = ring[(from + i) & LINE_MASK] ?? 0
  }

  write(input: Float64Array): void {
    const ring = this.#ring
    const at = this.#at
    for (let i = 0; i < BLOCK; i++) ring[(at + i) & LINE_MASK] = input[i] ?? 0
    this.#at = (at + BLOCK) & LINE_MASK
  }

  clear(): void {
    this.#ring.fill(0)
  }
}

/** One side on its way in: low cut, pre-delay, four allpasses (`v = x + g v[-n]`, `y = v[-n] - g v`). */
class Entrance {
  readonly #delay = new Delay(ROOM_PRE_DELAY)
  readonly #allpasses: readonly { readonly delay: Delay; readonly gain: number }[]
  readonly #old = new Float64Array(BLOCK)
  readonly #new = new Float64Array(BLOCK)
  #low = 0

  constructor(side: 'left' | 'right') {
    this.#allpasses = ROOM_DIFFUSERS.map((d) => ({ delay: new Delay(d[side]), gain: d.gain }))
  }

  run(input: Float64Array, out: Float64Array): void {
    let low = this.#low
    for (let i = 0; i < BLOCK; i++) {
      const x = input[i] ?? 0
      low += ROOM_LOW_CUT * (x - low)
      this.#new[i] = x - low
    }
    this.#low = Math.abs(low) < BUS_NOTHING ? 0 : low
    this.#delay.read(out)
    this.#delay.write(this.#new)
    for (const { delay, gain } of this.#allpasses) this.#smear(delay, gain, out)
  }

  #smear(delay: Delay, gain: number, signal: Float64Array): void {
    const past = this.#old
    const inside = this.#new
    delay.read(past)
    for (let i = 0; i < BLOCK; i++) {
      const before = past[i] ?? 0
      const v = (signal[i] ?? 0) + gain * before
      inside[i] = Math.abs(v) < BUS_NOTHING ? 0 : v
      signal[i] = before - gain * v
    }
    delay.write(inside)
  }

  clear(): void {
    this.#low = 0
    this.#delay.clear()
    for (const { delay } of this.#allpasses) delay.clear()
  }
}

type Eight<T> = readonly [T, T, T, T, T, T, T, T]
const eight = <T>(make: (at: number) => T): Eight<T> =>
  Array.from({ length: 8 }, (_, at) => make(at)) as unknown as Eight<T>
const block = (): Float64Array => new Float64Array(BLOCK)

/**
 * The room that generators share: a feedback delay network of eight lines, mixed by a Hadamard matrix, each with its own
 * loss and damping. The left side goes into the even lines and is heard from them, the right one into the odd ones.
 * Source: J.-M. Jot and A. Chaigne, Digital delay networks for designing artificial reverberators (AES 1991).
 */
export class Room implements Effect {
  readonly memory = ROOM_MEMORY
  readonly #left = new Entrance('left')
  readonly #right = new Entrance('right')
  readonly #lines = ROOM_LINES.map(({ frames }) => new Delay(frames))
  /** What each line gives in this block, damped; then what goes into it. */
  readonly #taps = eight(block)
  readonly #damped = new Float64Array(8)
  readonly #inLeft = block()
  readonly #inRight = block()

  run(left: Float64Array, right: Float64Array, outLeft: Float64Array, outRight: Float64Array): void {
    this.#left.run(left, this.#inLeft)
    this.#right.run(right, this.#inRight)
    for (let line = 0; line < 8; line++) this.#tap(line)
    this.#hear(outLeft, outRight)
    this.#spread()
    this.#lines.forEach((line, at) => line.write(this.#taps[at] ?? outLeft))
  }

  clear(): void {
    this.#left.clear()
    this.#right.clear()
    for (const line of this.#lines) line.clear()
    this.#damped.fill(0)
  }

  #tap(line: number): void {
    const { gain, share } = ROOM_LINES[line] ?? ROOM_LINES[0]
    const tap = this.#taps[line] ?? this.#taps[0]
    this.#lines[line]?.read(tap)
    let damped = this.#damped[line] ?? 0
    for (let i = 0; i < BLOCK; i++) {
      damped += share * ((tap[i] ?? 0) - damped)
      tap[i] = gain * damped
    }
    this.#damped[line] = Math.abs(damped) < BUS_NOTHING ? 0 : damped
  }

  #hear(outLeft: Float64Array, outRight: Float64Array): void {
    const [a, b, c, d, e, f, g, h] = this.#taps
    for (let i = 0; i < BLOCK; i++) {
      outLeft[i] = ROOM_RETURN * ((a[i] ?? 0) + (c[i] ?? 0) - (e[i] ?? 0) - (g[i] ?? 0))
      outRight[i] = ROOM_RETURN * ((b[i] ?? 0) + (d[i] ?? 0) - (f[i] ?? 0) - (h[i] ?? 0))
    }
  }

  /** The Hadamard matrix as three stages of sums and differences, then what comes in: + to lines 0 to 3, - to the others. */
  #spread(): void {
    const [a, b, c, d, e, f, g, h] = this.#taps
    const inLeft = this.#inLeft
    const inRight = this.#inRight
    for (let i = 0; i < BLOCK; i++) {
      const ab = (a[i] ?? 0) + (b[i] ?? 0)
      const aB = (a[i] ?? 0) - (b[i] ?? 0)
      const cd = (c[i] ?? 0) + (d[i] ?? 0)
      const cD = (c[i] ?? 0) - (d[i] ?? 0)
      const ef = (e[i] ?? 0) + (f[i] ?? 0)
      const eF = (e[i] ?? 0) - (f[i] ?? 0)
      const gh = (g[i] ?? 0) + (h[i] ?? 0)
      const gH = (g[i] ?? 0) - (h[i] ?? 0)
      const l = inLeft[i] ?? 0
      const r = inRight[i] ?? 0
      a[i] = ROOM_SPREAD * (ab + cd + (ef + gh)) + l
      b[i] = ROOM_SPREAD * (aB + cD + (eF + gH)) + r
      c[i] = ROOM_SPREAD * (ab - cd + (ef - gh)) + l
      d[i] = ROOM_SPREAD * (aB - cD + (eF - gH)) + r
      e[i] = ROOM_SPREAD * (ab + cd - (ef + gh)) - l
      f[i] = ROOM_SPREAD * (aB + cD - (eF + gH)) - r
      g[i] = ROOM_SPREAD * (ab - cd - (ef - gh)) - l
      h[i] = ROOM_SPREAD * (aB - cD - (eF - gH)) - r
    }
  }
}
