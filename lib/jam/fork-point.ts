import { MarmaladeError, isName } from '../base/index.ts'
import type { Bars, Name, PlayerId, Ticks } from '../base/index.ts'
import type { Meter } from '../entry/index.ts'
import type { CarriedItem, ForkedFrom } from './fork.ts'
import type { Tempo } from './grid.ts'
import { handleOf } from './handles.ts'
import { instanceKey, keyOfInstance, tickOf } from './items.ts'
import type { InstanceKey, JamItem, ParamItem, PlayItem, TagItem } from './items.ts'
import type { Ledger } from './ledger.ts'
import { compareScore } from './order.ts'
import { compareAt } from './track.ts'

/** The most that a start says of what it begins with, in UTF-16 code units of JSON: a fresh entry has 14,848 bytes. */
const MAX_FORK_TEXT = 12_000

/** How a jam stands at a bar line, as another that begins there says it. */
export interface ForkPoint {
  readonly from: ForkedFrom
  readonly tempo: Tempo
  readonly meter: Meter
}

/**
 * How a jam stands at a bar line: tempo, meter, the newest tags, and every play that has not ended there with the params
 * that are in force or on their way, as somebody hears it who joins there. What stands on the line itself has happened.
 * @param bar counted from 0
 * @param starter who is going to start the fork: what it plays itself keeps its names
 * @throws MarmaladeError BAR_PASSED where the jam is over there, FORK_TOO_LARGE
 */
export function forkPoint(ledger: Ledger, bar: Bars, starter: PlayerId): ForkPoint {
  const { grid, endTick } = ledger
  const tick = grid.tickOfBar(bar)
  if (tick >= endTick) {
    const last = Math.ceil(grid.barOfTick(endTick))
    throw new MarmaladeError('BAR_PASSED', `the jam ends with bar ${last}: fork it from that one at the latest`)
  }
  const stood = before(ledger, tick)
  const plays = sounding(ledger, stood, tick)
  const handles = named(plays, starter)
  const carried = [...plays, ...inForce(ledger, stood, handles, tick), ...newest(stood, plays)]
  const point = grid.points.findLast((candidate) => candidate.tick <= tick)
  const from = { jam: ledger.jam, bar, carries: grouped(ledger, carried, handles, tick) }
  if (JSON.stringify(from).length > MAX_FORK_TEXT) {
    const message = `${carried.length} entries make up bar ${bar + 1}, more than one entry can name: fork it from a bar where less plays`
    throw new MarmaladeError('FORK_TOO_LARGE', message)
  }
  return { from, tempo: point?.tempo ?? 0, meter: point?.meter ?? '4/4' }
}

/** What counts and stands at or before a tick, in score order. */
function before(ledger: Ledger, tick: Ticks): readonly JamItem[] {
  const { grid } = ledger
  const placed = [...ledger.items()]
    .map((item) => ({ item, at: tickOf(item, grid), comparable: item.comparable, key: item.key }))
    .filter(({ item, at }) => at <= tick && ledger.refuse(item) === undefined)
  return placed.sort(compareScore).map(({ item }) => item)
}

/**
 * Plays that have not ended at a tick. One with `when` may have started or wait yet, which tags decide: it and what it
 * would replace are carried on, and the fork finds out as whoever joins late does.
 */
function sounding(ledger: Ledger, stood: readonly JamItem[], tick: Ticks): readonly PlayItem[] {
  const plays = stood.filter((item) => item.kind === 'play')
  const stopped = new Map<InstanceKey, Ticks>()
  for (const item of stood.filter((one) => one.kind === 'stop').reverse())
    stopped.set(keyOfInstance(ledger.targetOf(item)), item.payload.at)
  const ended = new Set(stopped.keys())
  for (const play of plays) {
    const target = play.payload.when ? undefined : ledger.targetOf(play)
    const cancelled = (stopped.get(keyOf(play)) ?? Infinity) <= play.payload.at
    if (target && !cancelled && keyOfInstance(target) !== keyOf(play)) ended.add(keyOfInstance(target))
  }
  return plays.filter((play) => {
    const { at, length, when } = play.payload
    if (ended.has(keyOf(play))) return false
    if (length !== undefined && !when && at + length <= tick) return false
    const out = play.carried ? undefined : ledger.members.outFrom(play.identity, at)
    return out === undefined || out > tick
  })
}

