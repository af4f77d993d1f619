import { setImmediate as nextTurn, setTimeout as wait } from 'node:timers/promises'
import type { Millis, PlayerId } from '../base/index.ts'
import type { LinkId } from './types.ts'

/** Runs of so many bytes at most, together with what waits of their feed, go before longer ones. */
const SMALL_BYTES = 16_384
/**
 * Runs of one stream that wait together are taken in as one up to so many bytes, while nothing comes live: one signature
 * and one write for all of them.
 */
const LONG_BYTES = 3 * 65_536
/** Long runs that are taken in at a time, each of another feed: one is checked while another is written. */
const LONG_UNDER_WAY = 2
/** Small ones, besides. */
const SMALL_UNDER_WAY = 16
/** Small ones came so lately that more of them are to be expected. */
const LIVE_FOR: Millis = 100
/** How many times as long as it took a long run rests meanwhile: by measurement (bench/live.ts). */
const REST = 2
/** The longest that it rests. */
const MOST_REST: Millis = 20

/** A run on its way into the store. */
export interface Piece {
  readonly link: LinkId
  readonly stream: number
  readonly identity: PlayerId
  /** What it weighs against credit. */
  readonly bytes: number
}

export interface IntakeInit<T extends Piece> {
  /** Monotonic. */
  now(): Millis
  /** Takes runs that follow on one another on one stream, together as one. Must not reject. */
  take(runs: readonly T[]): Promise<void>
}

interface Line<T> {
  readonly identity: PlayerId
  readonly waiting: T[]
  bytes: number
}

/**
 * Runs on their way into the store. Those of one feed are taken in order, small ones that wait together; feeds with
 * little to take go first, those with much by turns. Other events have their turn in between, and while small runs
 * come, long ones rest twice as long as they worked: so a fresh entry passes while old ones are caught up with. Bounded by
 * what peers may send before it is taken.
 */
export class Intake<T extends Piece> {
  readonly #init: IntakeInit<T>
  readonly #small: Line<T>[] = []
  readonly #long: Line<T>[] = []
  readonly #lines = new Map<PlayerId, Line<T>>()
  #smallBusy = 0
  #longBusy = 0
  #smallAt = -Infinity
  #idle: (() => void)[] = []

  constructor(init: IntakeInit<T>) {
    this.#init = init
  }

  /** Takes a run after the feed's earlier ones. */
  add(run: T): void {
    const { identity, bytes } = run
    const line = this.#lines.get(identity)
    if (line) {
      line.waiting.push(run)
      line.bytes += bytes
      return
    }
    const fresh: Line<T> = { identity, waiting: [run], bytes }
    this.#lines.set(identity, fresh)
    this.#queue(fresh)
  }

  /** Resolves when everything has been taken in. */
  idle(): Promise<void> {
    return this.#lines.size === 0 ? Promise.resolve() : new Promise((resolve) => this.#idle.push(resolve))
  }

  #queue(line: Line<T>): void {
    if (line.bytes <= SMALL_BYTES) this.#small.push(line)
    else this.#long.push(line)
    this.#start()
  }

  #start(): void {
    for (let line = this.#smallLine(); line; line = this.#smallLine()) {
      this.#smallBusy++
      void this.#take(line, () => this.#smallBusy--)
    }
    for (let line = this.#longLine(); line; line = this.#longLine()) {
      this.#longBusy++
      void this.#take(line, () => this.#longBusy--)
    }
  }
  #smallLine(): Line<T> | undefined {
    return this.#smallBusy < SMALL_UNDER_WAY ? this.#small.shift() : undefined
  }
  #longLine(): Line<T> | undefined {
    return this.#longBusy < LONG_UNDER_WAY ? this.#long.shift() : undefined
  }

  /** The next of one feed; then the feed queues again, behind the others. */
  async #take(line: Line<T>, done: () => void): Promise<void> {
    const began = this.#init.now()
    const runs = nextOf(line.waiting, this.#isLive(began) ? SMALL_BYTES : LONG_BYTES)
    const bytes = runs.reduce((sum, run) => sum + run.bytes, 0)
    line.bytes -= bytes
    if (bytes <= SMALL_BYTES) this.#smallAt = began
    await this.#init.take(runs)
    if (bytes > SMALL_BYTES) await this.#rest(began)
    done()
    if (line.waiting.length > 0) this.#queue(line)
    else this.#end(line)
  }

  async #rest(began: Millis): Promise<void> {
    const now = this.#init.now()
    if (this.#isLive(now)) await wait(Math.min(MOST_REST, REST * (now - began)))
    else await nextTurn()
  }

  /** Whether small runs came lately. */
  #isLive(now: Millis): boolean {
    return now - this.#smallAt <= LIVE_FOR
  }

  #end({ identity }: Line<T>): void {
    this.#lines.delete(identity)
    this.#start()
    if (this.#lines.size > 0) return
    for (const resolve of this.#idle.splice(0)) resolve()
  }
}

/** Takes out the next run, and those after it on its stream, as long as all of them together are that small. */
function nextOf<T extends Piece>(waiting: T[], most: number): T[] {
  const [first] = waiting
  let [count, bytes] = [1, first?.bytes ?? 0]
  for (const { link, stream, bytes: more } of waiting.slice(1)) {
    bytes += more
    if (bytes > most || link !== first?.link || stream !== first.stream) break
    count++
  }
  return waiting.splice(0, count)
}
