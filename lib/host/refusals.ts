import type { Millis, PlayerId } from '../base/index.ts'

/** How long somebody is refused who broke a rule: the first time, and at most. */
const FIRST: Millis = 1_000
const LONGEST: Millis = 600_000
/** After so long without another it is forgotten. */
const FORGET: Millis = 3_600_000
/** Players remembered; the one that broke a rule longest ago goes. */
const MOST = 1_024

interface Breaches {
  readonly count: number
  readonly until: Millis
}

/** Players who broke a rule of a protocol: each is refused for a while, twice as long each time. Milliseconds are monotonic. */
export class Refusals {
  readonly #breaches = new Map<PlayerId, Breaches>()

  /** Somebody broke a rule. */
  add(player: PlayerId, now: Millis): void {
    const before = this.#breaches.get(player)
    const count = before && now - before.until < FORGET ? before.count : 0
    this.#breaches.delete(player)
    this.#breaches.set(player, { count: count + 1, until: now + Math.min(LONGEST, FIRST * 2 ** count) })
    const [oldest] = this.#breaches.keys()
    if (this.#breaches.size > MOST && oldest !== undefined) this.#breaches.delete(oldest)
  }

  /** Milliseconds for which somebody is still refused; 0 where not. */
  left(player: PlayerId, now: Millis): Millis {
    return Math.max(0, (this.#breaches.get(player)?.until ?? -Infinity) - now)
  }
}
