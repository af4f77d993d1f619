import type { Micros, Millis } from './units.ts'

/** Time as a parameter: pure code is handed one, tests hand in their own. */
export interface Clock {
  /** Wall clock, microseconds since 1970. */
  micros(): Micros
  /** Monotonic milliseconds from an arbitrary origin, with fractions. */
  monotonic(): Millis
}
