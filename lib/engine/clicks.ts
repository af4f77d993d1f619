import { SAMPLE_RATE, type Frames } from '../base/index.ts'
import { decibelsOf } from '../mix/index.ts'
import type { Recording } from './recording.ts'

/** Steps that are heard as a click, dBFS; left out where there is none. */
export interface Clicks {
  /** Its first sample: it does not begin from zero. */
  readonly start?: number
  /** From the last sample before its stop to the first after, where no other step near is as large. */
  readonly stop?: number
}

/** Below this nobody hears it under what else sounds: -30 dBFS. */
const HEARD = 0.03
/** How much larger than any other near it a step at the stop is. */
const APART = 4
/** What is near: 10 ms. */
const NEAR: Frames = SAMPLE_RATE / 100

/** Looks for jumps where a generator begins and where it is told to stop. The mix fades what stops without a tail of its own. */
export function clicksOf(recording: Recording, stop: Frames): Clicks {
  const first = Math.max(...recording.part(0, 1).map((side) => Math.abs(side[0] ?? 0)))
  const steps = recording.part(stop - NEAR, stop + 1).map(stepsOf)
  const atStop = Math.max(...steps.map((side) => side.at(-1) ?? 0))
  const before = Math.max(...steps.map((side) => side.subarray(0, -1).reduce((a, b) => Math.max(a, b), 0)))
  return {
    ...(first > HEARD && { start: decibelsOf(first) }),
    ...(atStop > HEARD && atStop > APART * before && { stop: decibelsOf(atStop) }),
  }
}

const stepsOf = (side: Float32Array): Float32Array =>
  Float32Array.from({ length: Math.max(0, side.length - 1) }, (_, i) => Math.abs((side[i + 1] ?? 0) - (side[i] ?? 0)))
