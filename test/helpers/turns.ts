import { Merit } from '../../lib/host/merit.ts'
import type { ThreadTime } from '../../lib/host/turns.ts'
import type { Millis } from '../../lib/base/index.ts'

/** Somebody who has taken, or brought, so many bytes. */
export function worth(bytes: number): Merit {
  const merit = new Merit()
  merit.earn(bytes)
  return merit
}
export const PLENTY = 10_000_000
/** A thread that always has something to do. */
export const busy = (now: () => Millis): ThreadTime => ({ now, idle: () => 0 })
