import type { EntryKey, Micros } from '../base/index.ts'
import type { HeadPosition } from '../entry/index.ts'
import { chainOf, healing, lastShared, otherHeads, rebasePayloads, rebasing, traceOf } from '../feed/index.ts'
import type { Healing, LostBranch, Rebasing, Trace } from '../feed/index.ts'
import { afterwards } from './afterwards.ts'
import { loadWhole } from './drop.ts'
import type { FeedState } from './feeds.ts'
import { positionOf } from './grow.ts'
import { dropNamed } from './named.ts'
import { readChain } from './read.ts'
import { carriersOf, tracesAfter, writeRebased } from './rebase.ts'
import { writeOn } from './rewrite.ts'
import type { Healed, RewriteParts, Wanted } from './rewrite.ts'

/** `Store.heal`, called in the own feed's turn. */
export async function healFeed(parts: RewriteParts): Promise<Healed> {
  const state = await dropNamed(parts, await loadWhole(parts, parts.identity), 'go')
  const lost = await lostOf(parts, state)
  if (!state.head || lost.length === 0) return { kept: 0, dropped: [], named: [], stuck: 0 }
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
  return { kept: plan.again.length, dropped, named: plan.replaces, stuck: plan.stuck }
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

/** The losing branches of the own feed, each with what it holds after the last entry that it shares with the feed. */
async function lostOf({ feeds, crypto }: RewriteParts, state: FeedState): Promise<LostBranch[]> {
  const { head, branches, feed } = state
  if (!head) return []
  const current = chainOf(branches, head.branch)
  const found: LostBranch[] = []
  for (const branch of otherHeads(branches, head.branch)) {
    const chain = chainOf(branches, branch.id)
    const after = lastShared(chain, current)?.until ?? 0
    const entries: Trace[] = []
    for await (const entry of readChain({ db: feeds.db, crypto }, feed, chain, { after })) entries.push(traceOf(entry))
    found.push({ head: positionOf(branch.tail), after, entries })
  }
  return found
}
