import { networkInterfaces } from 'node:os'
import { timeoutAfter, type Clock, type PlayerId } from '../../lib/base/index.ts'
import { parseAddress, type Connection, type PluginHost } from '../../lib/host/index.ts'
import { Scheduler, type PeerEffect, type PeerEvent, type PeerSettings, type Published } from '../../lib/peers/index.ts'
import type { Reason, Waiting } from '../../lib/peers/index.ts'
import { Nearness } from './reach.ts'

const LOOK_MILLIS = 1_000
/** How long a connection has to answer where the machine slept or its network is another. */
const PROBE_MILLIS = 5_000
/** Bytes that pass on a quiet link between two looks, at most. */
const QUIET_BYTES = 512

/** An event without its time, kind by kind. */
type Timeless<E> = E extends PeerEvent ? Omit<E, 'now'> : never

interface Init {
  readonly host: Pick<PluginHost, 'id' | 'connections' | 'connect' | 'connectionTo' | 'signal' | 'log'> &
    Pick<PluginHost, 'onConnection' | 'onDisconnect'>
  readonly clock: Clock
  /** Between 0 and 1: spreads out when nodes dial again. */
  readonly random: () => number
  readonly settings: PeerSettings
  /** Called with each address at which a player was reached. */
  readonly onReached?: (player: PlayerId, address: string) => void
  /** The addresses of this machine as text; those of the system where it is left out. */
  readonly network?: () => string
}

/** Drives the scheduler of links: time and sockets in, dials out. */
export class Keeper {
  readonly #init: Init
  readonly #scheduler: Scheduler
  readonly #work = new Set<Promise<void>>()
  readonly #undo: (() => void)[]
  /** What came before it was started. */
  #early: Timeless<PeerEvent>[] | undefined = []
  #timer: NodeJS.Timeout | undefined
  #network: string
  /** Bytes that each link had brought at the last look. */
  #brought = new Map<number, number>()
  #news = 0
  readonly #nearness = new Nearness()
  #published: ReadonlyMap<PlayerId, Published> = new Map()

