import type { Micros, PlayerId } from '../base/index.ts'
import type { Entry } from '../entry/index.ts'
import { isAgain } from '../feed/index.ts'
import type { Change, Store } from '../store/index.ts'
import { Edges } from './edges.ts'
import { believedIn, type Said } from './original.ts'
import { Reach } from './reach.ts'
import { wayTo, type Way } from './way.ts'

/** What a graph may hold, so that whoever follows everybody fills neither memory nor disk. */
export interface FollowLimits {
  /** Players within reach, oneself aside. */
  readonly reached: number
  /** Players whom one other's follows name: those named first. One's own are all remembered. */
  readonly each: number
  /** The same for all others together. Past it nobody further away is asked whom it follows. */
  readonly all: number
}
const SAYS: ReadonlySet<string> = new Set(['follow', 'block'])
const LIMITS: FollowLimits = { reached: 10_000, each: 10_000, all: 131_072 }

interface Init {
  readonly store: Store
  readonly self: PlayerId
  readonly hops: number
  readonly limits?: Partial<FollowLimits>
}

/** What a change moved. */
export interface Moved {
  /** Players who are nearer, farther, within reach or out of it now, or blocked or not. */
  readonly players: ReadonlySet<PlayerId>
}

/**
 * Whom one's own player follows and blocks, and who is within `hops` of it (0 is oneself, 1 whom one follows). Only the
 * follows of those nearer than `hops` are held. A change costs as much as it moves, except where a limit has been
 * reached: then all who are within it are gone through, the nearest and those followed first before the others.
 */
export class FollowGraph {
  readonly #store: Store
  readonly #self: PlayerId
  readonly #hops: number
  readonly #limits: FollowLimits
  readonly #reach: Reach
  /** Whom those nearer than `hops` follow. */
  readonly #follow = new Map<PlayerId, Edges>()
  #block = new Edges(Infinity)
  #blocked = new Set<PlayerId>()
  /** Identities that others' follows name, of those held. */
  #held = 0
  /** Whether a limit keeps somebody out. */
  #limited = false

