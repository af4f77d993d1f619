import type { Millis, PlayerId } from '../base/index.ts'
import { Rates, subscriberOf } from './rates.ts'
import { Refusals } from './refusals.ts'
import type { Rate } from './types.ts'

export interface ArrivalsInit {
  /** Sockets that may come in from one network address (IPv6: from a /64), and from all together. */
  readonly one: Rate
  readonly all: Rate
  /** So many sockets more a broken rule counts. */
  readonly breach: number
}

const EVERYBODY = 'all'

/** Who may come in now. Milliseconds come from `now` (monotonic). */
export class Arrivals {
  readonly #init: ArrivalsInit
  readonly #now: () => Millis
  readonly #rates: Rates
  readonly #refusals = new Refusals()

  constructor(init: ArrivalsInit, now: () => Millis) {
    this.#init = init
    this.#now = now
    this.#rates = new Rates(now)
  }

  /** Whether one more socket from there may stay. One whose own address sends too many costs the others no place. */
  take(address = ''): boolean {
    const { one, all } = this.#init
    return this.#rates.take(subscriberOf(address), one) && this.#rates.take(EVERYBODY, all)
  }

  /** Milliseconds for which a player is refused; 0 where it may come in. */
  refusedFor(player: PlayerId): Millis {
    return this.#refusals.left(player, this.#now())
  }

  /** A player who came from there broke a rule. */
  noteBreach(player: PlayerId, address = ''): void {
    const { one, breach } = this.#init
    this.#refusals.add(player, this.#now())
    this.#rates.charge(subscriberOf(address), one, breach)
  }
}
