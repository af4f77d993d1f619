import { BLOCK, type Decibels, type Frames } from '../base/index.ts'
import { Balance } from './balance.ts'
import { CEILING, DC_FLOOR, DC_POLE, FADE_FRAMES, INPUT_LIMIT, QUIET_LEVEL } from './constants.ts'
import { fadeIn, fadeOut } from './fade.ts'

/** Where a chain is in its life: playing, fading what the generator still gives, fading its last sample, over. */
export type ChainState = 'playing' | 'releasing' | 'holding' | 'over'

/** NaN and infinities to 0, the rest to within ±16. */
function tame(x: number): number {
  if (x - x !== 0) return 0
  return x > INPUT_LIMIT ? INPUT_LIMIT : x < -INPUT_LIMIT ? -INPUT_LIMIT : x
}

const isQuiet = (x: number): boolean => x < QUIET_LEVEL && x > -QUIET_LEVEL
const limit = (x: number): number => (x > CEILING ? CEILING : x < -CEILING ? -CEILING : x)

/**
 * What happens to an instance's sound before it is a stem (ENGINE-1 section 6), in this order: NaN and infinities to 0,
 * DC block, the author's gain and pan, ceiling, fades. float64 inside, float32 out; + - * / alone. `+ 0` makes silence 0,
 * never -0.
 */
export class Chain {
  readonly balance: Balance
  #state: ChainState = 'playing'
  /** Frames since the first one, up to the fade's length. */
  #in: Frames = 0
  /** Frames since the fade out began. */
  #out: Frames = 0
  #xLeft = 0
  #xRight = 0
  #yLeft = 0
  #yRight = 0
  #lastLeft = 0
  #lastRight = 0
  #quiet: Frames = 0

  constructor(gain: Decibels, pan: number) {
    this.balance = new Balance(gain, pan)
  }

  get state(): ChainState {
    return this.#state
  }

  /** For how many frames on end it has been below -80 dBFS, before fades. */
  get quiet(): Frames {
    return this.#quiet
  }

  /** Fades out what the generator goes on to give, from the next frame on. */
  release(): void {
    if (this.#state === 'playing') this.#state = 'releasing'
  }

  /** Fades the last sample out, from the next frame on; the generator is asked for no more. */
  hold(): void {
    if (this.#state === 'over' || this.#state === 'holding') return
    this.#state = 'holding'
    this.#out = 0
  }

  /**
   * Takes `frames` of planar stereo from the start of `left` and `right` and writes as many at `at`.
   * After the last frame of a fade it writes zeros. What is left of a DC block below 1e-30 is dropped where a multiple of
   * 128 ends, so how a block is cut changes no sample.
   */
  run(
    left: Float32Array,
    right: Float32Array,
    outLeft: Float32Array,
    outRight: Float32Array,
    at: Frames,
    frames: Frames,
  ): void {
    const settled = this.#state === 'playing' && this.#in >= FADE_FRAMES && this.balance.steady
    if (settled) this.#runSettled(left, right, outLeft, outRight, at, frames)
    else this.#runMoving(left, right, outLeft, outRight, at, frames)
    if ((at + frames) % BLOCK !== 0) return
    if (this.#yLeft < DC_FLOOR && this.#yLeft > -DC_FLOOR) this.#yLeft = 0
    if (this.#yRight < DC_FLOOR && this.#yRight > -DC_FLOOR) this.#yRight = 0
  }

  #runMoving(
    left: Float32Array,
    right: Float32Array,
    outLeft: Float32Array,
    outRight: Float32Array,
    at: Frames,
    frames: Frames,
  ): void {
    const { balance } = this
    for (let i = 0; i < frames; i++) {
      const xLeft = tame(left[i] ?? 0)
      const xRight = tame(right[i] ?? 0)
      this.#yLeft = xLeft - this.#xLeft + DC_POLE * this.#yLeft
      this.#yRight = xRight - this.#xRight + DC_POLE * this.#yRight
      this.#xLeft = xLeft
      this.#xRight = xRight
      const l = limit(this.#yLeft * balance.left)
      const r = limit(this.#yRight * balance.right)
      balance.advance()
      this.#write(l, r, outLeft, outRight, at + i)
    }
  }

  /**
   * The same samples where nothing fades or moves, which is nearly always: one loop with both sides in it, so that one
   * does not wait for the other, and nothing called or written but the output.
   */
  #runSettled(
    left: Float32Array,
    right: Float32Array,
    outLeft: Float32Array,
    outRight: Float32Array,
    at: Frames,
    frames: Frames,
  ): void {
    const { left: gainLeft, right: gainRight } = this.balance
    let xLeft = this.#xLeft
    let xRight = this.#xRight
    let yLeft = this.#yLeft
    let yRight = this.#yRight
    let lastLoud = -1
    let l = 0
    let r = 0
    for (let i = 0; i < frames; i++) {
      let nextLeft = left[i] ?? 0
      let nextRight = right[i] ?? 0
      // False for NaN too: what is in range, which is nearly all there is, costs no call.
      if (!(Math.abs(nextLeft) <= INPUT_LIMIT)) nextLeft = tame(nextLeft)
      if (!(Math.abs(nextRight) <= INPUT_LIMIT)) nextRight = tame(nextRight)
      yLeft = nextLeft - xLeft + DC_POLE * yLeft
      yRight = nextRight - xRight + DC_POLE * yRight
      xLeft = nextLeft
      xRight = nextRight
      l = yLeft * gainLeft + 0
      r = yRight * gainRight + 0
      const levelLeft = Math.abs(l)
      const levelRight = Math.abs(r)
      if (levelLeft >= QUIET_LEVEL || levelRight >= QUIET_LEVEL) lastLoud = i
      if (levelLeft > CEILING) l = l < 0 ? -CEILING : CEILING
      if (levelRight > CEILING) r = r < 0 ? -CEILING : CEILING
      outLeft[at + i] = l
      outRight[at + i] = r
    }
    this.#xLeft = xLeft
    this.#xRight = xRight
    this.#yLeft = yLeft
    this.#yRight = yRight
    this.#quiet = lastLoud < 0 ? this.#quiet + frames : frames - 1 - lastLoud
    this.#lastLeft = l
    this.#lastRight = r
  }

  /** Writes `frames` of the held sample's fade at `at`, zeros after its end. */
  runHeld(outLeft: Float32Array, outRight: Float32Array, at: Frames, frames: Frames): void {
    for (let i = at; i < at + frames; i++) {
      const factor = this.#state === 'holding' ? fadeOut(this.#out) : 0
      outLeft[i] = this.#lastLeft * factor + 0
      outRight[i] = this.#lastRight * factor + 0
      this.#step()
    }
  }

  #write(l: number, r: number, outLeft: Float32Array, outRight: Float32Array, at: Frames): void {
    this.#quiet = isQuiet(l) && isQuiet(r) ? this.#quiet + 1 : 0
    let factor = 1
    if (this.#in < FADE_FRAMES) factor = fadeIn(this.#in++)
    if (this.#state !== 'playing') {
      factor *= this.#state === 'over' ? 0 : fadeOut(this.#out)
      this.#step()
    }
    this.#lastLeft = l * factor + 0
    this.#lastRight = r * factor + 0
    outLeft[at] = this.#lastLeft
    outRight[at] = this.#lastRight
  }

  #step(): void {
    if (this.#state === 'over') return
    this.#out++
    if (this.#out >= FADE_FRAMES) this.#state = 'over'
  }
}
