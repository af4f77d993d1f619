import type { Millis } from '../base/index.ts'

/** Milliseconds of this node's thread that a byte is worth: several times what it costs to send or to take in. */
const WORTH = 100e-6
/** What is kept at most: of 10 MB. */
const MOST: Millis = 1_000
/** What was of use counts for so many bytes at least: a single entry, as it comes live, costs more than its bytes. */
const LEAST_USE = 16_384
/** Bytes that go to anybody: so many at once, then so many a second. */
const TRICKLE = { burst: 65_536, perSecond: 131_072 }

/**
 * What a stranger has a claim to by its conduct, in milliseconds of this node's thread. It is earned by what comes of the
 * connection: bytes that it asked for and has taken, bytes that were asked of it and were of use. All else that it has the
 * node do is paid from it, and nothing is lent: who floods has none left, whatever it earned before.
 */
export class Merit {
  #left: Millis = 0
  #taken = 0
  #trickle = TRICKLE.burst
  #at: Millis = -Infinity

  /** Whether some is left. */
  get has(): boolean {
    return this.#left > 0
  }
  earn(bytes: number): void {
    this.#left = Math.min(MOST, this.#left + bytes * WORTH)
  }
  /** It says that it has taken so much. That is believed of what has left for it, and of each byte once. @param left bytes in all */
  earnByTaking(bytes: number, left: number): void {
    const taken = Math.max(0, Math.min(bytes, left - this.#taken))
    this.#taken += taken
    this.earn(taken)
  }
  /** Something that it brought was of use. */
  earnByUse(bytes: number): void {
    this.earn(Math.max(bytes, LEAST_USE))
  }
  /** Takes so many bytes of those that it is sent whatever its merit: as many as live entries need. False where there are not as many. */
  trickles(bytes: number, now: Millis): boolean {
    this.#trickle = Math.min(TRICKLE.burst, this.#trickle + ((now - this.#at) / 1_000) * TRICKLE.perSecond)
    this.#at = now
    if (bytes > this.#trickle) return false
    this.#trickle -= bytes
    return true
  }
  spend(millis: Millis): void {
    this.#left = Math.max(0, this.#left - millis)
  }
}
