import { setTimeout as wait } from 'node:timers/promises'
import type { Millis } from '../base/index.ts'
import type { ReadingPace } from './frames.ts'

export interface PaceInit {
  /** Monotonic. */
  now(): Millis
  /** What a frame costs this node, in looks. */
  weigh(bytes: Uint8Array): number
  /** Looks that one peer may ask for at once, and of those that are spent, so many come back in a second. */
  readonly burst: number
  readonly perSecond: number
}

/**
 * Frames that cost their sender little and this node a look: a peer that floods is read no faster than so many a second,
 * and others keep their share. What is bounded by credit weighs nothing.
 */
export class Pace implements ReadingPace {
  readonly #init: PaceInit
  #left: number
  #at: Millis

  constructor(init: PaceInit) {
    this.#init = init
    this.#left = init.burst
    this.#at = init.now()
  }

  take(bytes: Uint8Array): Promise<unknown> | undefined {
    const weight = this.#init.weigh(bytes)
    if (weight === 0) return undefined
    this.#left -= weight
    if (this.#left > 0) return undefined
    const { burst, perSecond } = this.#init
    const now = this.#init.now()
    this.#left = Math.min(burst, this.#left + ((now - this.#at) * perSecond) / 1_000)
    this.#at = now
    // Twenty at a time: a timer for each would cost as much as the look.
    return this.#left > 0 ? undefined : wait(((20 - this.#left) / perSecond) * 1_000, undefined, { ref: false })
  }
}
