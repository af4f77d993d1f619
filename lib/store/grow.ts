import { judge, otherHeads } from '../feed/index.ts'
import type { Branch } from '../feed/index.ts'
import type { Entry, HeadPosition } from '../entry/index.ts'
import { withBranches } from './feeds.ts'
import type { FeedState } from './feeds.ts'
import type { HeadRow } from './layout.ts'
import type { Write } from './level.ts'
import { writesInSlices } from './rows.ts'

/** Losing heads kept of one identity, heads still arriving, and branches in all, of which `foldBranches` leaves fewer. */
export const MAX_LOST = 8
/** Losing heads kept of one's own identity, so that healing finds them all. */
export const MAX_OWN_LOST = 64
export const MAX_ARRIVING = 4
export const MAX_BRANCHES = 1_024

/** A feed's state after entries were put, with what to write. */
export interface Grown {
  readonly state: FeedState
  /** The branch they were put on, as it is now. */
  readonly branch: Branch
  readonly writes: readonly Write[]
}

/**
 * Puts authentic entries (at least one) after `anchor`, or at the start of a chain where there is none: on the
 * anchor's branch where that ends there, on a new one otherwise. Undefined where the feed has too many branches.
 */
export async function grow(
  state: FeedState,
  anchor: HeadRow | undefined,
  entries: readonly Entry[],
): Promise<Grown | undefined> {
  const last = entries.at(-1)
  if (!last) return undefined
  const before = anchor && state.branches.get(anchor.branch)
  const extended = before && before.tail.key === anchor.tail.key ? before : undefined
  if (!extended && state.branches.size >= MAX_BRANCHES) return undefined
  const count = anchor?.count ?? 0
  const branch: Branch = {
    ...(extended ?? newBranch(state.next, anchor)),
    tail: positionOf(last),
    count: count + entries.length,
  }
  const writes = await writesInSlices(entries, { feed: state.feed, branch: branch.id, count: branch.count })
  const next = Math.max(state.next, branch.id + 1)
  return { state: { ...withBranches(state, [branch]), next }, branch, writes }
}

const newBranch = (id: number, anchor: HeadRow | undefined): Pick<Branch, 'id' | 'parent' | 'at' | 'state'> =>
  anchor ? { id, parent: anchor.branch, at: anchor.tail.comparable, state: 'kept' } : { id, at: 0, state: 'kept' }

export const positionOf = ({ comparable, key }: HeadPosition): HeadPosition => ({ comparable, key })

/** Makes a branch's tail the head of the feed. */
export const withHead = (state: FeedState, { id, tail, count }: Branch): FeedState => ({
  ...state,
  head: { branch: id, tail, count },
})

/**
 * The state after a branch has come to stand where it does: it is the feed, has taken over, waits for its announced
 * head, or has lost. What extends the feed, or starts one, need not wait: readers see a longer and longer feed.
 */
export function settle(state: FeedState, branch: Branch, announced: HeadPosition | undefined): FeedState {
  if (!state.head || state.head.branch === branch.id) return withHead(state, branch)
  const verdict = judge(branch.tail, state.head.tail, announced)
  const stands: Branch['state'] = verdict === 'arriving' ? 'arriving' : 'kept'
  const settled = branch.state === stands ? state : withBranches(state, [{ ...branch, state: stands }])
  return verdict === 'wins' ? withHead(settled, branch) : settled
}

/** The branch to drop next: the lowest of more than `most` losing heads, the oldest of too many that are arriving. */
export function overflow(state: FeedState, most: number): Branch | undefined {
  if (!state.head) return undefined
  const others = otherHeads(state.branches, state.head.branch)
  const lost = others.filter((branch) => branch.state === 'kept')
  if (lost.length > most) return lost.at(-1)
  const arriving = others.filter((branch) => branch.state === 'arriving').sort((a, b) => b.id - a.id)
  return arriving.length > MAX_ARRIVING ? arriving.at(-1) : undefined
}
