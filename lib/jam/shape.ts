import type { PlayerId, Ticks } from '../base/index.ts'
import type { Beginning } from './beginning.ts'
import { Grid } from './grid.ts'
import type { GridChange } from './grid.ts'
import type { EndItem, JamItem, MeterItem, StartItem, TempoItem } from './items.ts'
import { Members } from './members.ts'
import { compareScore } from './order.ts'

/** What a jam is made from, but for what sounds. */
interface Making {
  readonly starter: PlayerId
  readonly beginning: Beginning
  readonly actions: Iterable<JamItem>
  /** Nothing at this tick or after it counts. */
  readonly until: Ticks
}

/** What the actions of a jam come to. */
export interface Shape {
  readonly members: Members
  readonly grid: Grid
  readonly end: EndItem | undefined
  readonly endTick: Ticks
  /** Whose entries it is made of: everyone ever admitted, and those whose entries it begins with. */
  readonly players: ReadonlySet<PlayerId>
}

/** Members, grid and end of a jam: a pure function of the set of its actions. */
export function shapeOf({ starter, beginning: { start, fork }, actions, until }: Making): Shape {
  const all = [...actions]
  const own = all.filter((item) => item.identity === starter)
  const ends = own.filter((item) => item.kind === 'end')
  const position = ({ payload, comparable, key }: EndItem) => ({ at: payload.at, comparable, key })
  const end = ends.sort((a, b) => compareScore(position(a), position(b)))[0]
  const membership = all.filter(
    (item) => item.kind === 'join' || item.kind === 'admit' || item.kind === 'remove' || item.kind === 'leave',
  )
  const endTick = Math.min(until, end?.payload.at ?? Infinity)
  const members = new Members(starter, membership)
  const players = fork ? new Set([...members.everyone, ...fork.players]) : members.everyone
  return { end, endTick, members, grid: gridOf(start, own, endTick), players }
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
