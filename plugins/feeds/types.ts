import type { PlayerId } from '../../lib/base/index.ts'
import type { Entry, Payload } from '../../lib/entry/index.ts'
import type { Role } from '../../lib/host/index.ts'
import type { Identity } from '../../lib/keys/index.ts'
import type { Directory, FollowGraph } from '../../lib/players/index.ts'
import type { Change, Store } from '../../lib/store/index.ts'

/**
 * Why a feed is kept: `own` because of what this node's player does, so that its player is more than a stranger here;
 * `past` for what it was once, such as a member who has left; `request` because its player asked, so a few entries only.
 */
export type InterestKind = 'own' | 'past' | 'request'

/** The feeds that this node keeps. */
export interface Tracked {
  has(player: PlayerId): boolean
  list(): PlayerId[]
  /** How many entries of the feed are drawn at most; Infinity where there is no bound. */
  mostEntries(player: PlayerId): number
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
   * join. The list is asked for again after `interestChanged`. Gives a function that takes the reason back.
   */
  addInterest(reason: string, players: () => Iterable<PlayerId>, kind?: InterestKind): () => void
  interestChanged(): void
  /** Whether this peer may be served that feed: one's own to all, others to those who may know them (FEEDS 6). */
  mayServe(peer: PlayerId, role: Role, feed: PlayerId): boolean
  /** Adds to what peers may be served; gives a function that takes the rule back. */
  addServing(rule: (peer: PlayerId, role: Role, feed: PlayerId) => boolean): () => void
  /** Calls back for each change of the store once directory and follows know of it. */
  onFolded(listener: (change: Change) => void): () => void
}
