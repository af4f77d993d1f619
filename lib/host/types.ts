import type { z } from 'zod'
import type { PlayerId } from '../base/index.ts'

/**
 * What a caller is to this node, from the least to the most. A connected player starts as `stranger`; plugins raise it
 * (RoleResolver); `self` is whoever opened the Unix socket, so the owner of the node's home.
 */
export type Role = 'stranger' | 'tracked' | 'member' | 'self'

/** Marks bytes where a contract would otherwise have a schema: Uint8Array on both sides, a Buffer on the wire. */
export interface BytesShape {
  readonly shape: 'bytes'
}

/**
 * The shape of a result or of a stream's items: a zod schema of a JSON value, or `bytes`. A schema may accept `undefined`
 * (it travels as `null`), but not both `undefined` and `null`, nor an empty string, which muxrpc cannot carry: put it in an object.
 */
export type Shape = z.ZodType | BytesShape
/** What the sender of a value hands in. */
export type Sent<S extends Shape> = S extends z.ZodType ? z.input<S> : Uint8Array
/** What its receiver gets, checked against the schema. */
export type Received<S extends Shape> = S extends z.ZodType ? z.output<S> : Uint8Array

/** How often a stranger may call a method: a bucket of `burst` calls that refills by `perSecond`. */
export interface Rate {
  readonly perSecond: number
  readonly burst: number
}

/** The most that one call of a source may give to anyone but `self`; past it the source fails with STREAM_LIMIT. */
export interface Limits {
  readonly items: number
  readonly bytes: number
}

/** One request, one answer. */
export interface AsyncMethod<A extends z.ZodType = z.ZodType, R extends Shape = Shape> {
  readonly kind: 'async'
  readonly args: A
  readonly result: R
  /** The least role that may call. */
  readonly allow: Role
  readonly rate: Rate
}
/** One request, many items in answer. */
export interface SourceMethod<A extends z.ZodType = z.ZodType, I extends Shape = Shape> {
  readonly kind: 'source'
  readonly args: A
  readonly item: I
  readonly allow: Role
  readonly rate: Rate
  readonly limits: Limits
}
/** Items both ways: `up` from the caller to the handler, `down` from the handler to the caller. */
export interface DuplexMethod<A extends z.ZodType = z.ZodType, U extends Shape = Shape, D extends Shape = Shape> {
  readonly kind: 'duplex'
  readonly args: A
  readonly up: U
  readonly down: D
  readonly allow: Role
  readonly rate: Rate
}
export type Method = AsyncMethod | SourceMethod | DuplexMethod

/**
 * Methods by name, at the top (`players`) or one level down (`gossip.link`). The one object is the muxrpc manifest, the
 * permissions, the run-time checks, and the TypeScript type of handlers (Handlers) and callers (Remote).
 */
export type Contract = Readonly<Record<string, Method | Readonly<Record<string, Method>>>>

/** Both directions of an open duplex call, the same to caller and handler. */
export interface Duplex<In, Out> {
  /** What the other side pushes. Leaving the loop early ends the call. To be iterated once. */
  readonly source: AsyncIterable<In>
  /** Sends one item; resolves when there is room for the next. Rejects with the call's code once the call has ended. */
  push(item: Out): Promise<void>
  /** Nothing more will be pushed. The caller's `source` goes on until the handler is through; a handler ends by returning. */
  end(): void
}

/** What a handler knows of the call that it answers. */
export interface Context {
  /** The identity that secret-handshake proved; on the Unix socket this node's own. */
  readonly caller: PlayerId
  readonly role: Role
  readonly connection: Connection
  /** Aborted when the caller gives up, the connection ends or the node closes. */
  readonly signal: AbortSignal
}

export interface CallOptions {
  /** Gives the call up: the remote handler's signal is aborted, the caller gets CANCELLED. */
  readonly signal?: AbortSignal
}

