import { MarmaladeError, SAMPLE_RATE, TICKS_PER_BEAT } from '../base/index.ts'
import type { Bars, Frames, Ticks } from '../base/index.ts'
import { barsOfUnit, isOnUnit } from '../entry/index.ts'
import type { OnUnit } from '../entry/index.ts'
import type { Grid } from './grid.ts'

/** What a player asks for: a unit, or one bar (counted from 0). */
export type On = { readonly unit: OnUnit } | { readonly bar: Bars }

/** Where an author's node places what its player asked for. */
export interface ResolvedAt {
  readonly at: Ticks
  readonly on: OnUnit
}

/** The least distance of a boundary from the moment of asking: 300 ms. */
export const BOUNDARY_MARGIN: Frames = (SAMPLE_RATE * 300) / 1000
const BAR = /^[1-9][0-9]{0,6}$/

/**
 * Reads a value of `--on`: `now`, `beat`, `bar`, `4bars`, or a bar as it is shown, counted from 1.
 * @throws MarmaladeError USAGE
 */
export function parseOn(text: string): On {
  if (isOnUnit(text)) return { unit: text }
  if (BAR.test(text)) return { bar: Number(text) - 1 }
  throw new MarmaladeError('USAGE', `--on ${JSON.stringify(text)}: use now, beat, bar, 4bars or the number of a bar`)
}

/**
 * The first boundary of a unit whose frame is at or after `frame`, in ticks. Beats are counted from their bar's start;
 * `4bars` are the bars 0, 4, 8 … counted from 0; `now` is the first tick at or after the frame.
 */
export function nextBoundary(grid: Grid, unit: OnUnit, frame: Frames): Ticks {
  if (unit === 'now') return grid.tickAtOrAfter(frame)
  const bar = Math.max(0, Math.floor(grid.barOfTick(grid.tickOfFrame(frame))))
  if (unit === 'beat') return nextBeat(grid, bar, frame)
  const step = barsOfUnit(unit)
  let next = Math.floor(bar / step) * step
  while (grid.frameOfBar(next) < frame) next += step
  return grid.tickOfBar(next)
}

/** The first beat of the bar at or after the frame, the next bar's first one included. */
function nextBeat(grid: Grid, bar: Bars, frame: Frames): Ticks {
  const start = grid.tickOfBar(bar)
  const end = grid.tickOfBar(bar + 1)
  const into = Math.max(0, grid.tickOfFrame(frame) - start)
  let tick = start + Math.floor(into / TICKS_PER_BEAT) * TICKS_PER_BEAT
  while (tick < end && grid.frameOfTick(tick) < frame) tick += TICKS_PER_BEAT
  return Math.min(tick, end)
}

/**
 * The absolute tick of what a player asks for at `now` (the jam frame of the moment of asking): at least 300 ms, and
 * no less than the look-ahead, ahead for a boundary; the look-ahead for `now` (ENGINE-1 section 1).
 * A bar that is too near or over is refused. What is asked before the origin is placed at or after it.
 * @param lookAhead how far the engine renders ahead, in frames
 * @throws MarmaladeError BAR_PASSED
 */
export function resolveAt(grid: Grid, on: On, now: Frames, lookAhead: Frames): ResolvedAt {
  const boundary = Math.max(0, now + Math.max(BOUNDARY_MARGIN, lookAhead))
  if ('bar' in on) {
    if (grid.frameOfBar(on.bar) < boundary) {
      const next = Math.ceil(grid.barOfTick(nextBoundary(grid, 'bar', boundary))) + 1
      throw new MarmaladeError(
        'BAR_PASSED',
        `bar ${on.bar + 1} is over or too near: ask for bar ${next} or later, or for the next one with --on bar`,
      )
    }
    return { at: grid.tickOfBar(on.bar), on: 'bar' }
  }
  const earliest = on.unit === 'now' ? Math.max(0, now + lookAhead) : boundary
  return { at: nextBoundary(grid, on.unit, earliest), on: on.unit }
}
