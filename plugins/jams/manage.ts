import {
  jamIdOf,
  MarmaladeError,
  name as checkedName,
  type Clock,
  type Frames,
  type Name,
  type PlayerId,
  type Ticks,
} from '../../lib/base/index.ts'
import { isMeter, MAX_TEMPO, MIN_TEMPO, type Payload } from '../../lib/entry/index.ts'
import type { Handlers } from '../../lib/host/index.ts'
import { ENGINE, nextBoundary, parseOn, resolveAt } from '../../lib/jam/index.ts'
import type { FeedsApi } from '../feeds/index.ts'
import { act } from './act.ts'
import type { Clocks } from './clocks.ts'
import type { JamRow, jamsContract, Shaped } from './contract.ts'
import { forkedRow, nameOfFork, startOfFork } from './fork.ts'
import type { Heralds } from './heralds.ts'
import { instancesOf } from './instances.ts'
import type { Jams } from './jams.ts'
import type { LiveJam } from './live.ts'
import { staysIn, type Membership } from './membership.ts'

const DEFAULT_TEMPO = 112
const DEFAULT_METER = '4/4'

interface Parts {
  readonly feeds: FeedsApi
  readonly jams: Jams
  readonly heralds: Heralds
  readonly membership: Membership
  readonly clocks: Clocks
  readonly clock: Clock
  readonly lookAhead: Frames
  readonly settled: () => Promise<void>
}

/** Starting, joining, shaping and showing jams. */
export function manageHandlers(parts: Parts): Handlers<typeof jamsContract>['jam'] {
  const { feeds, jams, membership, clock, lookAhead } = parts
  const self = feeds.identity.id
  const row = (jam: LiveJam): JamRow => jamRow(parts, jam)
  const started = async (text?: string): Promise<LiveJam> => {
    const jam = await jams.resolve(text)
    if (!jam.ledger.start)
      throw new MarmaladeError('JAM_UNKNOWN', 'the start of that jam has not arrived: connect to its starter')
    return jam
  }
  const own = async (text?: string): Promise<LiveJam> => {
    const jam = await started(text)
    if (jam.ledger.starter !== self) throw new MarmaladeError('STARTER_ONLY', 'only the starter of the jam may do this')
    return jam
  }
  /** Starts a jam of our own. */
  const begin = async (name: Name, start: Omit<Payload & object, 'jam'>): Promise<JamRow> => {
    const id = jamIdOf(self, name)
    if ((await jams.open(id)).ledger.start)
      throw new MarmaladeError('JAM_NAME_USED', `you have started a jam called ${name} before: take a new name`)
    await feeds.publish({ type: 'jam', ...start, jam: id })
    await parts.settled()
    return row(await jams.resolve(id))
  }
  /** Changes the jam itself from a tick on. */
  const shape = async (jam: LiveJam, change: Omit<Payload & object, 'type'>, at: Ticks): Promise<Shaped> => {
    const { place, ...done } = await act(parts, jam, { type: 'jam', jam: jam.jam, ...change }, at)
    return { ...place, ...done }
  }
  /** Changes the grid at the bar that is asked for, or the next one after a place that is no bar. */
  const regrid = (jam: LiveJam, on: string, change: Omit<Payload & object, 'type'>): Promise<Shaped> => {
    const { grid } = jam.ledger
    const { at } = resolveAt(grid, parseOn(on), jam.frameAt(clock), lookAhead)
    const bar = Math.ceil(grid.barOfTick(at))
    return shape(jam, { ...change, bar }, grid.tickOfBar(bar))
  }
  /** The first tick that can be heard everywhere in time. */
  const soon = (jam: LiveJam): number => resolveAt(jam.ledger.grid, { unit: 'now' }, jam.frameAt(clock), lookAhead).at
  return {
    async start({ name: text, title, tempo = DEFAULT_TEMPO, meter = DEFAULT_METER }) {
      assertTempo(tempo)
      assertMeter(meter)
      const titled = title === undefined ? {} : { title }
      return begin(checkedName(text), { type: 'jam', action: 'start', tempo, meter, engine: ENGINE, ...titled })
    },
    async fork({ jam: text, bar, name: asked, title }) {
      const jam = await started(text)
      const name = asked === undefined ? await nameOfFork(parts, jam) : checkedName(asked)
      return begin(name, startOfFork(parts, jam, { bar, title }))
    },
    async join({ jam: text }) {
      const jam = await jams.resolve(text)
      if (!staysIn(jam, self) && !asksAlready(jams, jam, self)) {
        await feeds.publish({ type: 'jam', jam: jam.jam, action: 'join' })
        await parts.settled()
        if (jam.ledger.starter === self) await membership.admit(await jams.resolve(jam.jam), self)
      }
      await jams.select(jam.jam)
      feeds.interestChanged()
      const there = [jam.ledger.starter, ...jam.ledger.members.everyone]
      await Promise.all([...new Set(there)].map((player) => membership.introduce(player)))
      return row(await jams.resolve(jam.jam))
    },
    async admit({ jam: text, player: who }) {
      const jam = await started(text)
      const player = feeds.directory.resolve(who)
      if (!jam.ledger.members.everyone.has(self)) {
        throw new MarmaladeError('NOT_MEMBER', 'only members of a jam admit others')
      }
      await membership.admit(jam, player)
      return { player, shown: feeds.directory.shown(player) }
    },
    async remove({ jam: text, player: who }) {
      const jam = await own(text)
      const player = feeds.directory.resolve(who)
      if (player === self) throw new MarmaladeError('USAGE', 'that is you: `jam leave` or `jam end`')
      if (!staysIn(jam, player))
        throw new MarmaladeError('NOT_MEMBER', 'that player is not in this jam: see `jam show`')
      await feeds.publish({ type: 'jam', jam: jam.jam, action: 'remove', identity: player, at: soon(jam) })
      await parts.settled()
      return { player, shown: feeds.directory.shown(player) }
    },
    async leave({ jam: text }) {
      const jam = await started(text)
      const at = soon(jam)
      const left = row(jam)
      await feeds.publish({ type: 'jam', jam: jam.jam, action: 'leave', at })
      await parts.settled()
      feeds.interestChanged()
      return { ...left, mine: 'none', current: false }
    },
    async tempo({ jam: text, tempo, on = 'bar' }) {
      assertTempo(tempo)
      return regrid(await own(text), on, { action: 'tempo', tempo })
    },
    async meter({ jam: text, meter, on = 'bar' }) {
      assertMeter(meter)
      return regrid(await own(text), on, { action: 'meter', meter })
    },
    async end({ jam: text, on = 'bar' }) {
      const jam = await own(text)
      const { at } = resolveAt(jam.ledger.grid, parseOn(on), jam.frameAt(clock), lookAhead)
      return shape(jam, { action: 'end', at }, at)
    },
    async list() {
      const all: LiveJam[] = []
      // One after the other: each that is not joined is read whole.
      for (const id of await jams.known()) all.push(await jams.open(id))
      return all.map(row).sort((a, b) => Number(b.current) - Number(a.current) || (a.name < b.name ? -1 : 1))
    },
    async *entries({ jam: text }) {
      const jam = await started(text)
      for (const entry of jam.published()) yield { jam: jam.jam, ...entry }
    },
    async show({ jam: text }) {
      const jam = await jams.resolve(text)
      const { members } = jam.ledger
      const shown = (player: typeof self): string => feeds.directory.shown(player)
      const now = membership.tickNow(jam)
      return {
        ...row(jam),
        clock: parts.clocks.row(jam),
        players: [...members.everyone].map((player) => ({
          player,
          shown: shown(player),
          counts: members.countsAt(player, now),
        })),
        waiting: membership.waiting(jam).map((player) => ({ player, shown: shown(player) })),
        ...instancesOf(jam, now, shown),
        refused: [...jam.refused()],
      }
    },
  }
}

