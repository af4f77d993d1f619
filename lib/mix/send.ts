import { BLOCK, type Frames } from '../base/index.ts'
import { clamp, Ramp } from './balance.ts'
import { BUS_FLOOR, FADE_FRAMES } from './constants.ts'

const held = (level: number): number => (level < BUS_FLOOR ? 0 : clamp(level, 0, 1))

interface Change {
  /** Frame of the quantum at hand. */
  readonly at: Frames
  readonly level: number
  readonly over: Frames
}

/** How much of an instance goes to a bus, a factor from 0 to 1. A change takes 240 frames at least, so it makes no step. */
export class Send {
  readonly #level: Ramp
  #changes: Change[] = []

  constructor(level: number) {
    this.#level = new Ramp(Number.isFinite(level) ? held(level) : 0)
  }

  /** Whether nothing is sent in the quantum at hand. */
  get silent(): boolean {
    return this.#changes.length === 0 && !this.#level.moving && this.#level.value === 0
  }

  /** From frame `at` of the quantum at hand on; NaN and infinities change nothing. */
  set(level: number, over: Frames, at: Frames): void {
    if (Number.isFinite(level)) this.#changes.push({ at, level: held(level), over: Math.max(over, FADE_FRAMES) })
  }

  /** Adds 128 frames at this level to what a bus is sent. */
  add(left: Float64Array, right: Float64Array, busLeft: Float64Array, busRight: Float64Array): void {
    const changes = this.#changes
    if (changes.length > 0) this.#changes = []
    for (let i = 0; i < BLOCK; i++) {
      for (let next = changes[0]; next && next.at <= i; next = changes[0]) {
        this.#level.to(next.level, next.over)
        changes.shift()
      }
      const level = this.#level.value
      busLeft[i] = (busLeft[i] ?? 0) + (left[i] ?? 0) * level
      busRight[i] = (busRight[i] ?? 0) + (right[i] ?? 0) * level
      this.#level.advance(1)
    }
  }
}