const keyOf = ({ identity, payload }: PlayItem): InstanceKey => instanceKey(identity, payload.instance)

/** What the fork's starter is going to call each: its own as they are called, of others' the later ones by number. */
function named(plays: readonly PlayItem[], starter: PlayerId): ReadonlyMap<InstanceKey, Name> {
  const handles = new Map<InstanceKey, Name>()
  const used = new Set<Name>()
  const own = plays.filter(({ identity }) => identity === starter)
  for (const play of [...own, ...plays.filter(({ identity }) => identity !== starter)]) {
    const handle = free(play.identity === starter ? play.payload.instance : handleOf(play), used)
    used.add(handle)
    handles.set(keyOf(play), handle)
  }
  return handles
}

function free(name: Name, used: ReadonlySet<Name>): Name {
  for (let number = 1; ; number++) {
    const candidate = number === 1 ? name : `${name.slice(0, 58)}-${number}`
    if (isName(candidate) && !used.has(candidate)) return candidate
  }
}

/** Of each parameter of what is carried on the param in force, and those before it whose ways it cut short. */
function inForce(
  ledger: Ledger,
  stood: readonly JamItem[],
  handles: ReadonlyMap<InstanceKey, Name>,
  tick: Ticks,
): readonly ParamItem[] {
  const series = new Map<string, ParamItem[]>()
  for (const item of stood) {
    if (item.kind !== 'param') continue
    const target = keyOfInstance(ledger.targetOf(item))
    if (!handles.has(target)) continue
    const id = `${target} ${item.payload.name}`
    series.set(id, [...(series.get(id) ?? []), item])
  }
  return [...series.values()].flatMap((params) => lastOf(params.sort(compareAt), tick))
}

function lastOf(params: readonly ParamItem[], tick: Ticks): readonly ParamItem[] {
  let until = tick
  for (let at = params.length - 1; at >= 0; at--) {
    const { payload } = params[at] as ParamItem
    if (payload.at + (payload.over ?? 0) <= until) return params.slice(at)
    until = payload.at
  }
  return params
}

/** The newest tag of each player and name, and all of those that plays wait for. */
function newest(stood: readonly JamItem[], plays: readonly PlayItem[]): readonly TagItem[] {
  const awaited = new Set(plays.flatMap(({ payload }) => (payload.when ? [payload.when.name] : [])))
  const tags = stood.filter((item) => item.kind === 'tag')
  const last = new Map(tags.map((tag) => [`${tag.identity} ${tag.payload.name}`, tag]))
  return tags.filter((tag) => awaited.has(tag.payload.name) || last.get(`${tag.identity} ${tag.payload.name}`) === tag)
}

type Group = ForkedFrom['carries'][number]
interface Growing {
  readonly head: Omit<Group, 'entries'>
  readonly entries: Group['entries'][number][]
}

/** By whose feed and which jam they are of. */
function grouped(
  ledger: Ledger,
  items: readonly CarriedItem[],
  handles: ReadonlyMap<InstanceKey, Name>,
  tick: Ticks,
): Group[] {
  const groups = new Map<string, Growing>()
  for (const item of items) {
    const { identity, key, carried } = item
    const head = { jam: carried?.jam ?? ledger.jam, at: tick + (carried?.origin ?? 0), identity }
    const id = `${head.jam} ${head.at} ${identity}`
    const group: Growing = groups.get(id) ?? { head, entries: [] }
    groups.set(id, group)
    const as = calledIn(ledger, item, handles)
    group.entries.push({ key, ...(as !== undefined && { as }) })
  }
  return [...groups.values()].map(({ head, entries }) => ({ ...head, entries }))
}

/** What the fork calls the instance of a play or param, where its signer's own name does not say it. */
function calledIn(ledger: Ledger, item: CarriedItem, handles: ReadonlyMap<InstanceKey, Name>): Name | undefined {
  if (item.kind === 'tag') return undefined
  if (item.kind === 'play') {
    const handle = handles.get(keyOf(item))
    return handle === item.payload.instance ? undefined : handle
  }
  const target = keyOfInstance(ledger.targetOf(item))
  return target === instanceKey(item.identity, item.payload.instance) ? undefined : handles.get(target)
}
