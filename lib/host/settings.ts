/** Bounds and times, with the values that hold where nothing else is said. */
export const HOST_SETTINGS = {
  /** Players connected at once. */
  maxConnections: 64,
  /** Local clients connected at once. */
  maxLocal: 64,
  /** Calls that one connection may have open at this node. */
  maxCalls: 256,
  /** Milliseconds until a dialled socket must be connected. */
  connectTimeout: 10_000,
  /** Milliseconds until both sides must have proved who they are. */
  handshakeTimeout: 5_000,
  /** A quiet connection is asked after so many milliseconds, and given up after three times as many. */
  keepalive: 15_000,
  /** Milliseconds that handlers have to stop when the host closes, before the plugins they belong to are stopped. */
  handlerGrace: 2_000,
}
export type HostSettings = typeof HOST_SETTINGS
