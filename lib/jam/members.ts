import type { PlayerId, Ticks } from '../base/index.ts'
import type { AdmitItem, JoinItem, MembershipItem } from './items.ts'
import { comparePublished } from './order.ts'

/** Somebody who asks to join and whom no member has admitted. */
export interface JoinRequest {
  readonly player: PlayerId
  readonly join: JoinItem
}

/** From `at` on (until the next one's `at`) the player's positioned entries count or do not. */
interface Turn {
  readonly at: Ticks
  readonly in: boolean
}

/** The most join requests kept waiting: FEEDS section 5 tracks as many feeds of callers that ask. */
export const MAX_WAITING = 64

/** The most members of a jam. */
export const MAX_MEMBERS = 1_024

/**
 * Who belongs to a jam: the least set that holds the starter and everyone named in an `admit` by a member, with what
 * `remove`, `leave` and a later `admit` by the starter say of where each one's entries count (FEEDS section 4).
 * A pure function of the set of items. The caller sees to it that they come from entries whose own signature verifies.
 */
export class Members {
  readonly starter: PlayerId
  /** Everyone who was ever admitted, the starter first, then in order of admission. */
  readonly everyone: ReadonlySet<PlayerId>
  /** Who asks and is not in `everyone`, oldest request first, at most 64. */
  readonly waiting: readonly JoinRequest[]
  /** Who left, not removed, and asks since: the starter alone can let them back in. Oldest request first, at most 64. */
  readonly returning: readonly JoinRequest[]
  readonly #turns = new Map<PlayerId, readonly Turn[]>()

  constructor(starter: PlayerId, items: Iterable<MembershipItem>) {
    this.starter = starter
    const sorted = [...items].sort(comparePublished)
    this.everyone = leastSet(
      starter,
      sorted.filter((item) => item.kind === 'admit'),
    )
    this.waiting = requests(this.everyone, sorted)
    this.returning = returns(starter, sorted)
    for (const item of sorted) this.#turn(item)
  }

  /** Later words override earlier ones from their own `at` on. */
  #turn(item: MembershipItem): void {
    if (item.kind === 'join') return
    if (item.kind !== 'leave' && item.identity !== this.starter) return
    const player = item.kind === 'leave' ? item.identity : item.payload.identity
    const at = item.payload.at ?? 0
    const turns = (this.#turns.get(player) ?? []).filter((turn) => turn.at < at)
    turns.push({ at, in: item.kind === 'admit' })
    this.#turns.set(player, turns)
  }

  /** Whether the player was admitted, and neither removed nor gone at this tick: whose entries there count. */
  countsAt(player: PlayerId, at: Ticks): boolean {
    if (!this.everyone.has(player)) return false
    return this.#turns.get(player)?.findLast((turn) => turn.at <= at)?.in ?? true
  }

  /** The first tick at or after `at` from which the player's entries do not count, where there is one. */
  outFrom(player: PlayerId, at: Ticks): Ticks | undefined {
    if (!this.countsAt(player, at)) return at
    return this.#turns.get(player)?.find((turn) => turn.at > at && !turn.in)?.at
  }

  /** How many belong at a tick. */
  countAt(at: Ticks): number {
    let count = 0
    for (const player of this.everyone) if (this.countsAt(player, at)) count++
    return count
  }

  /** Everyone of whom `standing` has something to say. */
  known(): Iterable<PlayerId> {
    return new Set([...this.everyone, ...this.#turns.keys()])
  }

  /** Where a player's entries count, as a text that is equal for equal sets of places. */
  standing(player: PlayerId): string {
    if (!this.everyone.has(player)) return 'out'
    return (this.#turns.get(player) ?? []).map((turn) => `${turn.in ? '+' : '-'}${turn.at}`).join(' ')
  }

  /** The ticks at which somebody goes or returns, growing. */
  turnTicks(): readonly Ticks[] {
    const ticks = new Set<Ticks>()
    for (const player of this.everyone) for (const turn of this.#turns.get(player) ?? []) ticks.add(turn.at)
    return [...ticks].sort((a, b) => a - b)
  }
}

/** The starter and whom members admit, found by following admits from the starter: whom it admits comes before whom those admit. */
function leastSet(starter: PlayerId, admits: readonly AdmitItem[]): ReadonlySet<PlayerId> {
  const by = new Map<PlayerId, PlayerId[]>()
  for (const admit of admits) {
    const named = by.get(admit.identity)
    if (named) named.push(admit.payload.identity)
    else by.set(admit.identity, [admit.payload.identity])
  }
  const members = new Set([starter])
  // A Set's iteration also visits what is added on the way.
  for (const member of members)
    for (const named of by.get(member) ?? []) if (members.size < MAX_MEMBERS) members.add(named)
  return members
}

function requests(members: ReadonlySet<PlayerId>, sorted: readonly MembershipItem[]): readonly JoinRequest[] {
  const waiting = new Map<PlayerId, JoinRequest>()
  for (const item of sorted) {
    if (item.kind !== 'join' || members.has(item.identity)) continue
    if (waiting.size >= MAX_WAITING && !waiting.has(item.identity)) continue
    waiting.set(item.identity, { player: item.identity, join: item })
  }
  return [...waiting.values()]
}

/** Joins after one's own `leave` that neither a later word of the starter nor another `leave` has answered. */
function returns(starter: PlayerId, sorted: readonly MembershipItem[]): readonly JoinRequest[] {
  const gone = new Set<PlayerId>()
  const back = new Map<PlayerId, JoinRequest>()
  for (const item of sorted) {
    const { identity } = item
    if (item.kind === 'join') {
      if (gone.has(identity) && back.size < MAX_WAITING) back.set(identity, { player: identity, join: item })
      continue
    }
    if (item.kind !== 'leave' && identity !== starter) continue
    const player = item.kind === 'leave' ? identity : item.payload.identity
    back.delete(player)
    if (item.kind === 'leave') gone.add(player)
    else if (item.kind === 'remove' || item.payload.at !== undefined) gone.delete(player)
  }
  return [...back.values()]
}
