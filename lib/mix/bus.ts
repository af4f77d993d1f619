import { BLOCK, type Frames } from '../base/index.ts'
import { BUS_FLOOR, CEILING, FADE_FRAMES, TAIL_FRAMES } from './constants.ts'
import { fadeOut } from './fade.ts'
import type { Send } from './send.ts'
import type { Slot } from './slots.ts'

/** What a bus does to what is sent to it, 128 frames at a time. */
export interface Effect {
  /** For how long its return must have been quiet to be empty. */
  readonly memory: Frames
  run(
    left: Float64Array,
    right: Float64Array,
    outLeft: Float64Array,
    outRight: Float64Array,
    beatsPerFrame: number,
  ): void
  /** Forgets everything. */
  clear(): void
}

/** From the jam's end to where a return is faded out, so that all is over within 8 s. */
const CLOSES_AFTER: Frames = TAIL_FRAMES - FADE_FRAMES - BLOCK

/**
 * An effect that instances share: what they send is added up, and what comes of it is a stem of its own. It costs
 * nothing until something is sent, and sleeps again once it has rung out.
 */
export class Bus {
  readonly #make: () => Effect
  readonly #inLeft = new Float64Array(BLOCK)
  readonly #inRight = new Float64Array(BLOCK)
  readonly #outLeft = new Float64Array(BLOCK)
  readonly #outRight = new Float64Array(BLOCK)
  /** The return, and as raw what was sent. */
  readonly slot: Slot = {
    left: new Float32Array(BLOCK),
    right: new Float32Array(BLOCK),
    rawLeft: new Float32Array(BLOCK),
    rawRight: new Float32Array(BLOCK),
  }
  #effect: Effect | undefined
  #fed = false
  #awake = false
  #quiet: Frames = 0
  /** Frames since it began to be faded out. */
  #out: Frames = 0

  constructor(make: () => Effect) {
    this.#make = make
  }

  /** Whether it still rings. */
  get awake(): boolean {
    return this.#awake
  }

  /** Takes in one instance's share of the quantum at hand. */
  feed(send: Send, left: Float64Array, right: Float64Array): void {
    send.add(left, right, this.#inLeft, this.#inRight)
    this.#fed = true
  }

  /**
   * Renders the quantum into `slot`. @returns whether there is anything in it
   * @param beatsPerFrame asked for where it is needed
   * @param sinceEnd frames from the jam's end to the quantum; negative or NaN before it
   */
  run(beatsPerFrame: () => number, sinceEnd: Frames): boolean {
    if (!this.#fed && !this.#awake) return false
    const loud = this.#fed && isLoud(this.#inLeft, this.#inRight)
    const over = this.#out >= FADE_FRAMES
    if (over || (!loud && !this.#awake)) this.#sleep()
    else this.#sound(beatsPerFrame(), loud, sinceEnd)
    const sounded = this.#awake
    if (this.#out >= FADE_FRAMES || this.#quiet >= (this.#effect?.memory ?? 0)) this.#sleep()
    if (this.#fed) this.#inLeft.fill(0)
    if (this.#fed) this.#inRight.fill(0)
    this.#fed = false
    return sounded
  }

  #sleep(): void {
    if (this.#awake) this.#effect?.clear()
    this.#awake = false
    this.#quiet = 0
  }

  #sound(beatsPerFrame: number, loud: boolean, sinceEnd: Frames): void {
    this.#awake = true
    this.#effect ??= this.#make()
    const { slot } = this
    slot.rawLeft.set(this.#inLeft)
    slot.rawRight.set(this.#inRight)
    this.#effect.run(this.#inLeft, this.#inRight, this.#outLeft, this.#outRight, beatsPerFrame)
    this.#quiet = loud || isLoud(this.#outLeft, this.#outRight) ? 0 : this.#quiet + BLOCK
    const closing = sinceEnd >= CLOSES_AFTER
    for (let i = 0; i < BLOCK; i++) {
      const factor = closing ? fadeOut(this.#out++) : 1
      slot.left[i] = limit(this.#outLeft[i] ?? 0) * factor + 0
      slot.right[i] = limit(this.#outRight[i] ?? 0) * factor + 0
    }
  }
}

const limit = (x: number): number => (x > CEILING ? CEILING : x < -CEILING ? -CEILING : x)

function isLoud(left: Float64Array, right: Float64Array): boolean {
  for (let i = 0; i < BLOCK; i++) {
    if (Math.abs(left[i] ?? 0) >= BUS_FLOOR || Math.abs(right[i] ?? 0) >= BUS_FLOOR) return true
  }
  return false
}
