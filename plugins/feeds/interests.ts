import type { PlayerId } from '../../lib/base/index.ts'
import type { FollowGraph } from '../../lib/players/index.ts'
import type { InterestKind, Tracked } from './types.ts'

/** Entries drawn of a feed that is tracked for nothing but its player's own asking (FEEDS section 5). */
const REQUESTED_ENTRIES = 256

/** Why a feed is kept, and what that makes of its player. */
interface Reasons {
  readonly said: string[]
  readonly kinds: Set<InterestKind>
}

/** Which feeds this node keeps, and why: oneself, follows within reach, and what other plugins ask for. */
export class Interests implements Tracked {
  readonly #follows: FollowGraph
  readonly #asked = new Map<string, { readonly players: () => Iterable<PlayerId>; readonly kind: InterestKind }>()
  readonly #listeners = new Set<() => void>()
  #why: ReadonlyMap<PlayerId, Reasons>

  constructor(follows: FollowGraph) {
    this.#follows = follows
    this.#why = this.#collect()
  }

  /** Adds a reason; gives a function that takes it back. */
  add(reason: string, players: () => Iterable<PlayerId>, kind: InterestKind = 'own'): () => void {
    this.#asked.set(reason, { players, kind })
    this.changed()
    return () => {
      this.#asked.delete(reason)
      this.changed()
    }
  }

  /** Asks everyone's reasons again; listeners are told where something is another now. */
  changed(): void {
    const before = this.#why
    this.#why = this.#collect()
    if (areSame(before, this.#why)) return
    for (const listener of this.#listeners) listener()
  }

  has(player: PlayerId): boolean {
    return this.#why.has(player)
  }

  /** Whether the player is tracked for a reason of our own: nobody becomes more than a stranger by asking. */
  vouchesFor(player: PlayerId): boolean {
    return this.#why.get(player)?.kinds.has('own') ?? false
  }

  mostEntries(player: PlayerId): number {
    const kinds = this.#why.get(player)?.kinds
    return kinds?.has('request') && kinds.size === 1 ? REQUESTED_ENTRIES : Infinity
  }

  list(): PlayerId[] {
    return [...this.#why.keys()]
  }

  why(player: PlayerId): string[] {
    return this.#why.get(player)?.said ?? ['kept']
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  #collect(): Map<PlayerId, Reasons> {
    const why = new Map<PlayerId, Reasons>()
    for (const [player, hop] of this.#follows.reached()) {
      why.set(player, { said: [hop === 0 ? 'self' : hop === 1 ? 'follow' : `hop ${hop}`], kinds: new Set(['own']) })
    }
    for (const [reason, { players, kind }] of this.#asked) {
      for (const player of players()) {
        if (this.#follows.blocks(player)) continue
        const { said, kinds } = why.get(player) ?? { said: [], kinds: new Set() }
        why.set(player, { said: said.includes(reason) ? said : [...said, reason], kinds: kinds.add(kind) })
      }
    }
    return why
  }
}

function areSame(a: ReadonlyMap<PlayerId, Reasons>, b: ReadonlyMap<PlayerId, Reasons>): boolean {
  if (a.size !== b.size) return false
  for (const [player, { said }] of a) if (said.join() !== b.get(player)?.said.join()) return false
  return true
}
