import { compareBytes, MarmaladeError, rawId, timeoutAfter } from '../base/index.ts'
import type { Millis, PlayerId } from '../base/index.ts'
import { oldestOfBusiest } from './busiest.ts'
import type { Link } from './link.ts'
import { subscriberOf } from './rates.ts'
import type { Connection, Log } from './types.ts'

type Connected = (connection: Connection) => void
type Disconnected = (connection: Connection, reason: Error) => void

interface Init {
  readonly self: PlayerId
  readonly log: Log
  /** HOST_SETTINGS says what these are. */
  readonly hold: Millis
  readonly answerTimeout: Millis
  readonly maxStrangers: number
}

/**
 * The live connections, one for each player. Of two, both sides keep the same one without a word: of two dialled at once from
 * both sides the one that the lower key dialled; else the newer, since the older is a remnant, unless it is young and answers.
 */
export class Connections {
  readonly #init: Init
  /** Players whose connection is being asked whether it lives. */
  readonly #asking = new Set<PlayerId>()
  readonly #live = new Map<PlayerId, Link>()
  readonly #connected = new Set<Connected>()
  readonly #disconnected = new Set<Disconnected>()

  constructor(init: Init) {
    this.#init = init
  }

  list(): Link[] {
    return [...this.#live.values()]
  }
  get size(): number {
    return this.#live.size
  }
  of(player: PlayerId): Link | undefined {
    return this.#live.get(player)
  }

  /**
   * Whether somebody who proved to be this player is turned away, because a young connection that the player dialled
   * lives: its key is on two machines, and they take turns.
   */
  async holds(player: PlayerId): Promise<boolean> {
    const { hold, answerTimeout } = this.#init
    const present = this.#live.get(player)
    if (present?.direction !== 'in' || present.age >= hold) return false
    if (this.#asking.has(player)) return true
    this.#asking.add(player)
    try {
      await present.ping({ signal: timeoutAfter(answerTimeout) })
      return this.#live.get(player) === present
    } catch {
      return false
    } finally {
      this.#asking.delete(player)
    }
  }

  /**
   * Takes a connection in, and ends the one to the same player that has to go. Gives the one that stays.
   * @throws MarmaladeError why it ended, where it ended before it was taken in
   */
  add(link: Link): Link {
    if (link.signal.aborted) throw link.signal.reason
    const present = this.#live.get(link.player)
    if (present && !this.#replaces(link, present)) {
      void link.end(replaced(link.player))
      return present
    }
    if (present) void present.end(replaced(link.player))
    this.#live.set(link.player, link)
    for (const listener of this.#connected) this.#call(() => listener(link))
    return link
  }

  /**
   * Ends what strangers who came in have too many of, so that they leave room for those whom the node knows: whoever has the
   * most of them loses its oldest.
   */
  async trimStrangers(): Promise<void> {
    const callers = this.list().filter(({ direction }) => direction === 'in')
    const roles = await Promise.all(callers.map((link) => link.role().catch(() => undefined)))
    const left = new Set(callers.filter((link, at) => roles[at] === 'stranger' && !link.signal.aborted))
    while (left.size > this.#init.maxStrangers) {
      const gone = oldestOfBusiest(left, ({ rateKey }) => rateKey)
      if (!gone) return
      left.delete(gone)
      void gone.end(new MarmaladeError('CONNECTIONS_FULL', 'too many strangers are connected: others take their turn'))
    }
  }

  /** Whether somebody else whom the node knows is connected from, or at, the same network address. */
  isKnownBeside({ player, networkAddress }: Link): boolean {
    if (networkAddress === undefined) return false
    const others = this.list().filter((link) => link.player !== player && link.networkAddress !== undefined)
    const subscriber = subscriberOf(networkAddress)
    return others.some((link) => subscriberOf(link.networkAddress ?? '') === subscriber && !link.isStranger())
  }

  /** A connection has ended. */
  remove(link: Link, reason: Error): void {
    if (this.#live.get(link.player) !== link) return
    this.#live.delete(link.player)
    for (const listener of this.#disconnected) this.#call(() => listener(link, reason))
  }

  onConnection(listener: Connected): () => void {
    this.#connected.add(listener)
    return () => void this.#connected.delete(listener)
  }
  onDisconnect(listener: Disconnected): () => void {
    this.#disconnected.add(listener)
    return () => void this.#disconnected.delete(listener)
  }

  /** One plugin's fault must not cost another its news. */
  #call(tell: () => void): void {
    try {
      tell()
    } catch (error) {
      this.#init.log.error({ err: error }, 'a listener for connections failed')
    }
  }

  #replaces(link: Link, present: Link): boolean {
    const { self, hold } = this.#init
    if (link.direction === present.direction || link.player === self || present.age >= hold) return true
    const selfIsLower = compareBytes(rawId(self), rawId(link.player)) < 0
    return link.direction === (selfIsLower ? 'out' : 'in')
  }
}

const replaced = (player: PlayerId) =>
  new MarmaladeError('CONNECTION_REPLACED', `another connection to ${player} took its place`)
