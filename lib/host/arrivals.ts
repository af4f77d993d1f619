import type { Millis, PlayerId } from '../base/index.ts'
import { isLoopback, Rates, subscriberOf } from './rates.ts'
import { Refusals } from './refusals.ts'
import type { Rate } from './types.ts'

export interface ArrivalsInit {
  /** Sockets that may come in from one network address (IPv6: from a /64), and from all together. */
  readonly one: Rate
  readonly all: Rate
  /** So many sockets more a broken rule counts. */
  readonly breach: number
  /** Whether addresses of the loopback are told apart too; else all who come over it share the rate of all together. */
  readonly apart: boolean
}

const EVERYBODY = 'all'
const LOOPBACK = 'loopback'

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
    if (this.#isShared(address)) return this.#rates.take(LOOPBACK, all)
    return this.#rates.take(subscriberOf(address), one) && this.#rates.take(EVERYBODY, all)
  }

  /** Milliseconds for which a player is refused; 0 where it may come in. */
  refusedFor(player: PlayerId): Millis {
    return this.#refusals.left(player, this.#now())
  }

  /** A player broke a rule; the address, where there is one that is to pay for it. */
  noteBreach(player: PlayerId, address?: string): void {
    const { one, breach } = this.#init
    this.#refusals.add(player, this.#now())
    if (address !== undefined && !this.#isShared(address)) this.#rates.charge(subscriberOf(address), one, breach)
  }

  #isShared(address: string): boolean {
    return !this.#init.apart && isLoopback(address)
  }
}
