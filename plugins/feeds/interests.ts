import type { PlayerId } from '../../lib/base/index.ts'
import type { FollowGraph } from '../../lib/players/index.ts'
import type { Tracked } from './types.ts'

/** Which feeds this node keeps, and why: oneself, follows within reach, and what other plugins ask for. */
export class Interests implements Tracked {
  readonly #follows: FollowGraph
  readonly #asked = new Map<string, () => Iterable<PlayerId>>()
  readonly #listeners = new Set<() => void>()
  #why = new Map<PlayerId, string[]>()

  constructor(follows: FollowGraph) {
    this.#follows = follows
    this.#collect()
  }

  add(reason: string, players: () => Iterable<PlayerId>): void {
    this.#asked.set(reason, players)
    this.changed()
  }

  changed(): void {
    this.#collect()
    for (const listener of this.#listeners) listener()
  }

  has(player: PlayerId): boolean {
    return this.#why.has(player)
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
    for (const [reason, players] of this.#asked) {
      for (const player of players()) {
        if (this.#follows.blocks(player)) continue
        const reasons = why.get(player)
        if (reasons) reasons.push(reason)
        else why.set(player, [reason])
      }
    }
    this.#why = why
  }
}
