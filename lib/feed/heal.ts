import type { EntryKey } from '../base/index.ts'
import { compareHeads } from '../entry/index.ts'
import type { HeadPosition } from '../entry/index.ts'
import { MAX_LOOKED_AT, declaredIn, namedIn } from './named.ts'
import type { Declared } from './named.ts'
import { byOriginal } from './trace.ts'
import type { Trace } from './trace.ts'

/** A losing branch as its author's node finds it. */
export interface LostBranch {
  readonly head: HeadPosition
  /** Comparable of the last entry that it shares with the feed, 0 where they share none. */
  readonly after: number
  /** Its entries after that, oldest first. */
  readonly entries: readonly Trace[]
}

/** What an author has to publish so that nothing of its losing branches is lost, and what was dropped stays so. */
export interface Healing {
  /** Entries of losing branches whose originals are to be published again, in order. */
  readonly again: readonly Trace[]
  /** Originals in the feed that a losing branch's `rebase` has dropped. Where there are any, the feed is rewritten. */
  readonly drop: ReadonlySet<EntryKey>
  /** The heads that a `rebase` then names. Empty: there is nothing to do. */
  readonly replaces: readonly EntryKey[]
  /** Originals that cannot be published again. */
  readonly stuck: number
}

/**
 * What to publish for losing branches (FEEDS.md 3, "Fork"): each original that only they hold, once, then a `rebase`
 * that names their heads. What an author's `rebase`, in whichever branch, has left away of a chain that it names stays
 * away. Of a branch with an original that cannot be wrapped the others are published and its head is not named: peers keep it.
 * @param feed entries of the current feed, oldest first, at least all after the last one shared with every branch
 */
export function healing(feed: readonly Trace[], lost: readonly LostBranch[]): Healing {
  // Most feeds were never rewritten. What is asked of each chain is large, and then nobody asks.
  const declares = [feed, ...lost.map(({ entries }) => entries)].some((part) => part.some(({ rebase }) => rebase))
  const dropped = declares ? droppedAmong(chainsOf(feed, lost)) : new Set<EntryKey>()
  const present = originalsOf(feed)
  // What was named longer ago nobody looks at any more: it is named anew.
  const named = new Set(namedIn(feed, MAX_LOOKED_AT))
  const again = new Map<EntryKey, Trace>()
  const replaces: EntryKey[] = []
  const stuck = new Set<EntryKey>()
  for (const { head, entries } of [...lost].sort((a, b) => compareHeads(b.head, a.head))) {
    const lacking = entries.filter(
      ({ original }) => original && !present.has(original.key) && !dropped.has(original.key),
    )
    for (const trace of lacking) {
      if (!trace.original) continue
      if (trace.stuck) stuck.add(trace.original.key)
      else if (!again.has(trace.original.key)) again.set(trace.original.key, trace)
    }
    if (lacking.some((trace) => trace.stuck)) continue
    for (const key of [head.key, ...namedIn(entries)]) if (!named.has(key)) replaces.push(key)
  }
  const drop = new Set([...dropped].filter((key) => present.has(key)))
  return { again: [...again.values()].sort(byOriginal), drop, replaces: [...new Set(replaces)], stuck: stuck.size }
}

/** The current chain and those of losing branches, from where the feed's entries begin. */
const chainsOf = (feed: readonly Trace[], lost: readonly LostBranch[]): (readonly Trace[])[] => [
  feed,
  ...lost.map(({ after, entries }) => [...feed.filter(({ comparable }) => comparable <= after), ...entries]),
]

const originalsOf = (chain: readonly Trace[]): Set<EntryKey> =>
  new Set(chain.flatMap(({ original }) => (original ? [original.key] : [])))

/** A chain with what is asked of it again and again. */
interface Indexed {
  readonly chain: readonly Trace[]
  readonly originals: ReadonlySet<EntryKey>
  /** Index of each entry. */
  readonly at: ReadonlyMap<EntryKey, number>
  readonly declared: readonly Declared[]
}

const indexed = (chain: readonly Trace[]): Indexed => ({
  chain,
  originals: originalsOf(chain),
  at: new Map(chain.map(({ key }, at) => [key, at])),
  declared: declaredIn(chain),
})

/** Originals that some chain's `rebase` has left away of another chain that it names. */
function droppedAmong(chains: readonly (readonly Trace[])[]): Set<EntryKey> {
  const dropped = new Set<EntryKey>()
  const all = chains.map(indexed)
  for (const by of all) {
    for (const other of by.declared.length > 0 ? all : []) {
      if (other === by) continue
      const judged = Math.max(...by.declared.map((declared) => judgedBy(by.chain, declared, other)))
      for (const { original } of other.chain.slice(0, judged))
        if (original && !by.originals.has(original.key)) dropped.add(original.key)
    }
  }
  return dropped
}

/**
 * How many entries of another chain a `rebase` has decided about. Of one whose entries have not all come, only what
 * stands before the last that has come was looked at.
 */
function judgedBy(chain: readonly Trace[], { at, end, whole, replaces }: Declared, other: Indexed): number {
  const until = Math.max(...replaces.map((key) => other.at.get(key) ?? -1)) + 1
  if (whole || until === 0) return until
  const came = originalsOf(chain.slice(at, end))
  return other.chain.slice(0, until).findLastIndex(({ original }) => original && came.has(original.key)) + 1
}
