import type { EntryKey, Micros } from '../base/index.ts'
import { utf8 } from '../base/index.ts'
import { MAX_ENTRY_BYTES, compareHeads, isAhead, readPayload } from '../entry/index.ts'
import type { Entry, HeadPosition, Payload } from '../entry/index.ts'
import { isAgain, standsFor } from './again.ts'

/** Bytes that an `again` adds at most to the payload that it carries: the five keys, the wrapper, the signature. */
const WRAPPER_BYTES = 420
/** How many times longer a payload may be once it is written anew: `1e20` becomes 21 digits. */
const GROWTH = 6
/** Depth of the deepest object or array of a payload that an `again` can carry: one less than an entry's own. */
const MAX_WRAPPED_DEPTH = 14

/** What rewriting a feed has to know of one entry; a small part of it, so that long chains fit in memory. */
export interface Trace extends HeadPosition {
  /** The original that it carries: itself, or that of an `again`. Undefined where it carries none, as a `rebase`. */
  readonly original?: HeadPosition
  /** The heads that a `rebase` names, and how many entries after it belong to it. */
  readonly rebase?: { readonly replaces: readonly EntryKey[]; readonly kept: number }
  /** Its original cannot be published again: too large or too deep for the wrapper. */
  readonly stuck?: true
}

export function traceOf(entry: Entry): Trace {
  const { key, comparable } = entry
  if (typeof entry.payload !== 'string') {
    const read = entry.payload.type === 'rebase' ? readPayload(entry) : undefined
    if (read?.kind === 'rebase') {
      const { replaces, kept = 0 } = read.payload
      return { key, comparable, rebase: { replaces, kept } }
    }
    if (read) return { key, comparable }
  }
  const original = standsFor(entry)
  // An `again` of a wrong shape says nothing and cannot be wrapped.
  if (original === entry && isAgain(entry)) return { key, comparable }
  const position = { key: original.key, comparable: original.comparable }
  return fits(entry, original.payload)
    ? { key, comparable, original: position }
    : { key, comparable, original: position, stuck: true }
}

function fits(entry: Entry, payload: Payload): boolean {
  if (entry.bytes.length * GROWTH > MAX_ENTRY_BYTES) {
    if (utf8(JSON.stringify(payload)).length + WRAPPER_BYTES > MAX_ENTRY_BYTES) return false
  }
  return isShallow(payload, MAX_WRAPPED_DEPTH)
}

function isShallow(value: unknown, left: number): boolean {
  if (typeof value !== 'object' || value === null) return true
  if (left === 0) return false
  return Object.values(value).every((item) => isShallow(item, left - 1))
}

/**
 * The entry that publishes what `entry` carries again, at `next` or just above the original, which another copy of the
 * key may have written by a clock that goes before ours. What is too far ahead of the clock is written anew, without
 * the wrapper, since that cannot be earlier than what it wraps.
 * @param next the lowest comparable that it may have
 * @param now the author's clock
 */
export function publishedAgain(entry: Entry, next: Micros, now: Micros): { comparable: Micros; payload: Payload } {
  const { key, comparable, payload } = standsFor(entry)
  const above = Math.max(next, comparable + 1)
  if (isAhead(above, now)) return { comparable: next, payload }
  return { comparable: above, payload: { type: 'again', key, comparable, payload } }
}

/** The order in which originals are published again: that of the originals. */
export const byOriginal = (a: Trace, b: Trace): number => compareHeads(a.original ?? a, b.original ?? b)
