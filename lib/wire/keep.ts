import { setTimeout as wait } from 'node:timers/promises'
import type { Millis } from '../base/index.ts'

/** How long after its end a call is opened again: doubled each time, at most so long. */
const FIRST_WAIT: Millis = 1_000
const LONGEST_WAIT: Millis = 60_000
/** A call that lasted so long starts over with the shortest wait. */
const STEADY: Millis = 60_000

/**
 * Keeps a call open as long as its connection lives: opened again, after a growing while, when it ends.
 * @param open speaks over a fresh call until that ends
 * @param signal aborted when the connection ends
 * @param onFault told where `open` rejects, which is an end like any other; not once the connection has ended
 */
export async function keepOpen(
  open: () => Promise<void>,
  signal: AbortSignal,
  now: () => Millis,
  onFault: (error: unknown) => void,
): Promise<void> {
  const ended = (): boolean => signal.aborted
  let pause = FIRST_WAIT
  while (!ended()) {
    const since = now()
    try {
      await open()
    } catch (error) {
      if (!ended()) onFault(error)
    }
    if (now() - since >= STEADY) pause = FIRST_WAIT
    try {
      await wait(pause, undefined, { signal })
    } catch {
      return
    }
    pause = Math.min(2 * pause, LONGEST_WAIT)
  }
}
