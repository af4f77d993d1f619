import type { Millis } from '../base/index.ts'
import type { Merit } from './merit.ts'

/** What strangers with merit may take at once, and those without: enough for what earns some. */
const BURST: Millis = 20
const FIRST_BURST: Millis = 10
/** How often is looked again whether the next may have its turn. */
const LOOK: Millis = 10
/** Over so long it is seen how much a node has to do; of what is then idle beyond a half all who wait may have it. */
const SEEN_OVER: Millis = 1_000
const KEPT_IDLE = 0.5
/** Others count as being served for so long after they sent something. */
const LATELY: Millis = 250

/** Of the thread, in milliseconds: a monotonic clock, and how long it has had nothing to do so far. */
export interface ThreadTime {
  now(): Millis
  idle(): Millis
}

interface LaneInit {
  readonly burst: Millis
  /** The part of a busy thread. */
  readonly share: number
  /** What they get for each millisecond that is left to them. */
  readonly ofIdle: number
}

/** Those who share a part of the thread, in the order in which they came. */
class Lane {
  readonly waiting = new Set<Waiting>()
  /** What they may take before the next has to wait. */
  left: Millis
  readonly #init: LaneInit

  constructor(init: LaneInit) {
    this.#init = init
    this.left = init.burst
  }

  /** @param elapsed how much time has passed @param idle how much of it is left to them */
  pay(elapsed: Millis, idle: Millis): void {
    const { burst, share, ofIdle } = this.#init
    this.left = Math.min(burst, this.left + elapsed * share + idle * ofIdle)
  }
  /** Nobody else is served. */
  fill(): void {
    this.left = this.#init.burst
  }
}

interface Waiting {
  readonly work: () => void
  readonly merit: Merit
}

/**
 * What strangers who came in have this node do. While nobody else is served they may have all of its time; otherwise they wait, each for
 * its turn: what they send is taken in slices, each is timed with all that follows on it at once, and the next waits until it has been
 * paid for. Those with merit together get a small part of the thread and two thirds of what others leave: most who draw a feed are
 * strangers to its author, who does not follow them all, and a node with time to spare serves them as fast as anybody. Those without,
 * who have only just come or who ask for much that comes to nothing, share another small part, and more only of a node that has been idle
 * for more than half of its time.
 */
export class Turns {
  readonly #thread: ThreadTime
  readonly #deserving = new Lane({ burst: BURST, share: 0.02, ofIdle: 2 })
  readonly #newcomers = new Lane({ burst: FIRST_BURST, share: 0.03, ofIdle: 1 })
  #at: Millis
  #idle: Millis
  /** The part of the last second or so in which the thread had nothing to do. */
  #idleness = 0
  #knownAt = -Infinity
  #running = false
  /** Turns that are over. */
  count = 0

  constructor(thread: ThreadTime) {
    this.#thread = thread
    this.#at = thread.now()
    this.#idle = thread.idle()
  }

  /** Somebody whom the node knows is being served. */
  noteKnown(): void {
    this.#knownAt = this.#thread.now()
  }

  /** Whether a stranger has to wait for its turn. */
  get contended(): boolean {
    return this.#anyWaits || this.#thread.now() - this.#knownAt < LATELY
  }

  /** Does the work when its turn comes, at the cost of the stranger's merit. Gives how to take it back. */
  wait(work: () => void, merit: Merit): () => void {
    const waiting = { work, merit }
    const lane = merit.has ? this.#deserving : this.#newcomers
    lane.waiting.add(waiting)
    this.#start()
    return () => void lane.waiting.delete(waiting)
  }

  get #anyWaits(): boolean {
    return this.#deserving.waiting.size + this.#newcomers.waiting.size > 0
  }

  #start(): void {
    if (this.#running || !this.#anyWaits) return
    this.#running = true
    this.#pay()
    const next = [this.#deserving, this.#newcomers].find(({ waiting, left }) => waiting.size > 0 && left > 0)
    if (next) this.#turn(next)
    else {
      setTimeout(() => {
        this.#running = false
        this.#start()
      }, LOOK)
    }
  }

  #pay(): void {
    const now = this.#thread.now()
    const idle = this.#thread.idle()
    const isFree = now - this.#knownAt >= LATELY
    const elapsed = now - this.#at
    const rested = idle - this.#idle
    if (elapsed > 0) this.#idleness += (rested / elapsed - this.#idleness) * Math.min(1, elapsed / SEEN_OVER)
    if (isFree) for (const lane of [this.#deserving, this.#newcomers]) lane.fill()
    this.#deserving.pay(elapsed, rested)
    this.#newcomers.pay(elapsed, elapsed * Math.max(0, this.#idleness - KEPT_IDLE))
    this.#at = now
    this.#idle = idle
  }

  /** Two immediates of one round: between them runs whatever promises the first one's work settles, and nothing else. */
  #turn(lane: Lane): void {
    let began = this.#thread.now()
    let served: Waiting | undefined
    setImmediate(() => {
      began = this.#thread.now()
      ;[served] = lane.waiting
      if (!served) return
      lane.waiting.delete(served)
      served.work()
    })
    setImmediate(() => {
      const took = this.#thread.now() - began
      lane.left -= took
      served?.merit.spend(took)
      this.count++
      this.#running = false
      this.#start()
    })
  }
}
