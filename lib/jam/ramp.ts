import type { Frames } from '../base/index.ts'
import type { Grid } from './grid.ts'
import type { ParamItem } from './items.ts'

/**
 * A value that may rest on one not known yet (what the play or the archive sets): `fixed + share * base`.
 */
export interface Resting {
  readonly fixed: number
  readonly share: number
}

/** A parameter on its way: linear in frames from `from` at `start` to `value` at `end`. */
export interface Ramp {
  readonly from: Resting
  readonly start: Frames
  readonly value: number
  readonly end: Frames
  /** What asked for it. */
  readonly item: ParamItem
}

export const BASE: Resting = { fixed: 0, share: 1 }
const settled = (value: number): Resting => ({ fixed: value, share: 0 })

/** What is in force at a frame. */
export function rampAt(ramp: Ramp, frame: Frames): Resting {
  if (frame >= ramp.end) return settled(ramp.value)
  if (frame <= ramp.start) return ramp.from
  const done = (frame - ramp.start) / (ramp.end - ramp.start)
  const { fixed, share } = ramp.from
  return { fixed: fixed + (ramp.value - fixed) * done, share: share - share * done }
}

/** The number; undefined where it rests on a base that nobody knows. */
export function settle({ fixed, share }: Resting, base: number | undefined): number | undefined {
  if (share === 0) return fixed
  return base === undefined ? undefined : fixed + share * base
}

/**
 * Frames of a ramp: its ticks at the tempo in force where it starts. A change of tempo on its way does not bend it, so
 * that one published meanwhile cannot make live and score differ.
 */
export function rampFrames(grid: Grid, { payload }: ParamItem): Frames {
  return grid.framesAt(payload.over ?? 0, payload.at)
}
