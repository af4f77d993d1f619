import type { EntryKey, Micros, PlayerId } from '../base/index.ts'
import { compareHeads, readPayload, type Entry } from '../entry/index.ts'
import type { Change, Store } from '../store/index.ts'

/** Feeds tracked through follows, oneself aside: whoever follows everybody must not fill a disk. */
const MAX_TRACKED = 10_000
/** Players whom another's follows (and blocks) name that are remembered; one's own all are. */
const MAX_EDGES = 10_000

interface Edge {
  readonly on: boolean
  readonly comparable: Micros
  readonly key: EntryKey
}
type Edges = Map<PlayerId, Map<PlayerId, Edge>>

/**
 * Who follows and blocks whom, of those within `hops` of one's own player (0 is oneself, 1 whom one follows).
 * Of several entries about one identity the highest (comparable, key) counts.
 */
export class FollowGraph {
  readonly #store: Store
  readonly #self: PlayerId
  readonly #hops: number
  readonly #follow: Edges = new Map()
  readonly #block: Edges = new Map()
  #reached = new Map<PlayerId, number>()

  constructor(init: { readonly store: Store; readonly self: PlayerId; readonly hops: number }) {
    this.#store = init.store
    this.#self = init.self
    this.#hops = init.hops
  }

  /** Reads every follow and block that the store has. */
  async load(): Promise<void> {
    this.#follow.clear()
    this.#block.clear()
    await this.#read({})
    this.#walk()
  }

  /** Folds a change of the store in; true where who is reached may be another now. */
  async observe(change: Change): Promise<boolean> {
    if (change.changeover) {
      const { identity } = change.head
      this.#follow.delete(identity)
      this.#block.delete(identity)
      await this.#read({ identity })
      this.#walk()
      return true
    }
    let touched = false
    for (const entry of change.entries) touched = this.#fold(entry) || touched
    if (touched) this.#walk()
    return touched
  }

  /** Whom a player follows, in the order in which it last said so. */
  followedBy(player: PlayerId): PlayerId[] {
    return on(this.#follow.get(player))
  }

  follows(player: PlayerId, other: PlayerId): boolean {
    return this.#follow.get(player)?.get(other)?.on ?? false
  }

  /** Whether one's own player blocks the other. */
  blocks(other: PlayerId): boolean {
    return this.#block.get(this.#self)?.get(other)?.on ?? false
  }

  /** Those within reach, oneself first, with their distance. Blocked ones are not among them. */
  reached(): ReadonlyMap<PlayerId, number> {
    return this.#reached
  }

  async #read(whose: { readonly identity?: PlayerId }): Promise<void> {
    for (const type of ['follow', 'block'] as const) {
      for await (const entry of this.#store.byType(type, { ...whose, reverse: true })) this.#fold(entry)
    }
  }

  #fold(entry: Entry): boolean {
    const read = readPayload(entry)
    if (read.kind !== 'follow' && read.kind !== 'block') return false
    const edges = read.kind === 'follow' ? this.#follow : this.#block
    const { identity, on } = read.payload
    const mine = edges.get(entry.identity) ?? new Map<PlayerId, Edge>()
    const before = mine.get(identity)
    if (before && compareHeads(before, entry) >= 0) return false
    if (!before && mine.size >= MAX_EDGES && entry.identity !== this.#self) return false
    mine.set(identity, { on, comparable: entry.comparable, key: entry.key })
    edges.set(entry.identity, mine)
    return true
  }

  #walk(): void {
    const reached = new Map<PlayerId, number>([[this.#self, 0]])
    let ring: PlayerId[] = [this.#self]
    for (let hop = 1; hop <= this.#hops; hop++) {
      const next: PlayerId[] = []
      for (const player of ring) {
        for (const other of this.followedBy(player)) {
          if (reached.has(other) || this.blocks(other) || reached.size > MAX_TRACKED) continue
          reached.set(other, hop)
          next.push(other)
        }
      }
      ring = next
    }
    this.#reached = reached
  }
}

/** Those whose edge stands, in the order in which it was last drawn. */
function on(edges: ReadonlyMap<PlayerId, Edge> | undefined): PlayerId[] {
  return [...(edges ?? [])]
    .filter(([, edge]) => edge.on)
    .sort(([, a], [, b]) => compareHeads(a, b))
    .map(([player]) => player)
}