  constructor(init: Init) {
    this.#init = init
    const { host, random, settings } = init
    this.#scheduler = new Scheduler({ self: host.id, random, settings })
    this.#network = this.#readNetwork()
    this.#undo = [
      host.onConnection((connection) => this.#linked(connection)),
      host.onDisconnect(({ player }) => this.#step({ type: 'ended', player })),
    ]
  }

  /** Learns an address. @throws MarmaladeError ADDRESS_INVALID */
  learn(address: string, reason: Reason): void {
    this.#step({ type: 'learn', address, player: parseAddress(address).player, reason })
  }

  /**
   * Learns an address that a player told over its connection; one that is not its own is left out, and one in this node's own
   * network where the player is not in it.
   */
  told(player: PlayerId, address: string): void {
    if (isOf(player, address) && this.#nearness.allows(player, address)) this.learn(address, 'told')
  }

  /** Learns where a player was reached in an earlier run. */
  reached(player: PlayerId, address: string): void {
    if (!isOf(player, address)) return
    this.#nearness.linked({ player, address })
    this.learn(address, 'reached')
  }

  /** What players publish, whole; left out are the addresses that they could not tell either. */
  publish(players: ReadonlyMap<PlayerId, Published>): void {
    this.#published = players
    const own = [...players].map(([player, { addresses, reason }]): [PlayerId, Published] => [
      player,
      { addresses: addresses.filter((text) => isOf(player, text) && this.#nearness.allows(player, text)), reason },
    ])
    this.#step({ type: 'published', players: new Map(own.filter(([, { addresses }]) => addresses.length > 0)) })
  }

  /** Entries of others have been stored: links that bring bytes meanwhile are useful. */
  noteNews(): void {
    this.#news++
  }

  waiting(): Waiting[] {
    return this.#scheduler.waiting(this.#init.clock.monotonic())
  }

  /** Dials from now on: the host is open. */
  start(): void {
    const early = this.#early ?? []
    this.#early = undefined
    for (const event of early) this.#step(event)
    this.look()
    this.#timer = setInterval(() => this.look(), LOOK_MILLIS)
    this.#timer.unref()
  }

  /** Dials no more; resolves when nothing is under way. */
  async stop(): Promise<void> {
    clearInterval(this.#timer)
    this.#early ??= []
    for (const undo of this.#undo.splice(0)) undo()
    await this.idle()
  }

  /** Resolves when no dial is under way. */
  async idle(): Promise<void> {
    await Promise.all(this.#work)
  }

  /** Looks at the clock, the network and what links have brought. */
  look(): void {
    this.#noteUseful()
    const network = this.#readNetwork()
    const changed = network !== this.#network
    this.#network = network
    if (changed) this.#step({ type: 'network' })
    this.#step({ type: 'look', wall: this.#init.clock.micros() / 1_000 })
  }

  #readNetwork(): string {
    return this.#init.network?.() ?? systemNetwork()
  }

  #linked(connection: Connection): void {
    const { player, direction, address } = connection
    if (this.#nearness.linked(connection) && this.#published.has(player)) this.publish(this.#published)
    this.#step({ type: 'linked', player, ...(direction === 'out' && { address }) })
    if (direction === 'out') this.#init.onReached?.(player, address)
  }

  #noteUseful(): void {
    const news = this.#news
    this.#news = 0
    const brought = new Map<number, number>()
    for (const { id, player, bytesIn } of this.#init.host.connections()) {
      brought.set(id, bytesIn)
      const before = this.#brought.get(id) ?? 0
      if (news > 0 && bytesIn - before > QUIET_BYTES) this.#step({ type: 'useful', player })
    }
    this.#brought = brought
  }

  #step(event: Timeless<PeerEvent>): void {
    if (this.#early) {
      // Once it is stopped nobody starts it again; before, few things happen.
      if (!this.#init.host.signal.aborted) this.#early.push(event)
      return
    }
    for (const effect of this.#scheduler.handle({ ...event, now: this.#init.clock.monotonic() })) this.#do(effect)
  }

  #do(effect: PeerEffect): void {
    const { host } = this.#init
    switch (effect.do) {
      case 'dial':
        this.#begin(this.#dial(effect.address))
        return
      case 'hangUp':
        host.log.info({ player: effect.player }, 'a link that brought nothing for long makes room for another')
        this.#begin(host.connectionTo(effect.player)?.close())
        return
      case 'probe':
        host.log.info({}, 'the machine slept or its network is another: links are looked at, addresses dialled again')
        for (const connection of host.connections()) this.#begin(probe(connection))
        return
      case 'dropped':
        host.log.info({ address: effect.address }, 'an address is dialled no more: there is room for better ones only')
    }
  }

  #begin(work: Promise<void> | undefined): void {
    if (!work) return
    const tracked = work.finally(() => this.#work.delete(tracked))
    this.#work.add(tracked)
  }

  async #dial(address: string): Promise<void> {
    const { host } = this.#init
    try {
      await host.connect(address, { signal: host.signal })
      this.#step({ type: 'dialled', address })
    } catch (error) {
      host.log.debug({ err: error, address }, 'could not connect')
      this.#step({ type: 'dialled', address, error: error instanceof Error ? error.message : String(error) })
    }
  }
}

async function probe(connection: Connection): Promise<void> {
  try {
    await connection.ping({ signal: timeoutAfter(PROBE_MILLIS) })
  } catch {
    await connection.close()
  }
}

/** Whether text is an address at which this player proves who it is. */
export function isOf(player: PlayerId, text: string): boolean {
  try {
    return parseAddress(text).player === player
  } catch {
    return false
  }
}

/** The addresses of this machine that others can see, as one text. */
function systemNetwork(): string {
  const all = Object.entries(networkInterfaces()).flatMap(([name, found]) =>
    (found ?? []).filter(({ internal }) => !internal).map(({ address }) => `${name} ${address}`),
  )
  return all.sort().join('\n')
}
