import type { Clock, Millis, PlayerId } from '../../lib/base/index.ts'
import { parseAddress, type Connection, type PluginHost } from '../../lib/host/index.ts'

const LOOK_MILLIS = 1_000
const FIRST_WAIT: Millis = 1_000
const LONGEST_WAIT: Millis = 5 * 60_000
/** A link that lasted so long starts over with the shortest wait. */
const STEADY: Millis = 60_000
/** Addresses kept in all, and published ones of one player. */
const MAX_WANTED = 512
const MAX_PUBLISHED = 4
/** Dialled at the same time. */
const MAX_DIALLING = 4

/** `asked` for by this node's owner, or `published` by a player whom it follows. */
export type WantedFor = 'asked' | 'published'

interface Wanted {
  readonly player: PlayerId
  why: WantedFor
  failures: number
  due: Millis
  dialling: boolean
}

interface Init {
  readonly host: Pick<PluginHost, 'connections' | 'connect' | 'signal' | 'log'>
  readonly clock: Clock
  /** Between 0 and 1: spreads out when nodes dial again. */
  readonly random: () => number
}

/** Dials wanted addresses whose player is not connected, with waits that double, spread by chance. */
export class Redialler {
  readonly #init: Init
  readonly #wanted = new Map<string, Wanted>()
  readonly #dials = new Set<Promise<void>>()
  #timer: NodeJS.Timeout | undefined

  constructor(init: Init) {
    this.#init = init
  }

  /**
   * Dials an address from now on. False where there is no room: for one asked for, the published one that failed most
   * often makes room, but not the other way round.
   * @throws MarmaladeError ADDRESS_INVALID
   */
  want(address: string, why: WantedFor): boolean {
    const { player } = parseAddress(address)
    const known = this.#wanted.get(address)
    if (known) {
      if (why === 'asked') known.why = why
      return true
    }
    if (this.#wanted.size >= MAX_WANTED && !(why === 'asked' && this.#makeRoom())) return false
    const due = this.#init.clock.monotonic()
    this.#wanted.set(address, { player, why, failures: 0, due, dialling: false })
    return true
  }

  /** Published addresses are dialled for these players alone, of each those given: any other is forgotten. */
  setPublished(published: ReadonlyMap<PlayerId, readonly string[]>): void {
    const fit = new Set<string>()
    for (const [player, addresses] of published) {
      for (const address of addresses.filter((text) => isOf(player, text)).slice(0, MAX_PUBLISHED)) fit.add(address)
    }
    for (const [address, { why }] of this.#wanted) {
      if (why === 'published' && !fit.has(address)) this.#wanted.delete(address)
    }
    for (const address of fit) this.want(address, 'published')
  }

  /** The addresses that are dialled, in the order in which they were wanted. */
  wanted(): string[] {
    return [...this.#wanted.keys()]
  }

  start(): void {
    this.#timer = setInterval(() => this.look(), LOOK_MILLIS)
    this.#timer.unref()
  }

  /** Dials no more; resolves when none is being dialled. */
  async stop(): Promise<void> {
    clearInterval(this.#timer)
    await Promise.all(this.#dials)
  }

  /** Dials what is due. */
  look(): void {
    const { clock, host } = this.#init
    const now = clock.monotonic()
    const busy = new Set(host.connections().map((connection) => connection.player))
    for (const { dialling, player } of this.#wanted.values()) if (dialling) busy.add(player)
    for (const [address, wanted] of this.#wanted) {
      if (this.#dials.size >= MAX_DIALLING) return
      if (wanted.due > now || busy.has(wanted.player)) continue
      busy.add(wanted.player)
      const dial = this.#dial(address, wanted).finally(() => this.#dials.delete(dial))
      this.#dials.add(dial)
    }
  }

  #makeRoom(): boolean {
    let worst: [string, Wanted] | undefined
    for (const entry of this.#wanted) {
      if (entry[1].why === 'published' && (!worst || entry[1].failures > worst[1].failures)) worst = entry
    }
    return worst !== undefined && this.#wanted.delete(worst[0])
  }

  async #dial(address: string, wanted: Wanted): Promise<void> {
    const { host } = this.#init
    wanted.dialling = true
    try {
      const connection = await host.connect(address, { signal: host.signal })
      if (connection.signal.aborted) this.#lost(connection, wanted)
      else connection.signal.addEventListener('abort', () => this.#lost(connection, wanted), { once: true })
    } catch (error) {
      wanted.failures++
      host.log.debug({ err: error, address }, 'could not connect')
    }
    wanted.dialling = false
    this.#postpone(wanted)
  }

  /** A link that ended soon counts as a failure: whoever lets us in to throw us out is not dialled each second. */
  #lost(connection: Connection, wanted: Wanted): void {
    const lasted = this.#init.clock.micros() / 1_000 - connection.since
    wanted.failures = lasted >= STEADY ? 0 : wanted.failures + 1
    this.#postpone(wanted)
  }

  #postpone(wanted: Wanted): void {
    const { clock, random } = this.#init
    const wait = Math.min(LONGEST_WAIT, FIRST_WAIT * 2 ** Math.max(0, wanted.failures - 1))
    wanted.due = clock.monotonic() + wait * (0.5 + random())
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
