import {
  MarmaladeError,
  timeoutAfter,
  type Clock,
  type JamId,
  type Millis,
  type PlayerId,
} from '../../lib/base/index.ts'
import type { Connection, PluginHost } from '../../lib/host/index.ts'
import { jamsContract, type ClockAnswer, type ClockRow } from './contract.ts'
import type { Jams } from './jams.ts'
import type { LiveJam } from './live.ts'
import { staysIn } from './membership.ts'

/** How often each member that is asked is asked again, and how long it gets. */
const LOOK_MILLIS: Millis = 1_000
const ANSWER_MILLIS: Millis = 2_000
/** A member that is new is asked so many times, one after the other. */
const BURST = 16
const BURST_PAUSE: Millis = 20
const SETTLE_PAUSE: Millis = 50
/** Members asked where the starter is not linked. */
const MAX_ASKED = 16
/** A change below this is told to nobody. */
const TOLD_MILLIS: Millis = 0.02
/** How long a jam waits to be measured before it sounds, where somebody is linked who may know. */
const SETTLE_MILLIS: Millis = 1_500

interface Init {
  readonly host: PluginHost
  readonly jams: Jams
  readonly clock: Clock
  readonly self: PlayerId
  /** What a player is called here. */
  readonly shown: (player: PlayerId) => string
}

/** Measures the time of the jam that sounds over links to its members, and answers theirs (docs/protocol.md, "The jam's time"). */
export class Clocks {
  readonly #init: Init
  readonly #asking = new Map<PlayerId, Promise<void>>()
  readonly #listeners = new Set<(jam: LiveJam, zero: Millis) => void>()
  readonly #stopped = new AbortController()
  readonly #timer: NodeJS.Timeout
  readonly #unconnect: () => void
  #told: { readonly jam: LiveJam; readonly zero: Millis } | undefined

  constructor(init: Init) {
    this.#init = init
    this.#timer = setInterval(() => this.look(), LOOK_MILLIS)
    this.#timer.unref()
    const off = [
      init.host.onConnection(() => this.look()),
      init.host.onDisconnect(({ player }) => {
        for (const jam of init.jams.joined()) jam.time.forget(player)
      }),
    ]
    this.#unconnect = () => off.forEach((stop) => stop())
  }

  stop(): void {
    clearInterval(this.#timer)
    this.#unconnect()
    this.#stopped.abort()
  }

  /** Calls when the monotonic time of the sounding jam's frame 0 is known anew. */
  onZero(listener: (jam: LiveJam, zero: Millis) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Asks whom there is to ask, and tells what came of it. */
  look(): void {
    const jam = this.#init.jams.current()
    if (!jam?.ledger.start) return
    for (const connection of this.#sources(jam)) void this.#ask(jam, connection)
    this.#tell(jam)
  }

  /**
   * Resolves when a jam is measured, or none that is linked knows its time, or it takes too long. Who asks to be let in waits for that as
   * well: before, nobody answers.
   */
  async settled(jam: LiveJam): Promise<void> {
    const { clock } = this.#init
    const giveUpAt = clock.monotonic() + SETTLE_MILLIS
    while (!this.#stopped.signal.aborted && clock.monotonic() < giveUpAt) {
      if (!jam.ledger.start || jam.time.standing(clock.monotonic()) || this.#linked(jam).length === 0) return
      const sources = this.#sources(jam)
      await Promise.race([Promise.all(sources.map((it) => this.#ask(jam, it))), pause(SETTLE_MILLIS)])
      if (sources.length > 0 && sources.every(({ player }) => jam.time.sizeOf(player) === 0)) return
      await pause(SETTLE_PAUSE)
    }
  }

  /** What this node knows of a jam's time; undefined where it only has what the starter claims. @throws JAM_UNKNOWN, NOT_MEMBER */
  answer(id: JamId, caller: PlayerId): ClockAnswer | undefined {
    const { jams, clock } = this.#init
    const jam = jams.joined().find((joined) => joined.jam === id)
    if (!jam?.ledger.start) throw new MarmaladeError('JAM_UNKNOWN', 'this node is not in that jam')
    if (!staysIn(jam, caller)) throw new MarmaladeError('NOT_MEMBER', 'only members of a jam ask for its time')
    const now = clock.monotonic()
    if (jam.isOwn) return { time: now - jam.zero(clock), error: 0, hops: 0 }
    const standing = jam.time.standing(now)
    return standing && { time: now - standing.zero, error: standing.error, hops: standing.hops }
  }

  /** For people: from whom the time of a jam is, and how far it is from this machine's wall clock. */
  row(jam: LiveJam): ClockRow {
    const { clock, shown } = this.#init
    const standing = jam.time.standing(clock.monotonic())
    if (!standing) return { from: jam.isOwn ? 'self' : 'claim' }
    const { by, hops, error, zero } = standing
    return {
      from: hops === 1 && by === jam.ledger.starter ? 'starter' : 'member',
      player: by,
      shown: shown(by),
      offset: jam.claimed(clock) - zero,
      error,
    }
  }

  /** The starter alone where it is linked; else whoever may know it. None answers before we are in. */
  #sources(jam: LiveJam): Connection[] {
    return staysIn(jam, this.#init.self) ? this.#linked(jam) : []
  }

  #linked(jam: LiveJam): Connection[] {
    if (jam.isOwn) return []
    const { host } = this.#init
    const members = host.connections().filter(({ player, transport }) => transport === 'net' && staysIn(jam, player))
    const starter = members.filter(({ player }) => player === jam.ledger.starter)
    if (starter.length > 0) return starter
    return members.sort((a, b) => (a.player < b.player ? -1 : 1)).slice(0, MAX_ASKED)
  }

  /** One round of questions to a member at a time. */
  #ask(jam: LiveJam, connection: Connection): Promise<void> {
    const { player } = connection
    const asked = this.#asking.get(player) ?? this.#round(jam, connection).finally(() => this.#asking.delete(player))
    this.#asking.set(player, asked)
    return asked
  }

  async #round(jam: LiveJam, connection: Connection): Promise<void> {
    const { player } = connection
    try {
      const times = jam.time.sizeOf(player) < BURST ? BURST : 1
      for (let i = 0; i < times; i++) {
        if (i > 0) await pause(BURST_PAUSE)
        if (!(await this.#exchange(jam, connection)) || this.#stopped.signal.aborted) break
      }
    } catch (error) {
      this.#init.host.log.debug({ err: error, player }, 'a member did not say what time the jam has')
    }
    this.#tell(jam)
  }

  /** Whether it is worth asking again at once. */
  async #exchange(jam: LiveJam, connection: Connection): Promise<boolean> {
    const { clock } = this.#init
    const signal = AbortSignal.any([connection.signal, this.#stopped.signal, timeoutAfter(ANSWER_MILLIS)])
    const remote = connection.remote(jamsContract)
    const sent = clock.monotonic()
    const answer = await remote.clock({ jam: jam.jam }, { signal })
    const came = clock.monotonic()
    return answer !== undefined && jam.time.heard(connection.player, { sent, came, ...answer }, jam.claimed(clock))
  }

  #tell(jam: LiveJam): void {
    if (jam !== this.#init.jams.current()) return
    const zero = jam.zero(this.#init.clock)
    if (this.#told?.jam === jam && Math.abs(this.#told.zero - zero) < TOLD_MILLIS) return
    this.#told = { jam, zero }
    for (const listener of this.#listeners) listener(jam, zero)
  }
}

const pause = (millis: Millis): Promise<void> =>
  new Promise((resolve) => {
    setTimeout(resolve, millis)
  })
