import { hasCode } from '../base/index.ts'
import type { EntryKey, Micros } from '../base/index.ts'
import type { HeadPosition } from '../entry/index.ts'
import { chainOf, healing, lastShared, otherHeads, rebasePayloads, rebasing } from '../feed/index.ts'
import type { Healing, LostBranch, Rebasing, Segment, Trace } from '../feed/index.ts'
import { afterwards } from './afterwards.ts'
import { loadWhole } from './drop.ts'
import type { FeedState } from './feeds.ts'
import { positionOf } from './grow.ts'
import { dropNamed } from './named.ts'
import { corrupt, findAt } from './read.ts'
import { carriersOf, tracesAfter, writeRebased } from './rebase.ts'
import { writeOn } from './rewrite.ts'
import type { Healed, RewriteParts, Wanted } from './rewrite.ts'

/** `Store.own.heal`, called in the own feed's turn. */
export async function healFeed(parts: RewriteParts): Promise<Healed> {
  const before = await loadWhole(parts, parts.identity)
  await afterwards(parts, () => dropNamed(parts, before, 'go'))
  const state = await loadWhole(parts, parts.identity)
  const { lost, unread } = await lostOf(parts, state)
  if (!state.head || lost.length === 0) return { kept: 0, dropped: [], named: [], stuck: unread }
  const from = Math.min(...lost.map(({ after }) => after))
  const feed = await tracesAfter(parts, state, from)
  const plan = healing(feed, lost)
  const rewriting = rewritingOf(feed, state.head.tail, plan.drop)
  if (rewriting) {
    await writeRebased(parts, state, { ...rewriting, replaces: plan.replaces, again: plan.again })
  } else if (plan.again.length > 0 || plan.replaces.length > 0) {
    const after = await writeOn(parts, state, wantedOf(parts, plan))
    await afterwards(parts, () => dropNamed(parts, after, 'go'))
  }
  const dropped = rewriting ? [...plan.drop] : []
  return { kept: plan.again.length, dropped, named: plan.replaces, stuck: plan.stuck + unread }
}

async function* wantedOf(parts: RewriteParts, { again, replaces }: Healing): AsyncGenerator<Wanted> {
  yield* carriersOf(parts, again)
  if (replaces.length > 0) for (const payload of rebasePayloads(replaces, 0)) yield { payload }
}

/** How the feed is rewritten without what a losing branch has dropped; undefined where that is nothing, or cannot be. */
function rewritingOf(
  feed: readonly Trace[],
  head: HeadPosition,
  drop: ReadonlySet<EntryKey>,
): { plan: Rebasing; from: Micros } | undefined {
  const at = feed.findIndex(({ original }) => original && drop.has(original.key))
  const first = feed[at]
  if (!first) return undefined
  const plan = rebasing(feed.slice(at), head, drop)
  return plan.stuck.length > 0 ? undefined : { plan, from: first.comparable }
}

/**
 * The losing branches of the own feed, each with what it holds after the last entry that it shares with the feed. One
 * that is damaged is left out, and told: it stays, since its head is not named. `unread`: how many entries those have.
 */
async function lostOf(parts: RewriteParts, state: FeedState): Promise<{ lost: LostBranch[]; unread: number }> {
  const { head, branches } = state
  const lost: LostBranch[] = []
  let unread = 0
  if (!head) return { lost, unread }
  const current = chainOf(branches, head.branch)
  for (const branch of otherHeads(branches, head.branch)) {
    const chain = chainOf(branches, branch.id)
    const shared = lastShared(chain, current)
    let size = branch.count
    try {
      size -= await countAt(parts, state, shared)
      const after = shared?.until ?? 0
      const entries = await tracesAfter(parts, { ...state, head: { ...branch, branch: branch.id } }, after)
      if (entries.length !== size) throw corrupt(`${size} entries should be in a losing branch, ${entries.length} are`)
      lost.push({ head: positionOf(branch.tail), after, entries })
    } catch (error) {
      if (!hasCode(error, 'STORE_CORRUPT')) throw error
      parts.onFault(error)
      unread += size
    }
  }
  return { lost, unread }
}

/** How many entries a chain has up to the last one that another shares with it. @throws MarmaladeError STORE_CORRUPT */
async function countAt({ feeds }: RewriteParts, { feed }: FeedState, shared: Segment | undefined): Promise<number> {
  if (!shared) return 0
  const found = await findAt({ db: feeds.db }, { feed, branch: shared.branch, comparable: shared.until })
  if (!found) throw corrupt('the last entry that a losing branch shares with the feed is not here')
  return found.count
}
