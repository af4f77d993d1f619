import type { Millis } from '../../lib/base/index.ts'

/** Time as a parameter: the quota's own timers run on it. */
export interface Time {
  /** Monotonic milliseconds. */
  now(): Millis
  /** Calls back once after so long; gives how to take that back. */
  after(wait: Millis, work: () => void): () => void
}

/** The machine's. A timer of it keeps no process alive. */
export const realTime: Time = {
  now: () => performance.now(),
  after(wait, work) {
    const timer = setTimeout(work, wait).unref()
    return () => clearTimeout(timer)
  },
}
