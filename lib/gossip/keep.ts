import { setTimeout as wait } from 'node:timers/promises'
import type { Millis } from '../base/index.ts'

/** How long after its end a call is opened again: doubled each time, at most so long. */
const FIRST_WAIT: Millis = 1_000
const LONGEST_WAIT: Millis = 60_000
/** A call that lasted so long starts over with the shortest wait. */
const STEADY: Millis = 60_000

/**
 * Keeps a call open as long as its connection lives: opened again, after a growing while, when it ends.
 * @param open speaks over a fresh call until that ends; must not reject
 * @param signal aborted when the connection ends
 */
export async function keepOpen(open: () => Promise<void>, signal: AbortSignal, now: () => Millis): Promise<void> {
  let pause = FIRST_WAIT
  while (!signal.aborted) {
    const since = now()
    await open()
    if (now() - since >= STEADY) pause = FIRST_WAIT
    try {
      await wait(pause, undefined, { signal })
    } catch {
      return
    }
    pause = Math.min(2 * pause, LONGEST_WAIT)
  }
}
