import { SAMPLE_RATE } from '../base/index.ts'
import type { Bars, Frames, Ticks } from '../base/index.ts'
import type { Grid } from './grid.ts'
import type { PlayItem } from './items.ts'
import { instanceKey, keyOfInstance } from './items.ts'
import type { InstanceKey } from './items.ts'
import type { Ledger } from './ledger.ts'
import type { ScoreEntry, ScoreProblem } from './score.ts'

/** Six hours. */
export const MAX_SCORE_FRAMES: Frames = 6 * 60 * 60 * SAMPLE_RATE
/** How long what nobody stops goes on after the last thing that happens. */
export const OPEN_END_BARS: Bars = 8

export interface FoundEnd {
  readonly endTick: Ticks
  /** Said by the starter's `end` (or asked for), so that nothing at it or after it counts. */
  readonly explicit: boolean
  readonly problems: readonly ScoreProblem[]
}

interface Reach {
  readonly tick: Ticks
  /** What makes the score last until there. */
  readonly cause: ScoreEntry | undefined
}

/**
 * Where a score ends (ENGINE-1 section 2): the starter's `end`; else, where every play has a length or a stop, the last
 * of these; else eight bars after the last play, stop or param, counted from the first bar line at or after it. Over
 * six hours: SCORE_TOO_LONG, naming the entry that reaches there.
 * @param counted in score order
 * @param to bar (from 0) at which it ends at the latest
 */
export function findEnd(ledger: Ledger, counted: readonly ScoreEntry[], to: Bars | undefined): FoundEnd {
  const { grid } = ledger
  const ended = counted.find((entry) => entry.item.kind === 'end')
  const reach: Reach = ended ? { tick: ended.at, cause: ended } : (closedEnd(ledger, counted) ?? openEnd(grid, counted))
  if (to !== undefined && grid.tickOfBar(to) < reach.tick) {
    return { ...check(grid, { tick: grid.tickOfBar(to), cause: undefined }), explicit: true }
  }
  return { ...check(grid, reach), explicit: ended !== undefined }
}

function check(grid: Grid, reach: Reach): Omit<FoundEnd, 'explicit'> {
  if (grid.frameOfTick(reach.tick) <= MAX_SCORE_FRAMES) return { endTick: reach.tick, problems: [] }
  const named = reach.cause ? `its ${reach.cause.item.kind} ${reach.cause.key} reaches` : 'the bar asked for lies'
  const message = `${named} beyond six hours: cut it with --to BAR`
  const problem: ScoreProblem = { code: 'SCORE_TOO_LONG', message, ...(reach.cause && { entry: reach.cause.key }) }
  return { endTick: reach.tick, problems: [problem] }
}

/**
 * The last end of a play, where every one has one. The start of a play that waits (`when`) is not known beforehand, so
 * its length does not bound it, nor does it bound what it replaces.
 */
function closedEnd(ledger: Ledger, counted: readonly ScoreEntry[]): Reach | undefined {
  const stops = new Map<InstanceKey, ScoreEntry>()
  const replaced = new Map<InstanceKey, ScoreEntry>()
  for (const entry of counted) {
    if (entry.item.kind === 'stop') stops.set(keyOfInstance(ledger.targetOf(entry.item)), entry)
  }
  for (const entry of counted) {
    if (entry.item.kind !== 'play' || entry.item.payload.when) continue
    const target = ledger.targetOf(entry.item)
    const own = ofPlay(entry.item)
    if (!target || keyOfInstance(target) === own) continue
    const cancelled = (stops.get(own)?.at ?? Infinity) <= entry.at
    const id = keyOfInstance(target)
    if (!cancelled && !replaced.has(id)) replaced.set(id, entry)
  }
  let last: Reach = { tick: 0, cause: undefined }
  for (const entry of counted) {
    if (entry.item.kind !== 'play') continue
    const id = ofPlay(entry.item)
    const reaches = [
      reachOf(stops.get(id)),
      reachOf(replaced.get(id)),
      lengthOf(entry, entry.item),
      outOf(ledger, entry),
    ]
    const end = reaches.filter((reach) => reach !== undefined).sort((a, b) => a.tick - b.tick)[0]
    if (!end) return undefined
    if (end.tick > last.tick) last = end
  }
  return last
}

const ofPlay = ({ identity, payload }: PlayItem): InstanceKey => instanceKey(identity, payload.instance)
const reachOf = (entry: ScoreEntry | undefined): Reach | undefined => entry && { tick: entry.at, cause: entry }

function lengthOf(entry: ScoreEntry, { payload }: PlayItem): Reach | undefined {
  if (payload.length === undefined || payload.when) return undefined
  return { tick: payload.at + payload.length, cause: entry }
}

/** Where its player leaves or is removed; what a fork carries on does not depend on who is in it. */
function outOf(ledger: Ledger, entry: ScoreEntry): Reach | undefined {
  if (entry.item.carried) return undefined
  const tick = ledger.members.outFrom(entry.item.identity, entry.at)
  return tick === undefined ? undefined : { tick, cause: entry }
}

function openEnd(grid: Grid, counted: readonly ScoreEntry[]): Reach {
  const last = counted.findLast(({ item }) => item.kind === 'play' || item.kind === 'stop' || item.kind === 'param')
  const bar = Math.ceil(grid.barOfTick(Math.max(0, last?.at ?? 0)))
  return { tick: grid.tickOfBar(bar + OPEN_END_BARS), cause: last }
}
