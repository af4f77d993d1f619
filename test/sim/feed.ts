import type { EntryKey, Micros, PlayerId } from '../../lib/base/index.ts'
import type { Entry, HeadPosition } from '../../lib/entry/index.ts'
import { chainOf, judge, lastShared, lastUsed, otherHeads } from '../../lib/feed/index.ts'
import type { Branch, Segment } from '../../lib/feed/index.ts'
import type { Head } from '../../lib/store/types.ts'

/** Losing heads kept, heads still arriving, branches in all: as in the store (docs/store.md). */
const MAX_LOST = 8
const MAX_ARRIVING = 4
const MAX_BRANCHES = 1_024

/** A place in a feed: the entry that a run follows on. */
export interface Anchor {
  readonly branch: number
  readonly tail: HeadPosition
  readonly count: number
}

/** What a simulated store has of one feed. Never changed in place, so that a crash or a backup is an older one. */
export interface FeedState {
  readonly identity: PlayerId
  readonly head: Anchor | undefined
  readonly branches: ReadonlyMap<number, Branch>
  readonly rows: ReadonlyMap<number, readonly Entry[]>
  readonly next: number
}

export const emptyFeed = (identity: PlayerId): FeedState => ({
  identity,
  head: undefined,
  branches: new Map(),
  rows: new Map(),
  next: 0,
})

export const positionOf = ({ comparable, key }: HeadPosition): HeadPosition => ({ comparable, key })

export const headOf = ({ identity, head }: FeedState): Head | undefined =>
  head && { identity, comparable: head.tail.comparable, key: head.tail.key, count: head.count }

/** Index of the first row past a comparable. */
function firstAfter(rows: readonly Entry[], comparable: Micros): number {
  let low = 0
  let high = rows.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (rows[middle]!.comparable <= comparable) low = middle + 1
    else high = middle
  }
  return low
}

/** Entries of a chain after a comparable, oldest first, at most so many. */
export function readChain(state: FeedState, chain: readonly Segment[], after: Micros, limit = Infinity): Entry[] {
  const found: Entry[] = []
  for (const { branch, until } of chain) {
    if (until <= after) continue
    const rows = state.rows.get(branch) ?? []
    for (let at = firstAfter(rows, after); at < rows.length; at++) {
      const entry = rows[at]!
      if (entry.comparable > until) break
      if (found.length >= limit) return found
      found.push(entry)
    }
  }
  return found
}

/** Entries of the feed after a comparable. */
export const readFeed = (state: FeedState, after: Micros, limit?: number): Entry[] =>
  state.head ? readChain(state, chainOf(state.branches, state.head.branch), after, limit) : []

/** Entries of the chain that ends in the head of some branch; none where there is no such branch. */
export function chainTo(state: FeedState, { key }: HeadPosition): Entry[] {
  for (const branch of state.branches.values())
    if (branch.tail.key === key) return readChain(state, chainOf(state.branches, branch.id), 0)
  return []
}

/** Whether the feed's chain holds a position. */
export function hasPosition(state: FeedState, { comparable, key }: HeadPosition): boolean {
  if (state.head?.tail.key === key) return true
  return readFeed(state, comparable - 1, 1)[0]?.key === key
}

/** Where an entry lies, in whichever branch. */
export function placeOf(state: FeedState, key: EntryKey): Anchor | undefined {
  for (const [branch, rows] of state.rows) {
    const at = rows.findIndex((entry) => entry.key === key)
    const entry = rows[at]
    const whole = state.branches.get(branch)
    if (entry && whole) return { branch, tail: positionOf(entry), count: whole.count - (rows.length - 1 - at) }
  }
  return undefined
}

/** Puts entries after an anchor, or at the start of a chain; undefined where there are too many branches. */
export function grow(state: FeedState, anchor: Anchor | undefined, entries: readonly Entry[]) {
  const last = entries.at(-1)
  if (!last) return undefined
  const under = anchor && state.branches.get(anchor.branch)
  const extended = under && under.tail.key === anchor.tail.key ? under : undefined
  if (!extended && state.branches.size >= MAX_BRANCHES) return undefined
  const fresh = anchor ? { parent: anchor.branch, at: anchor.tail.comparable } : { at: 0 }
  const branch: Branch = {
    ...(extended ?? { id: state.next, ...fresh, state: 'kept' }),
    tail: positionOf(last),
    count: (anchor?.count ?? 0) + entries.length,
  }
  const rows = new Map(state.rows).set(branch.id, [...(state.rows.get(branch.id) ?? []), ...entries])
  const next = Math.max(state.next, branch.id + 1)
  return { branch, state: { ...withBranch(state, branch), rows, next } }
}

const withBranch = (state: FeedState, branch: Branch): FeedState => ({
  ...state,
  branches: new Map(state.branches).set(branch.id, branch),
})

/** The state once a branch stands as it does: it is the feed, has taken over, waits for its announced head, has lost. */
export function settle(state: FeedState, branch: Branch, announced: HeadPosition | undefined): FeedState {
  const head: Anchor = { branch: branch.id, tail: branch.tail, count: branch.count }
  if (!state.head || state.head.branch === branch.id) return { ...state, head }
  const verdict = judge(branch.tail, state.head.tail, announced)
  const stands: Branch['state'] = verdict === 'arriving' ? 'arriving' : 'kept'
  const settled = branch.state === stands ? state : withBranch(state, { ...branch, state: stands })
  return verdict === 'wins' ? { ...settled, head } : settled
}

/** Drops branches until no more are kept than the bounds allow. */
export function prune(state: FeedState): FeedState {
  if (state.branches.size <= MAX_ARRIVING) return state
  let now = state
  for (let victim = overflow(now); victim; victim = overflow(now)) now = drop(now, victim)
  return now
}

function overflow(state: FeedState): Branch | undefined {
  if (!state.head) return undefined
  const others = otherHeads(state.branches, state.head.branch)
  const lost = others.filter((branch) => branch.state === 'kept')
  if (lost.length > MAX_LOST) return lost.at(-1)
  const arriving = others.filter((branch) => branch.state === 'arriving').sort((a, b) => b.id - a.id)
  return arriving.length > MAX_ARRIVING ? arriving.at(-1) : undefined
}

/** Without a branch's entries that no other branch hangs on. */
function drop(state: FeedState, victim: Branch): FeedState {
  const branches = new Map(state.branches)
  const rows = new Map(state.rows)
  const kept = (rows.get(victim.id) ?? []).filter((entry) => entry.comparable <= lastUsed(branches, victim.id))
  const last = kept.at(-1)
  const gone = (rows.get(victim.id)?.length ?? 0) - kept.length
  branches.delete(victim.id)
  rows.delete(victim.id)
  if (last) {
    branches.set(victim.id, { ...victim, state: 'kept', tail: positionOf(last), count: victim.count - gone })
    rows.set(victim.id, kept)
  }
  return { ...state, branches, rows }
}

/** The position at which two states' feeds part, undefined where they share nothing; called where the feed changed over. */
export function ancestorOf(before: FeedState, after: FeedState): HeadPosition | undefined {
  if (!before.head || !after.head) return undefined
  const chain = chainOf(after.branches, after.head.branch)
  const shared = lastShared(chainOf(before.branches, before.head.branch), chain)
  const entry = shared && readChain(after, [shared], shared.until - 1, 1)[0]
  return entry && positionOf(entry)
}