type Handler<M> =
  M extends AsyncMethod<infer A, infer R>
    ? (args: z.output<A>, context: Context) => Sent<R> | Promise<Sent<R>>
    : M extends SourceMethod<infer A, infer I>
      ? (args: z.output<A>, context: Context) => AsyncIterable<Sent<I>> | Promise<AsyncIterable<Sent<I>>>
      : M extends DuplexMethod<infer A, infer U, infer D>
        ? (args: z.output<A>, context: Context, link: Duplex<Received<U>, Sent<D>>) => Promise<void>
        : never

/** What a plugin hands over for its contract: one function for each method. A duplex ends when its promise settles. */
export type Handlers<C> = { readonly [K in keyof C]: C[K] extends Method ? Handler<C[K]> : Handlers<C[K]> }

type Parameters_<A extends z.ZodType> =
  Record<string, never> extends z.input<A>
    ? [args?: z.input<A>, options?: CallOptions]
    : [args: z.input<A>, options?: CallOptions]

type Caller<M> =
  M extends AsyncMethod<infer A, infer R>
    ? (...given: Parameters_<A>) => Promise<Received<R>>
    : M extends SourceMethod<infer A, infer I>
      ? (...given: Parameters_<A>) => AsyncIterable<Received<I>>
      : M extends DuplexMethod<infer A, infer U, infer D>
        ? (...given: Parameters_<A>) => Duplex<Received<D>, Sent<U>>
        : never

/**
 * The far side of a contract. Everything fails with a MarmaladeError that has the code of the far side. A source is opened
 * when it is first iterated; leaving the loop early stops the far side.
 */
export type Remote<C> = { readonly [K in keyof C]: C[K] extends Method ? Caller<C[K]> : Remote<C[K]> }

/** A live link to one player, or to a local client. */
export interface Connection {
  /** Unique in this process, growing. */
  readonly id: number
  readonly player: PlayerId
  /** `local` is the Unix socket. */
  readonly transport: 'net' | 'local'
  /** Who opened it. */
  readonly direction: 'in' | 'out'
  /** The address dialled, or the one that the socket came from. */
  readonly address: string
  /** Milliseconds since 1970. */
  readonly since: number
  /** Bytes on the socket so far, handshake and encryption included. */
  readonly bytesIn: number
  readonly bytesOut: number
  /** Milliseconds that a question and its answer took, when it was asked last; undefined before the first answer. */
  readonly roundTrip: number | undefined
  /** Asks whether the far side is alive, and measures `roundTrip`. @throws MarmaladeError why there is no answer */
  ping(options?: CallOptions): Promise<number>
  /** Aborted, with the MarmaladeError that says why as reason, when the connection has ended. */
  readonly signal: AbortSignal
  /** What the player is to this node right now. */
  role(): Promise<Role>
  /** The far side's methods, typed by a contract; one that it lacks fails with METHOD_UNKNOWN. */
  remote<C extends Contract>(contract: C): Remote<C>
  /**
   * Ends it because its player broke a rule of a protocol, with every call on it (PROTOCOL_INVALID). The player is taken in
   * again after a while only, longer each time. `what` goes on after "the other side".
   */
  breach(what: string): Promise<void>
  /** So many bytes that came over it had been asked for and were of use: a stranger is served the sooner for it. */
  noteUse(bytes: number): void
  /** Ends it, with every call on it (CLOSED); resolves when the socket is gone. Idempotent. */
  close(): Promise<void>
}

/** Says what a connected player is; `undefined` where it has no opinion. `blocked` overrides every other answer. */
export type RoleResolver = (player: PlayerId) => Role | 'blocked' | undefined | Promise<Role | 'blocked' | undefined>

/** Where a part reports. pino's loggers fit. */
export interface Log {
  debug(fields: object, message: string): void
  info(fields: object, message: string): void
  warn(fields: object, message: string): void
  error(fields: object, message: string): void
}