  constructor({ store, self, hops, limits }: Init) {
    this.#store = store
    this.#self = self
    this.#hops = hops
    this.#limits = { ...LIMITS, ...limits }
    this.#follow.set(self, new Edges(Infinity))
    this.#reach = new Reach({
      self,
      hops,
      targets: (player) => this.#follow.get(player)?.targets() ?? [],
      barred: (player) => this.#block.has(player),
    })
  }

  /** Reads from the store what its own player says, and whom those within reach follow. */
  async load(): Promise<void> {
    this.#follow.clear()
    this.#block = await this.#read('block', this.#self)
    await this.#walk()
  }

  /** Folds a change of the store in; says what it moved, undefined where that is nothing. */
  async observe(change: Change): Promise<Moved | undefined> {
    const { identity } = change.head
    const moved = new Set<PlayerId>()
    const known = this.#follow.get(identity)
    if (!known) return undefined
    if (change.changeover) await this.#reread(identity, known)
    else if (!(await this.#foldAll(known, change.entries))) await this.#reread(identity, known)
    if (identity === this.#self) for (const player of this.#takeBlocked()) moved.add(player)
    for (const player of await this.#settle()) moved.add(player)
    return moved.size > 0 ? { players: moved } : undefined
  }

  /** Whom a player within reach follows, in the order in which it last said so; of the farthest nothing is known. */
  followedBy(player: PlayerId): PlayerId[] {
    return this.#follow.get(player)?.sorted() ?? []
  }

  /** Whether a player nearer than `hops` follows another. */
  follows(player: PlayerId, other: PlayerId): boolean {
    return this.#follow.get(player)?.has(other) ?? false
  }

  /** Whether one's own player blocks the other. */
  blocks(other: PlayerId): boolean {
    return other !== this.#self && this.#block.has(other)
  }

  /** Since when one's own player blocks the other. */
  blockedSince(other: PlayerId): Micros | undefined {
    return this.blocks(other) ? this.#block.get(other)?.position.comparable : undefined
  }

  /** Those within reach with their distance, oneself (0) included. Blocked ones are not among them. */
  reached(): ReadonlyMap<PlayerId, number> {
    return this.#reach.hops()
  }

  /** How a player is reached. */
  wayTo(player: PlayerId): Way {
    return wayTo({ hops: this.reached(), follow: this.#follow }, player)
  }

  async #read(type: 'follow' | 'block', identity: PlayerId): Promise<Edges> {
    const edges = new Edges(identity === this.#self ? Infinity : this.#limits.each)
    for await (const entry of this.#store.byType(type, { identity, reverse: true })) {
      const believed = await believedIn(this.#store, entry, SAYS)
      if (believed) fold(edges, type, believed)
    }
    return edges
  }

  /** Puts in what the store says now, in place of what was known. */
  async #reread(identity: PlayerId, known: Edges): Promise<void> {
    const now = await this.#read('follow', identity)
    this.#follow.set(identity, now)
    this.#count(identity, now.size - known.size)
    for (const target of known.targets()) if (!now.has(target)) this.#reach.unlink(identity, target)
    for (const target of now.targets()) if (!known.has(target)) this.#reach.link(identity, target)
    if (identity !== this.#self) return
    this.#block = await this.#read('block', identity)
  }

  /** False where something older than what was left out has come, so that everything has to be read again. */
  async #foldAll(known: Edges, entries: readonly Entry[]): Promise<boolean> {
    for (const entry of entries) {
      const believed = await believedIn(this.#store, entry, SAYS)
      if (!believed) continue
      const { identity } = entry
      const before = known.size
      const target = fold(known, 'follow', believed)
      this.#count(identity, known.size - before)
      if (target !== undefined) {
        if (known.has(target)) this.#reach.link(identity, target)
        else this.#reach.unlink(identity, target)
      }
      if (identity === this.#self) fold(this.#block, 'block', believed)
      else if (known.isFull && isAgain(entry)) return false
    }
    return true
  }

  /** Those who are blocked now and were not, or the other way round. */
  #takeBlocked(): PlayerId[] {
    const now = new Set(this.#block.targets())
    const before = this.#blocked
    this.#blocked = now
    const turned = [...before].filter((player) => !now.has(player))
    for (const player of now) if (!before.has(player)) turned.push(player)
    for (const player of turned) this.#reach.doubt(player)
    return turned
  }

  /** Makes the distances right, and holds the follows of those nearer than `hops`. */
  async #settle(): Promise<Iterable<PlayerId>> {
    if (this.#limited) return this.#walk()
    const first = new Map<PlayerId, number | undefined>()
    for (;;) {
      const changed = this.#reach.settle()
      for (const [player, hop] of changed) if (!first.has(player)) first.set(player, hop)
      if (this.#isTooMuch()) return this.#walk(first)
      if (changed.size === 0) break
      for (const player of changed.keys()) {
        await this.#hold(player)
        if (this.#isTooMuch()) return this.#walk(first)
      }
    }
    const hops = this.reached()
    return [...first].filter(([player, hop]) => hops.get(player) !== hop).map(([player]) => player)
  }

  /** Holds whom a player follows where that leads somewhere, else lets go of it. */
  async #hold(player: PlayerId): Promise<void> {
    const leads = (this.reached().get(player) ?? Infinity) < this.#hops
    const known = this.#follow.get(player)
    if (player === this.#self || leads === (known !== undefined)) return
    if (known) {
      this.#follow.delete(player)
      this.#count(player, -known.size)
      for (const target of known.targets()) this.#reach.unlink(player, target)
      return
    }
    const edges = await this.#read('follow', player)
    this.#follow.set(player, edges)
    this.#count(player, edges.size)
    for (const target of edges.targets()) this.#reach.link(player, target)
  }

  #count(player: PlayerId, more: number): void {
    if (player !== this.#self) this.#held += more
  }

  #isTooMuch(): boolean {
    return this.reached().size - 1 > this.#limits.reached || this.#held >= this.#limits.all
  }

  /**
   * Goes through everyone from oneself on, the nearest first, of those the ones followed first, until a limit is
   * reached; gives those whose distance is another than before.
   * @param before what distances were, where some have been changed already
   */
  async #walk(before: ReadonlyMap<PlayerId, number | undefined> = new Map()): Promise<Iterable<PlayerId>> {
    const reached = new Map<PlayerId, number>([[this.#self, 0]])
    const passed = new Set<PlayerId>()
    this.#held = 0
    this.#limited = false
    // A Map's iteration also visits what is added on the way: nearest first.
    for (const [player, hop] of reached) {
      if (hop >= this.#hops) break
      if (this.#held >= this.#limits.all) {
        this.#limited = true
        break
      }
      const edges = this.#follow.get(player) ?? (await this.#read('follow', player))
      this.#follow.set(player, edges)
      passed.add(player)
      this.#count(player, edges.size)
      for (const other of edges.sorted()) {
        if (reached.has(other) || this.#block.has(other)) continue
        if (reached.size > this.#limits.reached) this.#limited = true
        else reached.set(other, hop + 1)
      }
    }
    for (const player of this.#follow.keys()) if (!passed.has(player)) this.#follow.delete(player)
    return this.#install(reached, before)
  }

  #install(
    reached: ReadonlyMap<PlayerId, number>,
    before: ReadonlyMap<PlayerId, number | undefined>,
  ): Iterable<PlayerId> {
    const old = new Map(this.reached())
    for (const [player, hop] of before) {
      if (hop === undefined) old.delete(player)
      else old.set(player, hop)
    }
    this.#blocked = new Set(this.#block.targets())
    this.#reach.reset(reached)
    if (!this.#limited) {
      for (const [player, edges] of this.#follow) for (const target of edges.targets()) this.#reach.link(player, target)
    }
    return new Set([...old.keys(), ...reached.keys()].filter((player) => old.get(player) !== reached.get(player)))
  }
}

/** Takes in what is said of that type; gives whom it is about where the edge turned. */
function fold(edges: Edges, type: 'follow' | 'block', { position, read }: Said): PlayerId | undefined {
  if (read.kind !== type) return undefined
  const { identity, on } = read.payload
  return edges.fold(identity, { on, position }) ? identity : undefined
}
