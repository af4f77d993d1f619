import type { Millis, PlayerId } from '../base/index.ts'
import { MAX_OF_PLAYER, type Known } from './addresses.ts'

/** Players remembered; the one whose dial failed longest ago goes. */
const MAX_PLAYERS = 1_024
const FIRST_WAIT: Millis = 1_000
/** Between two dials of one player: each address that it may have has its turn within five minutes. */
const LONGEST_WAIT: Millis = 50_000

interface Failing {
  readonly failures: number
  readonly due: Millis
}

/**
 * How soon a player is dialled again at addresses that it names itself. It can name a new one whenever an old one failed, so
 * the failures of all count together: the wait doubles with each round of as many as a player may have.
 */
export class Patience {
  readonly #failing = new Map<PlayerId, Failing>()

  /** When an address may be dialled, as far as its player's others go. */
  due(known: Known): Millis {
    return isNamed(known) ? (this.#failing.get(known.player)?.due ?? -Infinity) : -Infinity
  }

  failed(known: Known, now: Millis): void {
    if (!isNamed(known)) return
    const failures = (this.#failing.get(known.player)?.failures ?? 0) + 1
    const rounds = Math.min(30, Math.floor((failures - 1) / MAX_OF_PLAYER))
    this.#failing.delete(known.player)
    this.#failing.set(known.player, { failures, due: now + Math.min(LONGEST_WAIT, FIRST_WAIT * 2 ** rounds) })
    const [oldest] = this.#failing.keys()
    if (this.#failing.size > MAX_PLAYERS && oldest !== undefined) this.#failing.delete(oldest)
  }

  /** A player was reached and stayed. */
  forgive(player: PlayerId): void {
    this.#failing.delete(player)
  }
  forgiveAll(): void {
    this.#failing.clear()
  }
}

/** Whether an address is known from its player's own words alone. */
const isNamed = ({ reasons }: Known): boolean =>
  !reasons.has('asked') && !reasons.has('reached') && !reasons.has('heard')
