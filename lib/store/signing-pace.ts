import type { Clock, Millis } from '../base/index.ts'

/** How much the last measurement counts beside those before it. */
const NEWEST = 0.1
/** Longer ones count as this: a machine that was asleep says nothing of its disk. */
const LONGEST: Millis = 100

/**
 * How many entries are signed before they are written, by how long signing and writing take. On a quick disk half of what
 * there is, so that the other half is signed while that is written; on a slow one all of it, since a synced write takes
 * about as long for many entries as for one. By the mean of both, since it is the slowest syncs that take most of the time,
 * and smaller groups need more of them.
 */
export class SigningPace {
  readonly #clock: Clock
  /** Of one entry. */
  #signing: Millis = 0
  /** Of one group. */
  #writing: Millis = 0

  constructor(clock: Clock) {
    this.#clock = clock
  }

  now(): Millis {
    return this.#clock.monotonic()
  }

  /** So many entries were signed since `began`. */
  signed(entries: number, began: Millis): void {
    this.#signing = towards(this.#signing, (this.now() - began) / entries)
  }

  /** A group was written since `began`. */
  wrote(began: Millis): void {
    this.#writing = towards(this.#writing, this.now() - began)
  }

  /** Whether so many signed entries are written now, rather than after those that wait have been signed too. */
  isEnough(signed: number, waiting: number): boolean {
    return signed > 0 && signed >= waiting && waiting * this.#signing > this.#writing
  }
}

const towards = (mean: Millis, measured: Millis): Millis => mean + NEWEST * (Math.min(measured, LONGEST) - mean)
