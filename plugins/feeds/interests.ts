import type { PlayerId } from '../../lib/base/index.ts'
import type { FollowGraph } from '../../lib/players/index.ts'
import type { InterestKind, Tracked } from './types.ts'

/** Which feeds this node keeps, and why: oneself, follows within reach, and what other plugins ask for. */
export class Interests implements Tracked {
  readonly #follows: FollowGraph
  readonly #asked = new Map<string, { readonly players: () => Iterable<PlayerId>; readonly kind: InterestKind }>()
  readonly #listeners = new Set<() => void>()
  #why = new Map<PlayerId, string[]>()
  /** Those who are tracked for nothing but their own asking. */
  #requested = new Set<PlayerId>()

  constructor(follows: FollowGraph) {
    this.#follows = follows
    this.#collect()
  }

  add(reason: string, players: () => Iterable<PlayerId>, kind: InterestKind = 'own'): void {
    this.#asked.set(reason, { players, kind })
    this.changed()
  }

  changed(): void {
    this.#collect()
    for (const listener of this.#listeners) listener()
  }

  has(player: PlayerId): boolean {
    return this.#why.has(player)
  }

  /** Whether the player is tracked for a reason of our own: nobody becomes more than a stranger by asking. */
  vouchesFor(player: PlayerId): boolean {
    return this.has(player) && !this.#requested.has(player)
  }

  list(): PlayerId[] {
    return [...this.#why.keys()]
  }

  why(player: PlayerId): string[] {
    return this.#why.get(player) ?? ['kept']
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  #collect(): void {
    const why = new Map<PlayerId, string[]>()
    for (const [player, hop] of this.#follows.reached()) {
      why.set(player, [hop === 0 ? 'self' : hop === 1 ? 'follow' : `hop ${hop}`])
    }
    const vouched = new Set(why.keys())
    for (const [reason, { players, kind }] of this.#asked) {
      for (const player of players()) {
        if (this.#follows.blocks(player)) continue
        why.set(player, [...(why.get(player) ?? []), reason])
        if (kind === 'own') vouched.add(player)
      }
    }
    this.#why = why
    this.#requested = new Set([...why.keys()].filter((player) => !vouched.has(player)))
  }
}
