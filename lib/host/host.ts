import { performance } from 'node:perf_hooks'
import { MarmaladeError, playerIdOf } from '../base/index.ts'
import type { PlayerId } from '../base/index.ts'
import { Arrivals } from './arrivals.ts'
import { Connections } from './connections.ts'
import { Dials } from './dials.ts'
import { hostContract, manifestFor } from './manifest.ts'
import { Link } from './link.ts'
import type { LinkInit } from './link.ts'
import { PluginSet, register } from './plugins.ts'
import type { AnyPlugin } from './plugins.ts'
import { Rates } from './rates.ts'
import { Roles } from './roles.ts'
import { HOST_SETTINGS } from './settings.ts'
import type { HostSettings } from './settings.ts'
import { DEFAULT_PORT, parseAddresses, parsePublic } from './transport/address.ts'
import { addressesOf, listenNet, listenUnix } from './transport/listen.ts'
import type { Accepted, Listener, ListenInit, NetListener } from './transport/listen.ts'
import { handshake, NETWORK_KEY } from './transport/network.ts'
import { dialFirst } from './transport/race.ts'
import { Turns } from './turns.ts'
import type { CallOptions, Connection, HostKeys, Log, Need, PluginHost, State } from './types.ts'
import { Running } from './wire/calls.ts'
import type { Registered } from './wire/registered.ts'

export interface HostInit {
  readonly keys: HostKeys
  readonly log: Log
  readonly plugins: readonly AnyPlugin[]
  /** Each plugin's slice of the configuration under the plugin's name. */
  readonly config?: Readonly<Record<string, unknown>>
  /** Where to listen for players; left out, the node only dials. Port 0 takes a free one. */
  readonly listen?: { readonly host: string; readonly port: number }
  /** Where others reach this node from outside, as `host`, `host:port` or a whole address; the port is the one listened on. */
  readonly publicAddresses?: readonly string[]
  /** Where to listen for local clients: a socket in a folder of its own. */
  readonly socketPath?: string
  /** 32 bytes; nodes with different ones cannot talk. */
  readonly networkKey?: Uint8Array
  readonly settings?: Partial<HostSettings>
}

/**
 * Loads plugins in order of need, serves their merged contracts to players and local clients, keeps the connections, and closes everything
 * in reverse.
 */
export class Host implements PluginHost {
  readonly id: PlayerId
  readonly log: Log
  readonly #init: HostInit
  readonly #settings: HostSettings
  readonly #plugins: PluginSet
  readonly #roles = new Roles()
  readonly #running = new Running()
  readonly #rates = new Rates(() => performance.now())
  readonly #connections: Connections
  readonly #local = new Set<Link>()
  readonly #table = new Map<string, Registered>()
  readonly #controller = new AbortController()
  readonly #dials = new Dials<Connection>()
  readonly #arrivals: Arrivals
  readonly #turns = new Turns({ now: () => performance.now(), idle: () => performance.eventLoopUtilization().idle })
  readonly #handshake: ReturnType<typeof handshake>
  #net: NetListener | undefined
  #unix: Listener | undefined
  #state: State = 'opening'
  #opened: Promise<void> | undefined
  #closed: Promise<void> | undefined
  #links = 0

  /** @throws MarmaladeError PLUGIN_TWICE, NEEDS_MISSING, NEEDS_CIRCULAR, OPTIONS_INVALID, ADDRESS_INVALID */
  constructor(init: HostInit) {
    this.id = init.keys.id
    this.log = init.log
    this.#init = init
    this.#settings = { ...HOST_SETTINGS, ...init.settings }
    this.#plugins = new PluginSet(init.plugins, init.config ?? {}, init.log)
    this.#arrivals = new Arrivals(this.#settings.arrivals, () => performance.now())
    this.#connections = new Connections({ ...this.#settings, self: this.id, log: init.log })
    for (const text of init.publicAddresses ?? []) parsePublic(text, DEFAULT_PORT)
    this.#handshake = handshake(init.keys, init.networkKey ?? NETWORK_KEY, this.#settings.handshakeTimeout)
    register(this.#table, 'host', hostContract, { manifest: (_args, { role }) => manifestFor(this.#table, role) })
  }

  get state(): State {
    return this.#state
  }
  get signal(): AbortSignal {
    return this.#controller.signal
  }

  /**
   * Starts the plugins, then listens. Idempotent; where it fails, everything that was started is stopped again.
   * @throws MarmaladeError OPTIONS_INVALID, METHOD_TWICE, PLUGIN_FAILED, LISTEN_FAILED, SOCKET_IN_USE, SOCKET_UNSAFE, CLOSED
   */
  open(): Promise<void> {
    this.#opened ??= this.#open()
    return this.#closed ? this.#refuse() : this.#opened
  }

  async #open(): Promise<void> {
    try {
      await this.#plugins.start(this, this.#table)
      await this.#listen()
      this.#state = 'open'
      await this.#plugins.ready()
    } catch (error) {
      // What it could not open is the news; what it then could not stop has been logged.
      this.#closed ??= this.#shut()
      await this.#closed.catch(() => undefined)
      throw error
    }
  }

