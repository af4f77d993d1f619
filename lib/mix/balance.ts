import { gainOfDecibels, type Decibels, type Frames } from '../base/index.ts'
import { FADE_FRAMES, GAIN_LEAST, GAIN_MOST } from './constants.ts'
import { fadeOut } from './fade.ts'

/** A value held within a range. */
export const clamp = (value: number, least: number, most: number): number =>
  value < least ? least : value > most ? most : value

/** A value that goes straight from one number to another in so many frames. */
export class Ramp {
  #from: number
  #to: number
  #over: Frames = 0
  #at: Frames = 0

  constructor(value: number) {
    this.#from = value
    this.#to = value
  }

  get moving(): boolean {
    return this.#at < this.#over
  }

  /** The value in force at the current frame. */
  get value(): number {
    return this.moving ? this.#from + (this.#to - this.#from) * (this.#at / this.#over) : this.#to
  }

  /** From the value in force, at once where `over` is 0. */
  to(value: number, over: Frames): void {
    this.#from = this.value
    this.#to = value
    this.#over = over
    this.#at = 0
  }

  advance(frames: Frames): void {
    if (this.moving) this.#at += frames
  }
}

/**
 * Gain and pan as a factor for each side, moved frame by frame. Gain is in decibels (-200 to 24, -200 is silence) and
 * a ramp is linear in decibels; pan is -1 to 1 by the balance law: the side that one turns away from goes down linearly
 * to 0, the other stays. The value in force follows the contract exactly; where it steps, what is heard goes from the old
 * factors to the new ones by the fade's shape in 240 frames, so nothing clicks.
 */
export class Balance {
  readonly #gain: Ramp
  readonly #pan: Ramp
  #residualLeft = 0
  #residualRight = 0
  #residualAt: Frames = FADE_FRAMES
  #baseLeft = 1
  #baseRight = 1
  left = 1
  right = 1

  constructor(gain: Decibels, pan: number) {
    this.#gain = new Ramp(clamp(gain, GAIN_LEAST, GAIN_MOST))
    this.#pan = new Ramp(clamp(pan, -1, 1))
    this.#evaluate()
  }

  /** Whether `left` and `right` stay as they are until the next change. */
  get steady(): boolean {
    return this.#residualAt >= FADE_FRAMES && !this.#gain.moving && !this.#pan.moving
  }

  setGain(gain: Decibels, over: Frames): void {
    this.#change(this.#gain, clamp(gain, GAIN_LEAST, GAIN_MOST), over)
  }

  setPan(pan: number, over: Frames): void {
    this.#change(this.#pan, clamp(pan, -1, 1), over)
  }

  /** To the next frame. */
  advance(): void {
    if (this.steady) return
    this.#gain.advance(1)
    this.#pan.advance(1)
    if (this.#residualAt < FADE_FRAMES) this.#residualAt++
    this.#evaluate()
  }

  /** NaN and infinities change nothing. */
  #change(ramp: Ramp, value: number, over: Frames): void {
    if (!Number.isFinite(value)) return
    const left = this.left
    const right = this.right
    ramp.to(value, over)
    this.#evaluate()
    this.#residualLeft = left - this.#baseLeft
    this.#residualRight = right - this.#baseRight
    this.#residualAt = this.#residualLeft === 0 && this.#residualRight === 0 ? FADE_FRAMES : 0
    this.#apply()
  }

  #evaluate(): void {
    const gain = gainOfDecibels(this.#gain.value)
    const pan = this.#pan.value
    this.#baseLeft = pan > 0 ? gain * (1 - pan) : gain
    this.#baseRight = pan < 0 ? gain * (1 + pan) : gain
    this.#apply()
  }

  #apply(): void {
    const weight = fadeOut(this.#residualAt)
    this.left = this.#baseLeft + this.#residualLeft * weight
    this.right = this.#baseRight + this.#residualRight * weight
  }
}
