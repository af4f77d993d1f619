import type { Millis, PlayerId } from '../base/index.ts'
import type { Reason } from './types.ts'

/** Addresses kept in all, and of one player. */
export const MAX_ADDRESSES = 512
export const MAX_OF_PLAYER = 6
/** Addresses of one player that it told over a connection. */
export const MAX_TOLD = 2
/** Addresses known from the local network alone: whoever is on it can name as many as it likes. */
export const MAX_HEARD = 64

const ORDER: readonly Reason[] = ['asked', 'follows', 'tracked', 'told', 'reached', 'heard']
export const rankOf = (reason: Reason): number => ORDER.indexOf(reason)

/** One address and how dialling it went. */
export interface Known {
  readonly address: string
  readonly player: PlayerId
  readonly reasons: Set<Reason>
  failures: number
  due: Millis
  dialling: boolean
  /** When it was dialled last. */
  tried: Millis
  error?: string
}

/** The best reason for which an address is known. */
export const reasonOf = ({ reasons }: Known): Reason => ORDER.find((reason) => reasons.has(reason)) ?? 'heard'

/** The bounded table of addresses. For a better reason a worse address makes room, never the other way round. */
export class Addresses {
  readonly #known = new Map<string, Known>()
  readonly #of = new Map<PlayerId, Set<Known>>()

  all(): Iterable<Known> {
    return this.#known.values()
  }
  get(address: string): Known | undefined {
    return this.#known.get(address)
  }
  of(player: PlayerId): Iterable<Known> {
    return this.#of.get(player) ?? []
  }
  get size(): number {
    return this.#known.size
  }

  /** Adds a reason, and the address where it is new. Gives what had to make room: the newcomer itself where there was none. */
  learn(address: string, player: PlayerId, reason: Reason, due: Millis): Known | undefined {
    const present = this.#known.get(address)
    if (present) {
      if (reason !== 'told' || this.#told(player).length < MAX_TOLD) present.reasons.add(reason)
      return undefined
    }
    const known: Known = {
      address,
      player,
      reasons: new Set([reason]),
      failures: 0,
      due,
      dialling: false,
      tried: -Infinity,
    }
    const loser = this.#crowded(known)
    if (loser === known) return known
    if (loser) this.delete(loser)
    this.#known.set(address, known)
    const others = this.#of.get(player) ?? new Set()
    this.#of.set(player, others.add(known))
    return loser
  }

  /** Takes a reason back; the address goes with its last one. */
  forget(known: Known, reason: Reason): void {
    known.reasons.delete(reason)
    if (known.reasons.size === 0) this.delete(known)
  }

  delete(known: Known): void {
    this.#known.delete(known.address)
    const others = this.#of.get(known.player)
    others?.delete(known)
    if (others?.size === 0) this.#of.delete(known.player)
  }

  #told(player: PlayerId): Known[] {
    return [...this.of(player)].filter(({ reasons }) => reasons.has('told'))
  }

  /** Who goes where there is no room for one more: the worst of those that it competes with, itself included. */
  #crowded(newcomer: Known): Known | undefined {
    const own = [...this.of(newcomer.player)]
    const told = this.#told(newcomer.player)
    // Of what a player told, the oldest goes: where it is now is what it said last.
    if (newcomer.reasons.has('told') && told.length >= MAX_TOLD) return worst([newcomer, ...told.reverse()])
    if (own.length >= MAX_OF_PLAYER) return worst([...own, newcomer])
    if (reasonOf(newcomer) === 'heard') {
      const heard = [...this.#known.values()].filter((known) => reasonOf(known) === 'heard')
      if (heard.length >= MAX_HEARD) return worst([...heard, newcomer])
    }
    return this.#known.size >= MAX_ADDRESSES ? worst([...this.#known.values(), newcomer]) : undefined
  }
}

/**
 * The one for the poorest reason, of these the one that failed most often, of these the last; never one that is being dialled,
 * which would then not count as such.
 */
function worst(among: readonly Known[]): Known | undefined {
  return among
    .filter(({ dialling }) => !dialling)
    .reduce<Known | undefined>((found, known) => {
      if (!found) return known
      const difference = rankOf(reasonOf(known)) - rankOf(reasonOf(found)) || known.failures - found.failures
      return difference >= 0 ? known : found
    }, undefined)
}