  async #listen(): Promise<void> {
    const { listen, socketPath } = this.#init
    const common: Pick<ListenInit, 'handshakeTimeout' | 'onError'> = {
      handshakeTimeout: this.#settings.handshakeTimeout,
      onError: (error) => this.log.debug({ err: error }, 'a connection was not made'),
    }
    if (socketPath !== undefined) {
      this.#unix = await listenUnix(socketPath, {
        ...common,
        room: () => this.#local.size < this.#settings.maxLocal,
        onAccepted: (accepted) => this.#takeLocal(accepted),
      })
    }
    if (listen) {
      this.#net = await listenNet(listen, this.#handshake, {
        ...common,
        limits: this.#settings.limits,
        networkKey: this.#init.networkKey ?? NETWORK_KEY,
        room: (address) => this.#connections.size < this.#settings.maxConnections && this.#arrivals.take(address),
        onAccepted: (accepted) => void this.#takeIn(accepted),
      })
    }
  }

  /** Stops listening, ends every connection, stops the plugins in reverse. Idempotent. @throws MarmaladeError PLUGIN_FAILED */
  close(): Promise<void> {
    this.#closed ??= (this.#opened ?? Promise.resolve()).catch(() => undefined).then(() => this.#shut())
    return this.#closed
  }

  async #shut(): Promise<void> {
    this.#state = 'closing'
    const closing = new MarmaladeError('CLOSED', 'the node is closing')
    this.#controller.abort(closing)
    const listeners = [this.#net?.close(), this.#unix?.close()]
    await this.#dials.idle()
    const links = [...this.#connections.list(), ...this.#local]
    await Promise.all(links.map((link) => link.end(closing)))
    await Promise.all(listeners.filter((listener) => listener !== undefined))
    const left = await this.#running.idle(this.#settings.handlerGrace)
    if (left > 0) this.log.warn({ handlers: left }, 'handlers went on although they were told to stop')
    const errors = await this.#plugins.stop()
    this.#state = 'closed'
    if (errors.length === 0) return
    const cause = new AggregateError(errors)
    throw new MarmaladeError('PLUGIN_FAILED', `${errors.length} plugins could not stop; the log says why`, { cause })
  }

  /** The api of a plugin. @throws MarmaladeError NEEDS_MISSING */
  api<Api>(plugin: Need<Api>): Api {
    // A need carries the type of the api of the plugin that it names.
    return this.#plugins.api(plugin.name) as Api
  }

  connections(): readonly Connection[] {
    return this.#connections.list()
  }
  connectionTo(player: PlayerId): Connection | undefined {
    return this.#connections.of(player)
  }
  onConnection(listener: (connection: Connection) => void): () => void {
    return this.#connections.onConnection(listener)
  }
  onDisconnect(listener: (connection: Connection, reason: Error) => void): () => void {
    return this.#connections.onDisconnect(listener)
  }
  addRoleResolver(resolver: Parameters<PluginHost['addRoleResolver']>[0]): () => void {
    return this.#roles.add(resolver)
  }
  addresses(): readonly string[] {
    const { bound } = this.#net ?? {}
    return bound ? addressesOf(this.id, bound, this.#init.publicAddresses ?? []) : []
  }
  listening(): { readonly host: string; readonly port: number } | undefined {
    const { bound } = this.#net ?? {}
    return bound && { host: bound.address, port: bound.port }
  }

  async rolesChanged(): Promise<void> {
    await Promise.all(this.#connections.list().map((link) => link.recheck()))
  }
  async connect(where: string | readonly string[], options: CallOptions = {}): Promise<Connection> {
    const texts = typeof where === 'string' ? [where] : where
    const { player } = parseAddresses(texts)
    this.#check(this.#state === 'open')
    const present = this.#connections.of(player)
    return present ?? this.#dials.join(player, texts, (fresh, over) => this.#dial(fresh, over, options))
  }

  async #dial(texts: readonly string[], over: AbortController, options: CallOptions): Promise<Connection> {
    const { player, addresses } = parseAddresses(texts)
    this.#checkRefusal(player)
    const { maxConnections, connectTimeout, handshakeTimeout, limits } = this.#settings
    if (this.#connections.size + this.#dials.size >= maxConnections) {
      throw new MarmaladeError('CONNECTIONS_FULL', `${maxConnections} players are connected: end a connection first`)
    }
    await this.#roles.of(player)
    const signal = AbortSignal.any([over.signal, this.signal, ...(options.signal ? [options.signal] : [])])
    const { wire, socket, at } = await dialFirst(addresses, {
      handshake: this.#handshake,
      connectTimeout,
      handshakeTimeout,
      signal,
      limits,
    })
    if (over.signal.aborted) {
      socket.destroy()
      throw new MarmaladeError('CANCELLED', 'another address of the player answered first')
    }
    over.abort()
    const address = texts[at] ?? wire.address
    return this.#connections.add(this.#link({ wire, socket, player, direction: 'out', address }))
  }

  async #takeIn({ wire, socket, publicKey }: Accepted): Promise<void> {
    try {
      if (!publicKey) throw new MarmaladeError('HANDSHAKE_FAILED', 'a caller came in without an identity')
      const player = playerIdOf(publicKey)
      this.#checkRefusal(player)
      const stranger = (await this.#roles.of(player)) === 'stranger'
      if (await this.#connections.holds(player)) {
        throw new MarmaladeError('CONNECTION_HELD', `${player} is connected, and that connection answers`)
      }
      this.#check(this.#state === 'open')
      this.#connections.add(this.#link({ wire, socket, player, direction: 'in', address: wire.address, stranger }))
      await this.#connections.trimStrangers()
    } catch (error) {
      this.log.debug({ err: error }, 'a caller was turned away')
      socket.destroy()
    }
  }

  #takeLocal({ wire, socket }: Accepted): void {
    const link = this.#link(
      { wire, socket, player: this.id, direction: 'in', address: wire.address, transport: 'local' },
      (ended) => this.#local.delete(ended),
    )
    if (!link.signal.aborted) this.#local.add(link)
  }

  #link(
    given: Pick<LinkInit, 'wire' | 'socket' | 'player' | 'direction' | 'address'> & Partial<LinkInit>,
    onEnd: (link: Link, reason: MarmaladeError) => void = (link, reason) => this.#ended(link, reason),
  ): Link {
    const { maxCalls, keepalive } = this.#settings
    const shared = { roles: this.#roles, rates: this.#rates, running: this.#running, turns: this.#turns }
    const parts = { table: this.#table, log: this.log, ...shared }
    const common = { transport: 'net', stranger: false, maxCalls, keepalive } as const
    return new Link({ id: ++this.#links, ...parts, ...common, ...given, onEnd })
  }

  #ended(link: Link, reason: MarmaladeError): void {
    if (reason.code === 'PROTOCOL_INVALID') {
      const pays = !this.#connections.isKnownBeside(link)
      this.#arrivals.noteBreach(link.player, pays ? link.networkAddress : undefined)
    }
    this.#connections.remove(link, reason)
  }

  async #refuse(): Promise<never> {
    throw new MarmaladeError('CLOSED', `the node is ${this.#state}: it does not open again`)
  }
  /** @throws MarmaladeError RATE_LIMITED */
  #checkRefusal(player: PlayerId): void {
    const refused = this.#arrivals.refusedFor(player)
    if (refused === 0) return
    throw new MarmaladeError('RATE_LIMITED', `${player} broke a rule: refused for ${Math.ceil(refused / 1_000)} s`)
  }
  #check(fit: boolean): void {
    if (!fit)
      throw new MarmaladeError('CLOSED', `the node is ${this.#state}: it can be used once open and until closed`)
  }
}
