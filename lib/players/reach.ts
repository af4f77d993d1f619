import type { PlayerId } from '../base/index.ts'

/** Who follows and who is barred, as `Reach` looks it up. */
interface Lookup {
  readonly self: PlayerId
  /** 1 is whom one's own player follows. */
  readonly hops: number
  /** Whom a player follows, as far as that is known. */
  readonly targets: (player: PlayerId) => Iterable<PlayerId>
  /** Reached by no way. */
  readonly barred: (player: PlayerId) => boolean
}

/**
 * The distance of everyone within some hops of one's own player, kept true edge by edge. What a change costs depends on
 * those whose distance it changes and on whom they follow, not on how many are within reach.
 *
 * The method is that of distance vectors with a small infinity (as in RFC 2453): everybody's distance is one more than
 * the least of its followers', and whoever may be wrong is looked at again, in turn, until nobody is. Two who
 * follow each other and were cut off count up, at most to `hops`. Distances that fit everywhere are unique.
 */
export class Reach {
  readonly #lookup: Lookup
  readonly #followers = new Map<PlayerId, Set<PlayerId>>()
  readonly #hops = new Map<PlayerId, number>()
  /** Whose distance has to be looked at again. */
  readonly #unsure = new Set<PlayerId>()

  constructor(lookup: Lookup) {
    this.#lookup = lookup
    this.#hops.set(lookup.self, 0)
  }

  /** Everyone within reach with its distance, oneself (0) included. */
  hops(): ReadonlyMap<PlayerId, number> {
    return this.#hops
  }

  /** Begins anew with distances that are right. */
  reset(hops: ReadonlyMap<PlayerId, number>): void {
    this.#followers.clear()
    this.#unsure.clear()
    this.#hops.clear()
    for (const [player, hop] of hops) this.#hops.set(player, hop)
  }

  link(follower: PlayerId, target: PlayerId): void {
    const followers = this.#followers.get(target) ?? new Set()
    this.#followers.set(target, followers.add(follower))
    this.#unsure.add(target)
  }

  unlink(follower: PlayerId, target: PlayerId): void {
    const followers = this.#followers.get(target)
    followers?.delete(follower)
    if (followers?.size === 0) this.#followers.delete(target)
    this.#unsure.add(target)
  }

  /** Its distance may be another now: it was barred, or is no more. */
  doubt(player: PlayerId): void {
    this.#unsure.add(player)
  }

  /** Makes every distance right; gives those whose distance is another than before. */
  settle(): Map<PlayerId, number | undefined> {
    const before = new Map<PlayerId, number | undefined>()
    // A Set's iteration also visits what is added on the way, last: so it goes round in turns.
    for (const player of this.#unsure) {
      this.#unsure.delete(player)
      const old = this.#hops.get(player)
      const now = this.#distance(player)
      if (old === now) continue
      if (!before.has(player)) before.set(player, old)
      if (now === undefined) this.#hops.delete(player)
      else this.#hops.set(player, now)
      for (const target of this.#lookup.targets(player)) this.#unsure.add(target)
    }
    for (const [player, old] of before) if (this.#hops.get(player) === old) before.delete(player)
    return before
  }

  #distance(player: PlayerId): number | undefined {
    const { self, hops, barred } = this.#lookup
    if (player === self) return 0
    if (barred(player)) return undefined
    let least = Infinity
    for (const follower of this.#followers.get(player) ?? [])
      least = Math.min(least, this.#hops.get(follower) ?? Infinity)
    return least < hops ? least + 1 : undefined
  }
}
