import type { PlayerId } from '../../lib/base/index.ts'
import type { Entry, Payload } from '../../lib/entry/index.ts'
import type { Role } from '../../lib/host/index.ts'
import type { Identity } from '../../lib/keys/index.ts'
import type { Directory, FollowGraph } from '../../lib/players/index.ts'
import type { Store } from '../../lib/store/index.ts'

/** Whether a feed is kept because of what this node's player does, or because somebody asked for it. */
export type InterestKind = 'own' | 'request'

/** The feeds that this node keeps. */
export interface Tracked {
  has(player: PlayerId): boolean
  list(): PlayerId[]
  /** Calls back when the set has changed; gives a function that stops it. */
  onChange(listener: () => void): () => void
}

/** What other plugins reach of the feeds. */
export interface FeedsApi {
  readonly store: Store
  readonly identity: Identity
  readonly follows: FollowGraph
  readonly directory: Directory
  readonly tracked: Tracked
  /** Signs and syncs one entry of this node's player. @throws what Store.append throws */
  publish(payload: Payload): Promise<Entry>
  /**
   * Feeds to track beyond oneself and follows, for a reason that is given a name: members of a jam, a caller who asks to
   * join. The list is asked for again after `interestChanged`. Those of a `request` asked for it themselves: their feeds
   * are kept, but it makes them nothing to this node that they were not.
   */
  addInterest(reason: string, players: () => Iterable<PlayerId>, kind?: InterestKind): void
  interestChanged(): void
  /** Whether this peer may be served that feed: one's own to all, others to those who may know them (FEEDS 6). */
  mayServe(peer: PlayerId, role: Role, feed: PlayerId): boolean
  /** Calls back for what a member of a jam may be served beyond strangers; the jams plugin adds it. */
  addServing(rule: (peer: PlayerId, role: Role, feed: PlayerId) => boolean): void
}
