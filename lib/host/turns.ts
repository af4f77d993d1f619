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

interface Waiting {
  readonly work: () => void
  readonly merit: Merit
  /** How far the lane was when it came. */
  readonly since: Millis
}

/**
 * Those who share a part of the thread. Who has had the least of it is next, and who comes new, or has asked for nothing for a while,
 * counts as having had what those have who are being served: start-time fair queueing (Goyal, Vin and Cheng 1996). So who asks for
 * little does not wait for each of those who ask for much.
 */
class Lane {
  /** What they may take before the next has to wait. */
  left: Millis
  readonly #init: LaneInit
  readonly #waiting = new Set<Waiting>()
  readonly #had = new WeakMap<Merit, Millis>()
  #at: Millis = 0

  constructor(init: LaneInit) {
    this.#init = init
    this.left = init.burst
  }

  get anyWaits(): boolean {
    return this.#waiting.size > 0
  }
  /** Gives how to take it back. */
  add(work: () => void, merit: Merit): () => void {
    const waiting = { work, merit, since: this.#at }
    this.#waiting.add(waiting)
    return () => void this.#waiting.delete(waiting)
  }
  /** Takes out whose turn it is. */
  next(): Waiting | undefined {
    let first: Waiting | undefined
    let least = Infinity
    for (const waiting of this.#waiting) {
      const had = this.#hadBy(waiting)
      if (had >= least) continue
      first = waiting
      least = had
    }
    if (!first) return undefined
    this.#waiting.delete(first)
    this.#at = least
    return first
  }
  charge(served: Waiting, took: Millis): void {
    this.left -= took
    this.#had.set(served.merit, this.#hadBy(served) + took)
    served.merit.spend(took)
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

  #hadBy({ merit, since }: Waiting): Millis {
    return Math.max(since, this.#had.get(merit) ?? 0)
  }
}

/**
 * What strangers who came in have this node do. While nobody else is served they may have all of its time; otherwise they wait, each for
 * its turn: what they send is taken in slices, each is timed with all that follows on it at once, and the next waits until it has been
 * paid for. Those with merit together get a small part of the thread and two thirds of what others leave: most who draw a feed are
 * strangers to its author, who does not follow them all, and a node with time to spare serves them as fast as anybody. Those without,
 * who have only just come or who ask for much that comes to nothing, share another small part, also beside the former alone, and more
 * only of a node that has been idle for more than half of its time.
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
    const takeBack = (merit.has ? this.#deserving : this.#newcomers).add(work, merit)
    this.#start()
    return takeBack
  }

  get #anyWaits(): boolean {
    return this.#deserving.anyWaits || this.#newcomers.anyWaits
  }

  #start(): void {
    if (this.#running || !this.#anyWaits) return
    this.#running = true
    this.#pay()
    // Newcomers first: their part is small, and while nobody else is served the others' has no end.
    const next = [this.#newcomers, this.#deserving].find(({ anyWaits, left }) => anyWaits && left > 0)
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
    if (isFree) this.#deserving.fill()
    if (isFree && !this.#deserving.anyWaits) this.#newcomers.fill()
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
      served = lane.next()
      served?.work()
    })
    setImmediate(() => {
      if (served) lane.charge(served, this.#thread.now() - began)
      this.count++
      this.#running = false
      this.#start()
    })
  }
}
