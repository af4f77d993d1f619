import { compareBytes, rawId } from '../base/index.ts'
import type { EntryKey, Micros } from '../base/index.ts'
import type { ScorePosition } from './types.ts'

/** Keys compare as 32 raw bytes. */
export const compareKeys = (a: EntryKey, b: EntryKey): number => (a === b ? 0 : compareBytes(rawId(a), rawId(b)))

/** Below, at or above zero as `a` was published before, with or after `b`: by comparable, then key. */
export function comparePublished(
  a: { readonly comparable: Micros; readonly key: EntryKey },
  b: { readonly comparable: Micros; readonly key: EntryKey },
): number {
  return a.comparable - b.comparable || compareKeys(a.key, b.key)
}

/** Score order: (at, comparable, key). */
export const compareScore = (a: ScorePosition, b: ScorePosition): number => a.at - b.at || comparePublished(a, b)

/** Where an item belongs in a sorted list: after those that compare equal. */
export function placeIn<T>(list: readonly T[], item: T, compare: (a: T, b: T) => number): number {
  let low = 0
  let high = list.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (compare(list[middle] as T, item) <= 0) low = middle + 1
    else high = middle
  }
  return low
}

/** Inserts into a sorted list, after those that compare equal. */
export function insertSorted<T>(list: T[], item: T, compare: (a: T, b: T) => number): void {
  list.splice(placeIn(list, item, compare), 0, item)
}
