import type { PlayerId } from '../base/index.ts'
import { compareHeads, type HeadPosition } from '../entry/index.ts'

/** What one player said last about another. */
export interface Edge {
  readonly on: boolean
  /** Of the entry that said so. */
  readonly position: HeadPosition
}

/**
 * Whom one player follows, or blocks: of several entries about one identity the highest (comparable, key) counts.
 * Only the identities that were named first are remembered, so the bound is a pure function of the feed.
 */
export class Edges {
  readonly #most: number
  readonly #edges = new Map<PlayerId, Edge>()

  /** @param most identities remembered */
  constructor(most: number) {
    this.#most = most
  }

  /** How many identities are remembered, those no longer followed included. */
  get size(): number {
    return this.#edges.size
  }

  /** Whether something may have been left out. */
  get isFull(): boolean {
    return this.#edges.size >= this.#most
  }

  /** Takes in what one entry says; true where the edge is on now and was not, or the other way round. */
  fold(target: PlayerId, edge: Edge): boolean {
    const before = this.#edges.get(target)
    if (!before && this.isFull) return false
    if (before && compareHeads(before.position, edge.position) >= 0) return false
    this.#edges.set(target, edge)
    return (before?.on ?? false) !== edge.on
  }

  has(target: PlayerId): boolean {
    return this.#edges.get(target)?.on ?? false
  }

  /** The edge, where it is on. */
  get(target: PlayerId): Edge | undefined {
    const edge = this.#edges.get(target)
    return edge?.on === true ? edge : undefined
  }

  /** Identities whose edge is on, in no order that means anything. */
  *targets(): Iterable<PlayerId> {
    for (const [target, { on }] of this.#edges) if (on) yield target
  }

  /** The same, in the order in which they were last said. */
  sorted(): PlayerId[] {
    return [...this.#edges]
      .filter(([, { on }]) => on)
      .sort(([, a], [, b]) => compareHeads(a.position, b.position))
      .map(([target]) => target)
  }
}
