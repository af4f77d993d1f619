import type { Clock } from '../clock.ts'
import type { Micros } from '../units.ts'

/** Past this the wall clock was stepped, and is followed. */
const STEP_MICROS = 5_000

let base: Micros = Date.now() * 1_000 - performance.now() * 1_000

/** This machine's clocks. Date.now gives whole milliseconds: the monotonic clock fills in between, until a step. */
export const systemClock: Clock = {
  micros() {
    const elapsed = performance.now() * 1_000
    const coarse = Date.now() * 1_000
    if (Math.abs(coarse - (base + elapsed)) > STEP_MICROS) base = coarse - elapsed
    return Math.round(base + elapsed)
  },
  /** CLOCK_MONOTONIC, which all processes of a machine share: the node tells its engine moments of it. */
  monotonic() {
    const [seconds, nanos] = process.hrtime()
    return seconds * 1_000 + nanos / 1e6
  },
}
