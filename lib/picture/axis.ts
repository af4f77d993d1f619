import { SAMPLE_RATE, type Bars, type Frames } from '../base/index.ts'
import type { Grid } from '../jam/index.ts'

/** Of the whole picture; heights follow from what there is. */
export const WIDTH = 1_600
/** Where time begins and ends; names stand before it. */
export const LEFT = 196
export const RIGHT = WIDTH - 56
export const MARGIN = 56

/** Time from left to right: frames of the jam, evenly. */
export interface Axis {
  readonly grid: Grid
  readonly from: Frames
  readonly to: Frames
  /** Units of a frame. */
  readonly each: number
  /** Where a frame lies; what is before the first or after the last lies there. */
  readonly x: (frame: Frames) => number
}

export function axisOf(grid: Grid, from: Frames, to: Frames): Axis {
  const each = (RIGHT - LEFT) / Math.max(1, to - from)
  return { grid, from, to, each, x: (frame) => LEFT + (Math.max(from, Math.min(to, frame)) - from) * each }
}

/** Frames that are as wide as so many units. */
export const framesWide = ({ each }: Axis, units: number): Frames => units / each

/** The bar of a frame, from 1. */
export const barAt = ({ grid }: Axis, frame: Frames): Bars => grid.barOfFrame(frame) + 1

/** `1:04.2`, or `2:01:04` from an hour on. */
export function duration(frames: Frames): string {
  const tenths = Math.round((frames * 10) / SAMPLE_RATE)
  const [seconds, minutes, hours] = [Math.floor(tenths / 10), Math.floor(tenths / 600), Math.floor(tenths / 36_000)]
  const two = (value: number): string => String(value % 60).padStart(2, '0')
  return hours > 0 ? `${hours}:${two(minutes)}:${two(seconds)}` : `${minutes}:${two(seconds)}.${tenths % 10}`
}
