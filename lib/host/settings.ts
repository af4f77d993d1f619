import { NO_LIMITS } from './transport/bucket.ts'

/** Bounds and times, with the values that hold where nothing else is said. */
export const HOST_SETTINGS = {
  /** Players connected at once. */
  maxConnections: 64,
  /**
   * Of these, strangers who came in: with the 24 links that a node keeps by itself they leave 16 places to whoever else is known to it
   * and comes in.
   */
  maxStrangers: 24,
  /** Local clients connected at once. */
  maxLocal: 64,
  /** Calls that one connection may have open at this node. */
  maxCalls: 256,
  /** Milliseconds until a dialled socket must be connected. */
  connectTimeout: 10_000,
  /** Milliseconds until both sides must have proved who they are. */
  handshakeTimeout: 5_000,
  /**
   * Sockets that may come in from one network address (IPv6: from a /64), and from all together; beyond that they are closed unread.
   * A broken rule counts as `breach` sockets more. The loopback, which all who come over it share, has the rate of all together for
   * itself, unless `apart` says that its addresses are somebody each: 127.0.0.2 as well as 127.0.0.1.
   */
  arrivals: { one: { perSecond: 2, burst: 64 }, all: { perSecond: 100, burst: 512 }, breach: 8, apart: false },
  /** A quiet connection is asked after so many milliseconds, and given up after three times as many. */
  keepalive: 15_000,
  /**
   * Milliseconds for which a player's connection is not given up for another that the player dials, as long as it answers
   * within `answerTimeout`: a key on two machines gets turns, not one connection that is replaced all the time.
   */
  hold: 30_000,
  answerTimeout: 2_000,
  /** The most bytes a second of one connection, each way; 0 is no limit. */
  limits: NO_LIMITS,
  /** Milliseconds that handlers have to stop when the host closes, before the plugins they belong to are stopped. */
  handlerGrace: 2_000,
}
export type HostSettings = typeof HOST_SETTINGS