/** What ssb-keys stores of one identity, as lib/keys loads it: base64 with the suffix `.ed25519`. */
export interface HostKeys {
  readonly id: PlayerId
  readonly public: string
  readonly private: string
}

/** The host as a plugin sees it. */
export interface PluginHost {
  /** This node's identity. */
  readonly id: PlayerId
  readonly log: Log
  /** Aborted when the host starts to close. */
  readonly signal: AbortSignal
  /** Live connections to players (local clients are not among them). */
  connections(): readonly Connection[]
  /** The live connection to a player, if there is one. */
  connectionTo(player: PlayerId): Connection | undefined
  /**
   * Dials `net:host:port~shs:key`, or several addresses of one player beside each other; gives the present connection where
   * the player is already connected.
   * @throws MarmaladeError ADDRESS_INVALID, CONNECT_REFUSED, CONNECT_TIMEOUT, CONNECT_FAILED, HANDSHAKE_FAILED,
   * HANDSHAKE_TIMEOUT, CONNECTIONS_FULL, RATE_LIMITED where the player broke a rule a short while ago, PLAYER_BLOCKED, CANCELLED, CLOSED
   */
  connect(address: string | readonly string[], options?: CallOptions): Promise<Connection>
  /**
   * Addresses that others can dial: those that are configured as public, those of this machine's networks, its own loopback
   * last; empty until the host is open.
   */
  addresses(): readonly string[]
  /** Where the host listens for players; undefined until it is open, or where it only dials. */
  listening(): { readonly host: string; readonly port: number } | undefined
  /** Calls back for every new connection to a player. Gives a function that stops it. */
  onConnection(listener: (connection: Connection) => void): () => void
  /** Calls back when a connection to a player has ended; `reason` says why. */
  onDisconnect(listener: (connection: Connection, reason: Error) => void): () => void
  /** Has a say in what a player may call. The highest role of all resolvers counts. */
  addRoleResolver(resolver: RoleResolver): () => void
  /** Looks at everyone's role again and ends connections to those blocked by now. */
  rolesChanged(): Promise<void>
}

declare const API: unique symbol
/** Names a plugin whose api another one uses. Every Plugin is one; `need<Api>(name)` makes one without importing it. */
export interface Need<Api> {
  readonly name: string
  readonly [API]?: Api
}
export type Needs = Readonly<Record<string, Need<unknown>>>
/** The apis behind a plugin's needs, under the names that it gave them. */
export type Apis<N extends Needs> = { readonly [K in keyof N]: N[K] extends Need<infer Api> ? Api : never }

/** A started plugin. */
export interface Started<C extends Contract, Api> {
  /** What other plugins, and whoever opened the host, may use. */
  readonly api: Api
  readonly handlers: Handlers<C>
  /** Called once, when every plugin has started and the node listens: from here on `connect` works. */
  ready?(): Promise<void> | void
  /** Called once, after connections have been closed and before the plugins it needs are stopped. */
  stop?(): Promise<void> | void
}

/** What a node does over its connections: one contract, its handlers, an api for other plugins. */
export interface Plugin<Api, C extends Contract = Contract> extends Need<Api> {
  readonly contract: C
  readonly needs: Needs
  /** Its own slice of the configuration. */
  readonly options: z.ZodType
  start(host: PluginHost, needs: Readonly<Record<string, unknown>>, options: unknown): Promise<AnyStarted>
}
/** A started plugin once its types have been checked where it was defined. */
export interface AnyStarted {
  readonly api: unknown
  readonly handlers: HandlerTable
  ready?(): Promise<void> | void
  stop?(): Promise<void> | void
}
export type AnyHandler = (args: unknown, context: Context, link: Duplex<unknown, unknown>) => unknown
export interface HandlerTable {
  readonly [name: string]: AnyHandler | HandlerTable
}

/** The four states of everything that opens and closes. */
export type State = 'opening' | 'open' | 'closing' | 'closed'
