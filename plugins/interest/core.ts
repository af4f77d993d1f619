import type { JamId, PlayerId } from '../../lib/base/index.ts'

/** How long what a peer told holds, unless it is told again: milliseconds. */
export const LEASE_MILLIS = 600_000
/** It is told again after half of that. */
export const RENEW_MILLIS = LEASE_MILLIS / 2
/** Jams told over one connection at most. */
export const MAX_TOLD = 32

/** What a node takes on for others, so that nobody fills its disk by asking. */
export interface RelayLimits {
  /** Jams in all. */
  readonly jams: number
  /** Of these, jams that nobody but strangers asks for: of all strangers, and of each. */
  readonly strangersJams: number
  readonly strangerJams: number
  /** Feeds drawn in all. */
  readonly feeds: number
  /** Of these, feeds that nobody but strangers needs. */
  readonly strangersFeeds: number
}
export const LIMITS: RelayLimits = {
  jams: 256,
  strangersJams: 64,
  strangerJams: 8,
  feeds: 1_024,
  strangersFeeds: 128,
}

/** A jam that a peer is interested in: itself (1), or somebody that it is connected to (0). Only the first is passed on. */
export interface Told {
  readonly jam: JamId
  readonly hops: 0 | 1
}

/**
 * What a peer is as to one jam: tracked by this node, a member of the jam as far as the feeds here show, or neither.
 * What strangers tell moves nothing but the starter's feed, which shows whether they are members.
 */
export type Part = 'friend' | 'member' | 'stranger'

/** One peer's interest in a jam, as it counts. */
export interface Interest {
  readonly peer: PlayerId
  readonly part: Part
  readonly hops: 0 | 1
  /** Milliseconds of the monotonic clock. */
  readonly until: number
}

/** Which interests count, by jam, those of friends first. */
export type Granted = ReadonlyMap<JamId, readonly Interest[]>

interface Lease {
  readonly told: readonly Told[]
  readonly until: number
}

/** What connected peers have told, each once, as long as it holds. */
export class Leases {
  readonly #leases = new Map<PlayerId, Lease>()

  /** Takes the place of what that peer told before. `now`: milliseconds of the monotonic clock. */
  tell(peer: PlayerId, told: readonly Told[], now: number): void {
    const once = new Map(told.map((one) => [one.jam, one]))
    this.#leases.set(peer, { told: [...once.values()].slice(0, MAX_TOLD), until: now + LEASE_MILLIS })
  }

  /** Forgets what that peer told; false where it told nothing. */
  forget(peer: PlayerId): boolean {
    return this.#leases.delete(peer)
  }

  /** Lets go of what has run out. */
  expire(now: number): void {
    for (const [peer, { until }] of this.#leases) if (until <= now) this.#leases.delete(peer)
  }

  /** When the next runs out; undefined where nothing is told. */
  nextEnd(): number | undefined {
    let next: number | undefined
    for (const { until } of this.#leases.values()) if (next === undefined || until < next) next = until
    return next
  }

  /** What of all that was told counts, within the limits: what friends and members told before what strangers did. */
  granted(partOf: (peer: PlayerId, jam: JamId) => Part, limits: RelayLimits = LIMITS): Granted {
    const granted = new Map<JamId, Interest[]>()
    const strangers: [PlayerId, Told, number][] = []
    for (const [peer, { told, until }] of this.#leases) {
      for (const one of told) {
        const part = partOf(peer, one.jam)
        if (part === 'stranger') strangers.push([peer, one, until])
        else grant(granted, one, { peer, part, hops: one.hops, until }, limits.jams)
      }
    }
    const most = Math.min(limits.jams, granted.size + limits.strangersJams)
    const each = new Map<PlayerId, number>()
    for (const [peer, one, until] of strangers) {
      const taken = each.get(peer) ?? 0
      // A stranger speaks for itself alone.
      if (one.hops === 0 || taken >= limits.strangerJams) continue
      if (grant(granted, one, { peer, part: 'stranger', hops: 1, until }, most)) each.set(peer, taken + 1)
    }
    return granted
  }
}

function grant(granted: Map<JamId, Interest[]>, { jam }: Told, interest: Interest, most: number): boolean {
  const known = granted.get(jam)
  if (!known && granted.size >= most) return false
  if (known) known.push(interest)
  else granted.set(jam, [interest])
  return true
}

/** A feed that is drawn for others, and on whose word. */
export interface Draw {
  readonly jam: JamId
  readonly by: PlayerId
  readonly until: number
}
export interface Draws {
  /** For friends: whole. */
  readonly whole: ReadonlyMap<PlayerId, Draw>
  /** For strangers, members of the jam or not: a part. */
  readonly part: ReadonlyMap<PlayerId, Draw>
}

interface Jam {
  readonly starter: PlayerId
  /** Everyone who was ever admitted; the starter alone until its start is here. */
  readonly everyone: ReadonlySet<PlayerId>
}

/** Which feeds are drawn for what counts: everyone's where a friend or a member asks, else the starter's. */
export function drawsFor(granted: Granted, jamOf: (jam: JamId) => Jam, limits: RelayLimits = LIMITS): Draws {
  const whole = new Map<PlayerId, Draw>()
  const part = new Map<PlayerId, Draw>()
  for (const [jam, interests] of granted) {
    const friend = interests.find((interest) => interest.part === 'friend')
    if (!friend) continue
    for (const player of jamOf(jam).everyone)
      if (whole.size < limits.feeds && !whole.has(player))
        whole.set(player, { jam, by: friend.peer, until: friend.until })
  }
  const most = Math.min(limits.strangersFeeds, limits.feeds - whole.size)
  for (const [jam, interests] of granted) {
    if (interests.some((interest) => interest.part === 'friend')) continue
    const member = interests.find((interest) => interest.part === 'member')
    const { peer: by, until } = member ?? interests[0] ?? { peer: jamOf(jam).starter, until: 0 }
    for (const player of member ? jamOf(jam).everyone : [jamOf(jam).starter])
      if (part.size < most && !whole.has(player) && !part.has(player)) part.set(player, { jam, by, until })
  }
  return { whole, part }
}

/**
 * What is told to a peer: the jams that this node is in, newest first, then those that another friend or member told
 * of itself, with no hop left.
 */
export function tellFor(peer: PlayerId, own: readonly JamId[], granted: Granted): Told[] {
  const told = new Map<JamId, Told>()
  for (const jam of own) if (told.size < MAX_TOLD) told.set(jam, { jam, hops: 1 })
  for (const [jam, interests] of granted) {
    if (told.size >= MAX_TOLD) break
    if (told.has(jam)) continue
    const another = interests.some((one) => one.peer !== peer && one.part !== 'stranger' && one.hops === 1)
    if (another) told.set(jam, { jam, hops: 0 })
  }
  return [...told.values()]
}
