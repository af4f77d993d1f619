import type { EntryKey } from '../base/index.ts'
import type { HeadPosition } from '../entry/index.ts'
import { namedIn } from './named.ts'
import type { Trace } from './trace.ts'

/** How an author rewrites the end of its feed. */
export interface Rebasing {
  /** Entries whose originals follow on the `rebase`, in order, each original once. */
  readonly keep: readonly Trace[]
  /** Originals that are there no more. */
  readonly dropped: readonly EntryKey[]
  /** Entries to keep that cannot be published again: nothing may be written while there are any. */
  readonly stuck: readonly Trace[]
  /**
   * What the `rebase` names: the replaced head; the entries that carry what is dropped, since another copy of the key may
   * have gone on from any entry after one of them; and what a `rebase` named which is rewritten itself.
   */
  readonly replaces: readonly EntryKey[]
}

/**
 * The rewriting of a feed without some originals (FEEDS.md 3, "Rebase"): it hangs on the entry before `rest`.
 * @param rest the feed's entries from the first one dropped on, oldest first
 * @param drop keys of originals
 */
export function rebasing(rest: readonly Trace[], head: HeadPosition, drop: ReadonlySet<EntryKey>): Rebasing {
  const keep = new Map<EntryKey, Trace>()
  const dropped = new Set<EntryKey>()
  const carriers: EntryKey[] = []
  for (const trace of rest) {
    const { original } = trace
    if (!original) continue
    if (drop.has(original.key)) {
      dropped.add(original.key)
      carriers.push(trace.key)
    } else if (!keep.has(original.key)) keep.set(original.key, trace)
  }
  const kept = [...keep.values()]
  return {
    keep: kept,
    dropped: [...dropped],
    stuck: kept.filter(({ stuck }) => stuck),
    replaces: [...new Set([head.key, ...carriers, ...namedIn(rest).reverse()])],
  }
}
