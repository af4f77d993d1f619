import { refusal } from '../base/index.ts'
import type { EntryKey, JamId, Micros, PlayerId, Refusal } from '../base/index.ts'
import { standsFor } from '../feed/index.ts'
import type { JamEntry } from './items.ts'
import { comparePublished, placeIn } from './order.ts'

/** Of one player's entries in a jam so many of a kind count: a change every tenth of a second for three hours. */
export const MAX_OF_PLAYER = 131_072
/** How many one player may let in. */
export const MAX_ADMITS = 1_024

/** What is counted apart: so that whoever has played too much can still end the jam or leave it. */
type Kind = 'sound' | 'action' | 'admit' | 'generator'
const KINDS: Readonly<Record<string, Kind>> = {
  generator: 'generator',
  play: 'sound',
  stop: 'sound',
  param: 'sound',
  tag: 'sound',
  jam: 'action',
}

/** An entry among its player's: by the time and key of what it stands for, of several that stand for one by their own. */
interface Place {
  readonly stands: { readonly comparable: Micros; readonly key: EntryKey }
  readonly entry: JamEntry
}
const comparePlaces = (a: Place, b: Place): number =>
  comparePublished(a.stands, b.stands) || comparePublished(a.entry, b.entry)

/** An entry that has no room, and why. */
export interface Excess {
  readonly entry: JamEntry
  readonly why: Refusal
}

/**
 * How much of each player's counts in a jam: of each kind of its entries the first so many by (comparable, key), an
 * `again` by its original's. So it is the same in whatever order they come, and nobody takes another's room. What is of no
 * kind has room: what a fork begins with is bounded by its start.
 */
export class Shares {
  readonly #jam: JamId
  /** By player and kind, in order. */
  readonly #places = new Map<PlayerId, Map<Kind, Place[]>>()

  constructor(jam: JamId) {
    this.#jam = jam
  }

  /** Why an entry would get no place: JAM_TOO_LARGE. @param most of a kind, where that is less than counts */
  refuse(entry: JamEntry, most = MAX_OF_PLAYER): Refusal | undefined {
    const stands = standsFor(entry)
    const kind = kindOf(this.#jam, stands.payload)
    const places = kind && this.#places.get(entry.identity)?.get(kind)
    const last = places?.at(-1)
    if (!kind || !places || !last || places.length < limitOf(kind, most)) return undefined
    return comparePlaces({ stands, entry }, last) <= 0 ? undefined : tooMany(limitOf(kind, most))
  }

  /**
   * Gives an entry its place, once. JAM_TOO_LARGE for what has no room now: the entry, or one that stands after it and had.
   * @param most as for `refuse`
   */
  take(entry: JamEntry, most = MAX_OF_PLAYER): Excess | undefined {
    const { comparable, key, payload } = standsFor(entry)
    const kind = kindOf(this.#jam, payload)
    if (!kind) return undefined
    const places = this.#placesOf(entry.identity, kind)
    const place: Place = { stands: { comparable, key }, entry }
    const at = placeIn(places, place, comparePlaces)
    const before = places[at - 1]
    if (before && comparePlaces(before, place) === 0) return undefined
    places.splice(at, 0, place)
    const limit = limitOf(kind, most)
    const last = places.length > limit ? places.pop() : undefined
    return last && { entry: last.entry, why: tooMany(limit) }
  }

  /** Gives back all the room of a player. */
  forget(player: PlayerId): void {
    this.#places.delete(player)
  }

  #placesOf(player: PlayerId, kind: Kind): Place[] {
    let kinds = this.#places.get(player)
    if (!kinds) this.#places.set(player, (kinds = new Map<Kind, Place[]>()))
    let places = kinds.get(kind)
    if (!places) kinds.set(kind, (places = []))
    return places
  }
}

/** Why an entry has no room. */
const tooMany = (limit: number): Refusal =>
  refusal('JAM_TOO_LARGE', `more than ${limit} such entries of one player: go on in another jam`)

const limitOf = (kind: Kind, most: number): number => Math.min(most, kind === 'admit' ? MAX_ADMITS : MAX_OF_PLAYER)

/** By its looks: what is malformed counts as well. */
function kindOf(jam: JamId, payload: JamEntry['payload']): Kind | undefined {
  if (typeof payload !== 'object') return undefined
  const kind = Object.hasOwn(KINDS, payload.type) ? KINDS[payload.type] : undefined
  if (kind === 'generator') return kind
  if (payload['jam'] !== jam) return undefined
  return kind === 'action' && payload['action'] === 'admit' ? 'admit' : kind
}

/** What of some entries counts, in the order given, and what is too much: the same in whatever order they are given. */
export function withinShares(
  jam: JamId,
  entries: Iterable<JamEntry>,
  most?: number,
): { readonly within: readonly JamEntry[]; readonly over: readonly Excess[] } {
  const shares = new Shares(jam)
  const over = new Map<EntryKey, Excess>()
  const all = [...entries]
  for (const entry of all) {
    const excess = shares.take(entry, most)
    if (excess) over.set(excess.entry.key, excess)
  }
  return { within: all.filter(({ key }) => !over.has(key)), over: [...over.values()] }
}
