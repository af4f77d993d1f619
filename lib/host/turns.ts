import type pull from 'pull-stream'
import type { Millis } from '../base/index.ts'

/** The part of a busy thread that strangers who came in get while others are served, and what they may take at once. */
const SHARE = 0.02
const BURST: Millis = 20
/** What they get for each millisecond in which the thread had nothing to do: so they take two thirds of what others leave. */
const OF_IDLE = 2
/** How often is looked again whether the next may have its turn. */
const LOOK: Millis = 10
/** Others count as being served for so long after they sent something. */
const LATELY: Millis = 250
/** Bytes that are taken in one turn. */
const SLICE = 16_384

/** Of the thread, in milliseconds: a monotonic clock, and how long it has had nothing to do so far. */
export interface ThreadTime {
  now(): Millis
  idle(): Millis
}

/**
 * What strangers who came in have this node do. While nobody else is served they may have all of its time; otherwise they wait, each for
 * its turn, and together get a small part of it and most of what others leave: what they send is taken in slices, each is timed with
 * all that follows on it at once, and the next waits until it has been paid for. Most who draw a feed are strangers to its author, who
 * does not follow them all: a node with time to spare serves them as fast as anybody.
 */
export class Turns {
  readonly #thread: ThreadTime
  readonly #waiting = new Set<() => void>()
  #left = BURST
  #at: Millis
  #idle: Millis
  #othersAt = -Infinity
  #running = false

  constructor(thread: ThreadTime) {
    this.#thread = thread
    this.#at = thread.now()
    this.#idle = thread.idle()
  }

  /** Somebody else is being served. */
  noteOther(): void {
    this.#othersAt = this.#thread.now()
  }

  /** Whether a stranger has to wait for its turn. */
  get contended(): boolean {
    return this.#waiting.size > 0 || this.#thread.now() - this.#othersAt < LATELY
  }

  /** Does the work when its turn comes. Gives how to take it back. */
  wait(work: () => void): () => void {
    this.#waiting.add(work)
    this.#start()
    return () => void this.#waiting.delete(work)
  }

  #start(): void {
    if (this.#running || this.#waiting.size === 0) return
    this.#running = true
    const wait = this.#owed()
    if (wait <= 0) this.#turn()
    else {
      setTimeout(() => {
        this.#running = false
        this.#start()
      }, wait)
    }
  }

  /** Milliseconds until it is looked at again whether the next turn may begin; 0 where it may. */
  #owed(): Millis {
    const now = this.#thread.now()
    const idle = this.#thread.idle()
    const isFree = now - this.#othersAt >= LATELY
    const paid = (now - this.#at) * SHARE + (idle - this.#idle) * OF_IDLE
    this.#left = isFree ? BURST : Math.min(BURST, this.#left + paid)
    this.#at = now
    this.#idle = idle
    return this.#left > 0 ? 0 : LOOK
  }

  /** Two immediates of one round: between them runs whatever promises the first one's work settles, and nothing else. */
  #turn(): void {
    let began = this.#thread.now()
    setImmediate(() => {
      began = this.#thread.now()
      const [work] = this.#waiting
      if (!work) return
      this.#waiting.delete(work)
      work()
    })
    setImmediate(() => {
      this.#left -= this.#thread.now() - began
      this.#running = false
      this.#start()
    })
  }
}

/** The same stream, of which a stranger's part comes by turns. */
export function byTurns(read: pull.Source<Buffer>, turns: Turns, isStranger: () => boolean): pull.Source<Buffer> {
  let rest: Buffer | undefined
  let asked: pull.SourceCallback<Buffer> | undefined
  let takeBack: () => void = () => undefined

  const serve = (piece: Buffer, callback: pull.SourceCallback<Buffer>): void => {
    rest = undefined
    if (!isStranger()) {
      turns.noteOther()
      callback(null, piece)
      return
    }
    if (!turns.contended) {
      callback(null, piece)
      return
    }
    asked = callback
    takeBack = turns.wait(() => {
      asked = undefined
      if (piece.length > SLICE) rest = piece.subarray(SLICE)
      callback(null, piece.subarray(0, SLICE))
    })
  }

  return (abort, callback) => {
    if (abort !== null && abort !== false) {
      takeBack()
      const waiting = asked
      asked = rest = undefined
      read(abort, (end) => {
        waiting?.(end)
        callback(end)
      })
      return
    }
    if (rest) serve(rest, callback)
    else {
      read(null, (end, piece) => {
        if (piece) serve(piece, callback)
        else callback(end)
      })
    }
  }
}
