import type { Millis, PlayerId } from '../base/index.ts'

/**
 * Why an address is known, the best reason first: `asked` for by this node's owner; published by a player whom the owner
 * `follows`, or who is `tracked` for another reason; `told` by the player over a connection; one at which a tracked player
 * was once `reached`; `heard` on the local network, of a stranger too.
 */
export type Reason = 'asked' | 'follows' | 'tracked' | 'told' | 'reached' | 'heard'

/** What happens to the scheduler; `now` is monotonic milliseconds. */
export type PeerEvent = { readonly now: Millis } & (
  | { readonly type: 'learn'; readonly address: string; readonly player: PlayerId; readonly reason: Reason }
  /** Published addresses, whole: what stood for these reasons before is forgotten. */
  | { readonly type: 'published'; readonly players: ReadonlyMap<PlayerId, Published> }
  /** A connection has come about; `address` where this side dialled it. */
  | { readonly type: 'linked'; readonly player: PlayerId; readonly address?: string }
  | { readonly type: 'ended'; readonly player: PlayerId }
  /** A dial is over; `error` says in words why it failed. */
  | { readonly type: 'dialled'; readonly address: string; readonly error?: string }
  /** A connection brought something that was not here. */
  | { readonly type: 'useful'; readonly player: PlayerId }
  /** Other interfaces or addresses of this machine than a moment ago. */
  | { readonly type: 'network' }
  /** Time has passed; `wall` is milliseconds since 1970. */
  | { readonly type: 'look'; readonly wall: Millis }
)

export interface Published {
  readonly addresses: readonly string[]
  readonly reason: 'follows' | 'tracked'
}

/** What the driver is to do. */
export type PeerEffect =
  | { readonly do: 'dial'; readonly address: string; readonly player: PlayerId }
  /** Ends a connection that brought nothing for long, to make room. */
  | { readonly do: 'hangUp'; readonly player: PlayerId }
  /** Asks every connection whether it lives: the machine slept or its network is another. */
  | { readonly do: 'probe' }
  /** An address is dialled no more, for want of room. */
  | { readonly do: 'dropped'; readonly address: string; readonly player: PlayerId }

/** An address that is dialled when its time comes. */
export interface Waiting {
  readonly address: string
  readonly player: PlayerId
  readonly reason: Reason
  readonly failures: number
  readonly state: 'waiting' | 'dialling'
  /** Milliseconds until it is dialled next, at least. */
  readonly nextIn: Millis
  /** What was wrong the last time. */
  readonly error?: string
}

export interface PeerSettings {
  /** Links that are dialled for; those that were asked for come on top. */
  readonly links: number
  /** Links to players who are known from the local network alone. */
  readonly heard: number
}
