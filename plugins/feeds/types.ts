import type { PlayerId } from '../../lib/base/index.ts'
import type { Entry, Payload } from '../../lib/entry/index.ts'
import type { Role } from '../../lib/host/index.ts'
import type { Identity } from '../../lib/keys/index.ts'
import type { Directory, FollowGraph, Ignored } from '../../lib/players/index.ts'
import type { Change, Store } from '../../lib/store/index.ts'
import type { Trust } from './trust.ts'
import type { Detail } from './why.ts'

/**
 * Why a feed is kept: `own` because of what this node's player does, so that its player is more than a stranger here and
 * knows what other such players may know; `jam` as a member of a jam of ours; `past` for what it was once, such as a
 * member who has left; `relay` for a jam that peers are interested in; `request` because its player asked, so a few
 * entries only.
 */
export type InterestKind = 'own' | 'jam' | 'past' | 'relay' | 'relay for a stranger' | 'request'

/** The feeds that this node keeps. */
export interface Tracked {
  has(player: PlayerId): boolean
  /** Whether it is kept for a reason that makes its player more than a stranger here. */
  vouchesFor(player: PlayerId): boolean
  list(): PlayerId[]
  /** How many entries of the feed are drawn at most; Infinity where there is no bound. */
  mostEntries(player: PlayerId): number
  /** Calls back with those whose feed is kept now and was not, or for another reason; gives a function that stops it. */
  onChange(listener: (players: ReadonlySet<PlayerId>) => void): () => void
}

/** What other plugins reach of the feeds. */
export interface FeedsApi {
  readonly store: Store
  readonly identity: Identity
  readonly follows: FollowGraph
  readonly directory: Directory
  readonly tracked: Tracked
  /** Whom the owner does not want to see or hear. */
  readonly ignored: Pick<Ignored, 'has' | 'since' | 'list'>
  /** Calls back when somebody is ignored now and was not, or the other way round. */
  onIgnored(listener: (player: PlayerId, ignored: boolean) => void): () => void
  /** Whose process archives may run here. */
  readonly trust: Pick<Trust, 'has' | 'list' | 'onChange' | 'set'>
  /** Signs and syncs one entry of this node's player, as `Store.append`. @throws what that throws */
  publish(payload: Payload, signed?: (entry: Entry) => void): Promise<Entry>
  /**
   * Feeds to track beyond oneself and follows, for a reason that is given a name: members of a jam, a caller who asks to
   * join. The list is asked for again after `interestChanged`. `explain` says of one in it all that is known of why.
   * Gives a function that takes the reason back.
   */
  addInterest(
    reason: string,
    players: () => Iterable<PlayerId>,
    kind?: InterestKind,
    explain?: (player: PlayerId) => Detail[],
  ): () => void
  /** The list of one reason, or of any, may be another now. */
  interestChanged(reason?: string): void
  /**
   * Whether this peer may be served that feed: one's own to all, its own to each; those of the circle of follows among
   * each other; and what a rule of another plugin allows (FEEDS 6).
   */
  mayServe(peer: PlayerId, role: Role, feed: PlayerId): boolean
  /** Adds to what peers may be served; gives a function that takes the rule back. */
  addServing(rule: (peer: PlayerId, role: Role, feed: PlayerId) => boolean): () => void
  /** A rule may answer otherwise now for this peer, of these feeds or of any, without any being kept for another reason. */
  servingChanged(peer: PlayerId, feeds?: ReadonlySet<PlayerId>): void
  onServingChanged(listener: (peer: PlayerId, feeds?: ReadonlySet<PlayerId>) => void): () => void
  /** Calls back for each change of the store once directory and follows know of it. */
  onFolded(listener: (change: Change) => void): () => void
}
