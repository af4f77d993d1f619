import { ownedParts } from '../base/index.ts'
import type { JamId, PlayerId, Ticks } from '../base/index.ts'
import { forkIn } from './fork.ts'
import type { Fork } from './fork.ts'
import { Grid } from './grid.ts'
import type { GridChange } from './grid.ts'
import type { EndItem, JamItem, MeterItem, StartItem, TempoItem } from './items.ts'
import { Members } from './members.ts'
import { comparePublished, compareScore } from './order.ts'

/** What the actions of a jam come to. */
export interface Shape {
  readonly start: StartItem | undefined
  readonly members: Members
  readonly grid: Grid
  readonly end: EndItem | undefined
  readonly endTick: Ticks
  /** What it begins with, where it was forked. */
  readonly fork: Fork | undefined
  /** Whose entries it is made of: everyone ever admitted, and those whose entries it begins with. */
  readonly players: ReadonlySet<PlayerId>
}

/**
 * Start, members, grid and end of a jam: a pure function of the set of its actions.
 * @param until nothing at this tick or after it counts
 */
export function shapeOf(jam: JamId, items: Iterable<JamItem>, until: Ticks): Shape {
  const starter = ownedParts(jam).owner
  const all = [...items]
  const own = all.filter((item) => item.identity === starter)
  const start = own.filter((item) => item.kind === 'start').sort(comparePublished)[0]
  const ends = own.filter((item) => item.kind === 'end')
  const position = ({ payload, comparable, key }: EndItem) => ({ at: payload.at, comparable, key })
  const end = ends.sort((a, b) => compareScore(position(a), position(b)))[0]
  const membership = all.filter(
    (item) => item.kind === 'join' || item.kind === 'admit' || item.kind === 'remove' || item.kind === 'leave',
  )
  const endTick = Math.min(until, end?.payload.at ?? Infinity)
  const members = new Members(starter, membership)
  const fork = forkIn(jam, start)
  const players = fork ? new Set([...members.everyone, ...fork.players]) : members.everyone
  return { start, end, endTick, members, grid: gridOf(start, own, endTick), fork, players }
}

/** Keys that an action does not know are ignored: a `tempo` sets no meter. */
const changeOf = ({ kind, payload, comparable, key }: TempoItem | MeterItem): GridChange =>
  kind === 'tempo'
    ? { bar: payload.bar, tempo: payload.tempo, comparable, key }
    : { bar: payload.bar, meter: payload.meter, comparable, key }

/** The grid of what counts: a change of bars at or after the end does not. */
function gridOf(start: StartItem | undefined, own: readonly JamItem[], end: Ticks): Grid {
  if (!start) return new Grid([])
  const { comparable, key, payload } = start
  const changes = own.filter((item) => item.kind === 'tempo' || item.kind === 'meter')
  const first = { bar: 0, tempo: payload.tempo, meter: payload.meter, comparable, key }
  const of = (items: readonly (TempoItem | MeterItem)[]) => new Grid([first, ...items.map(changeOf)])
  const grid = of(changes)
  const before = changes.filter((item) => grid.tickOfBar(item.payload.bar) < end)
  return before.length === changes.length ? grid : of(before)
}