function assertTempo(tempo: number): void {
  if (!(tempo >= MIN_TEMPO && tempo <= MAX_TEMPO))
    throw new MarmaladeError('USAGE', `the tempo lies from ${MIN_TEMPO} to ${MAX_TEMPO} beats a minute`)
}

function assertMeter(meter: string): void {
  if (!isMeter(meter))
    throw new MarmaladeError('USAGE', `${meter} is no meter: n/d, n 1 to 64, d a power of 2 up to 32`)
}

/** Whether our own join is waiting to be answered. */
function asksAlready(jams: Jams, jam: LiveJam, self: PlayerId): boolean {
  const { waiting, returning } = jam.ledger.members
  return jams.joined().includes(jam) && [...waiting, ...returning].some(({ player }) => player === self)
}

function jamRow({ feeds, jams, membership, clock }: Parts, jam: LiveJam): JamRow {
  const { ledger } = jam
  const { start, starter, members, grid } = ledger
  const self = feeds.identity.id
  const tick = membership.tickNow(jam)
  const joined = jams.joined().some(({ jam: id }) => id === jam.jam)
  const point = grid.points.findLast((candidate) => candidate.tick <= tick)
  return {
    jam: jam.jam,
    name: ledger.name,
    starter,
    shown: feeds.directory.shown(starter),
    ...(start?.payload.title !== undefined && { title: start.payload.title }),
    tempo: point?.tempo ?? DEFAULT_TEMPO,
    meter: point?.meter ?? DEFAULT_METER,
    members: members.countAt(tick),
    mine: starter === self ? 'starter' : members.countsAt(self, tick) ? 'member' : joined ? 'waiting' : 'none',
    ended: ledger.end !== undefined && ledger.end.payload.at <= tick,
    bar: Math.floor(grid.barOfTick(nextBoundary(grid, 'now', Math.max(0, jam.frameAt(clock))))) + 1,
    current: jams.current()?.jam === jam.jam,
    ...forkedRow({ feeds }, jam),
  }
}
