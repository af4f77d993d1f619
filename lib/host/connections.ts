import { compareBytes, MarmaladeError, rawId } from '../base/index.ts'
import type { PlayerId } from '../base/index.ts'
import type { Link } from './link.ts'
import type { Connection, Log } from './types.ts'

type Connected = (connection: Connection) => void
type Disconnected = (connection: Connection, reason: Error) => void

/**
 * The live connections, one for each player. Of two, both sides keep the same one without a word: of two that the same side
 * dialled the newer (the older is a remnant), of two dialled at once from both sides the one that the lower key dialled.
 */
export class Connections {
  readonly #self: PlayerId
  readonly #log: Log
  readonly #live = new Map<PlayerId, Link>()
  readonly #connected = new Set<Connected>()
  readonly #disconnected = new Set<Disconnected>()

  constructor(self: PlayerId, log: Log) {
    this.#self = self
    this.#log = log
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
      this.#log.error({ err: error }, 'a listener for connections failed')
    }
  }

  #replaces(link: Link, present: Link): boolean {
    if (link.direction === present.direction || link.player === this.#self) return true
    const selfIsLower = compareBytes(rawId(this.#self), rawId(link.player)) < 0
    return link.direction === (selfIsLower ? 'out' : 'in')
  }
}

const replaced = (player: PlayerId) =>
  new MarmaladeError('CONNECTION_REPLACED', `another connection to ${player} took its place`)
