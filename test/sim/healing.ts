import type { EntryKey } from '../../lib/base/index.ts'
import type { Entry, HeadPosition } from '../../lib/entry/index.ts'
import {
  byOriginal,
  chainOf,
  healing,
  lastShared,
  namedIn,
  otherHeads,
  rebasePayloads,
  rebasing,
  traceOf,
} from '../../lib/feed/index.ts'
import type { LostBranch, Trace } from '../../lib/feed/index.ts'
import type { Wanted } from '../../lib/store/rewrite.ts'
import { placeOf, positionOf, readChain, readFeed } from './feed.ts'
import type { Anchor, FeedState } from './feed.ts'

/** What an author writes, and after which entry: elsewhere than on its head where it rewrites its feed. */
export interface Plan {
  readonly anchor: Anchor | undefined
  readonly wanted: readonly Wanted[]
  /** Originals that it drops with that. */
  readonly dropped: readonly EntryKey[]
}

const tracesOf = (entries: readonly Entry[]): Trace[] => entries.map(traceOf)

/** Losing heads that no rebase of the feed names. */
export function losingHeads(state: FeedState): HeadPosition[] {
  if (!state.head || state.branches.size < 2) return []
  const others = otherHeads(state.branches, state.head.branch).filter((branch) => branch.state === 'kept')
  if (others.length === 0) return []
  const named = new Set(namedIn(tracesOf(readFeed(state, 0))))
  return others.filter(({ tail }) => !named.has(tail.key)).map(({ tail }) => positionOf(tail))
}

function lostBranches(state: FeedState): LostBranch[] {
  const { branches, head } = state
  if (!head) return []
  const current = chainOf(branches, head.branch)
  return otherHeads(branches, head.branch)
    .filter((branch) => branch.state === 'kept')
    .map((branch) => {
      const chain = chainOf(branches, branch.id)
      const after = lastShared(current, chain)?.until ?? 0
      return { head: positionOf(branch.tail), after, entries: tracesOf(readChain(state, chain, after)) }
    })
}

/** Entries of a feed and its losing branches by key. */
function entriesOf(state: FeedState): Map<EntryKey, Entry> {
  const all = new Map<EntryKey, Entry>()
  for (const rows of state.rows.values()) for (const entry of rows) all.set(entry.key, entry)
  return all
}

/** What heals a feed; undefined where there is nothing to heal. */
export function planHealing(state: FeedState): Plan | undefined {
  const { head } = state
  if (!head) return undefined
  const feed = readFeed(state, 0)
  const { again, drop, replaces } = healing(tracesOf(feed), lostBranches(state))
  if (replaces.length === 0 && again.length === 0 && drop.size === 0) return undefined
  if (drop.size > 0) return planRewriting(state, drop, again, replaces)
  const entries = entriesOf(state)
  const named = rebasePayloads(replaces, 0).map((payload) => ({ payload }))
  return { anchor: head, wanted: [...carriersOf(again, entries), ...named], dropped: [] }
}

/** What drops originals of the feed. */
export function planRewriting(
  state: FeedState,
  drop: ReadonlySet<EntryKey>,
  more: readonly Trace[] = [],
  named: readonly EntryKey[] = [],
): Plan | undefined {
  const { head } = state
  const feed = readFeed(state, 0)
  const traces = tracesOf(feed)
  const first = traces.findIndex(({ original }) => original && drop.has(original.key))
  if (!head || first < 0) return undefined
  const { keep, dropped, replaces } = rebasing(traces.slice(first), head.tail, drop)
  const kept = [...keep, ...more].sort(byOriginal)
  const before = feed[first - 1]
  const payloads = rebasePayloads([...replaces, ...named], kept.length)
  return {
    anchor: before && placeOf(state, before.key),
    wanted: [...payloads.map((payload) => ({ payload })), ...carriersOf(kept, entriesOf(state))],
    dropped,
  }
}

const carriersOf = (traces: readonly Trace[], entries: ReadonlyMap<EntryKey, Entry>): Wanted[] =>
  traces.flatMap(({ key }) => {
    const again = entries.get(key)
    return again ? [{ again }] : []
  })
