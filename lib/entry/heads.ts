import { MarmaladeError, compareBytes, rawId } from '../base/index.ts'
import type { Micros } from '../base/index.ts'
import type { HeadPosition } from './types.ts'

/** How far ahead of a clock an entry may be: further ones are held by others and not written by their author. */
export const FUTURE_LIMIT_MICROS: Micros = 600_000_000

/** Below, at or above zero as `a` loses to, is or wins over `b`: higher comparable, then higher key (32 raw bytes). */
export function compareHeads(a: HeadPosition, b: HeadPosition): number {
  const difference = a.comparable - b.comparable
  return difference === 0 && a.key !== b.key ? compareBytes(rawId(a.key), rawId(b.key)) : difference
}

/** Whether an entry of this comparable has to be held by a node whose clock says `now`. */
export const isAhead = (comparable: Micros, now: Micros): boolean => comparable > now + FUTURE_LIMIT_MICROS

/**
 * The comparable of the entry after `parent`'s (undefined for the first): the clock's, or the parent's + 1 where
 * the clock has not passed it.
 * @throws MarmaladeError CLOCK_BEHIND_FEED where that would be more than 10 minutes ahead of the clock
 */
export function nextComparable(parent: Micros | undefined, now: Micros): Micros {
  const clock = Math.max(1, Math.floor(now))
  const next = parent === undefined ? clock : Math.max(clock, parent + 1)
  if (!isAhead(next, clock)) return next
  const minutes = Math.floor((next - clock) / 60_000_000)
  throw new MarmaladeError(
    'CLOCK_BEHIND_FEED',
    `this feed's last entry is ${minutes} minutes ahead of the clock: set the clock, or wait until it has caught up`,
  )
}
