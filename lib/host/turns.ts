import type pull from 'pull-stream'
import type { Millis } from '../base/index.ts'

/** The part of the thread that strangers who came in get while others are served, and what they may take at once. */
const SHARE = 0.02
const BURST: Millis = 20
/** Others count as being served for so long after they sent something. */
const LATELY: Millis = 250
/** Bytes that are taken in one turn. */
const SLICE = 16_384

/**
 * What strangers who came in have this node do. While nobody else is served they may have all of its time; otherwise they wait, each for
 * its turn, and together get a small part of it: what they send is taken in slices, each is timed with all that follows on it at
 * once, and the next waits until it has been paid for. It knows no clock: milliseconds come from `now` (monotonic).
 */
export class Turns {
  readonly #now: () => Millis
  readonly #waiting = new Set<() => void>()
  #left = BURST
  #at: Millis
  #othersAt = -Infinity
  #running = false

  constructor(now: () => Millis) {
    this.#now = now
    this.#at = now()
  }

  /** Somebody else is being served. */
  noteOther(): void {
    this.#othersAt = this.#now()
  }

  /** Whether a stranger has to wait for its turn. */
  get contended(): boolean {
    return this.#waiting.size > 0 || this.#now() - this.#othersAt < LATELY
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

  /** Milliseconds until it is to be looked at again whether the next turn may begin; 0 where it may. */
  #owed(): Millis {
    const now = this.#now()
    const isFree = now - this.#othersAt >= LATELY
    this.#left = isFree ? BURST : Math.min(BURST, this.#left + (now - this.#at) * SHARE)
    this.#at = now
    return this.#left > 0 ? 0 : Math.min(LATELY, (0 - this.#left) / SHARE)
  }

  /** Two immediates of one round: between them runs whatever promises the first one's work settles, and nothing else. */
  #turn(): void {
    let began = this.#now()
    setImmediate(() => {
      began = this.#now()
      const [work] = this.#waiting
      if (!work) return
      this.#waiting.delete(work)
      work()
    })
    setImmediate(() => {
      this.#left -= this.#now() - began
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
