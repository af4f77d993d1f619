import type { Millis } from '../../base/index.ts'

/** What may pass without a wait after a quiet moment: so many milliseconds' worth, and one piece of a socket at least. */
const BURST: Millis = 100
const LEAST_BURST = 16 * 1024

/**
 * A token bucket over bytes that have passed already: what was too much is waited for afterwards, so no piece has to be cut.
 * It knows no clock: the moment comes in with each call (monotonic milliseconds).
 */
export class Bucket {
  readonly #rate: number
  readonly #burst: number
  #tokens: number
  #at: Millis

  /** @param rate bytes a second, above 0 */
  constructor(rate: number, now: Millis) {
    this.#rate = rate
    this.#burst = Math.max(LEAST_BURST, (rate * BURST) / 1000)
    this.#tokens = this.#burst
    this.#at = now
  }

  /** Takes bytes that pass now. Gives the milliseconds until more may. */
  take(bytes: number, now: Millis): Millis {
    const gained = (Math.max(0, now - this.#at) * this.#rate) / 1000
    this.#tokens = Math.min(this.#burst, this.#tokens + gained) - bytes
    this.#at = now
    return this.#tokens >= 0 ? 0 : (-this.#tokens * 1000) / this.#rate
  }
}

/** The most bytes a second of one connection, each way; 0 is no limit. */
export interface RateLimits {
  readonly up: number
  readonly down: number
}
export const NO_LIMITS: RateLimits = { up: 0, down: 0 }

/** One direction of a socket under a limit: says when the next piece may pass. */
export class Throttle {
  readonly #bucket: Bucket | undefined
  #timer: NodeJS.Timeout | undefined

  /** @param rate bytes a second, 0 for no limit */
  constructor(rate: number) {
    this.#bucket = rate > 0 ? new Bucket(rate, performance.now()) : undefined
  }

  /** Counts a piece that has passed. False where the next may follow at once; else `then` is called when it may. */
  holds(bytes: number, then: () => void): boolean {
    const wait = this.#bucket?.take(bytes, performance.now()) ?? 0
    if (wait <= 0) return false
    this.#timer = setTimeout(then, Math.ceil(wait))
    return true
  }

  /** Forgets whoever waits. */
  stop(): void {
    clearTimeout(this.#timer)
  }
}
