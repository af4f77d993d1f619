import { consider, drawFrom, isHeld, owes, penalize } from './asking.ts'
import { awaitsStore, measure } from './slow.ts'
import { higher } from './state.ts'
import type { Ask, Feed, GossipState, Link } from './state.ts'
import type { Turn } from './turn.ts'
import type { LinkId } from './types.ts'
import type { Millis } from '../base/index.ts'

/** Feeds looked at in one tick. */
const MAX_CHECKED = 512
/** Feeds that may come from one peer by turns in the time after which one that comes from nobody is stalled. */
const FEEDS_IN_STALL = 100

/** Looks again at feeds of which more was announced than is here: at so many of them in a turn, one after the other. */
export function checkWaiting(turn: Turn): void {
  const { state } = turn
  const looked = firstOf(state.waiting, MAX_CHECKED)
  const owing = countOwing(state)
  measure(state, owing)
  for (const identity of looked) {
    state.waiting.delete(identity)
    const feed = state.feeds.get(identity)
    if (!feed) continue
    state.waiting.add(identity)
    const { source } = feed
    if (source && isStalled(state, feed, source, owing.get(source.link) ?? 0)) {
      penalize(turn, feed, source)
      continue
    }
    const free = source && whoIsFree(state, feed, source, owing)
    if (free) drawFrom(turn, feed, free)
    else consider(turn, identity)
  }
}

function firstOf<T>(items: Iterable<T>, most: number): T[] {
  const first: T[] = []
  for (const item of items) if (first.push(item) === most) break
  return first
}

/** How many feeds each link is waited for with. */
function countOwing(state: GossipState): Map<LinkId, number> {
  const owing = new Map<LinkId, number>()
  for (const identity of state.waiting) {
    const source = state.feeds.get(identity)?.source
    if (source && owes(state, source)) owing.set(source.link, (owing.get(source.link) ?? 0) + 1)
  }
  return owing
}

/**
 * Whether a source has announced more than has come, and nothing comes: at all, or of this feed for longer than its
 * turn among the many that are drawn from that peer can take.
 */
function isStalled(state: GossipState, feed: Feed, source: Ask, owing: number): boolean {
  const { stallAfter, stallAlone, takeOverAfter } = state.settings.limits
  const link = state.links.get(source.link)
  if (!link || !owes(state, source)) return false
  const idle = idleFor(state, feed, source)
  if (idle < takeOverAfter) return false
  // What is asked may not have left yet, and what came may wait for the store.
  if ((link.unsent > 0 || awaitsStore(source)) && idle < 4 * stallAfter) return false
  const alone = others(state, feed, link).next().done === true
  // A fork far back comes with all that follows on where both chains parted, much of it here: from the only one that has it.
  if (alone && (source.ingesting > 0 || state.now - (source.knownAt ?? -Infinity) < stallAfter)) return false
  const silent = Math.min(idle, state.now - link.progressAt)
  // A frame counts when it is whole: over a slow line one takes longer than others would be kept waiting for.
  const patience = alone ? stallAlone : stallAfter
  if (silent >= patience || idle >= patience * (1 + owing / FEEDS_IN_STALL)) return true
  return silent >= takeOverAfter && source.phase === 'asked' && !alone
}

const idleFor = ({ now }: GossipState, { awaited }: Feed, { progressAt }: Ask): Millis =>
  now - Math.max(progressAt, awaited?.since ?? now)

/**
 * Of a feed that waits for its turn among others that are drawn from the same peer: another that has it and owes
 * nothing. So no peer holds feeds back by announcing more of them than it brings.
 */
function whoIsFree(state: GossipState, feed: Feed, source: Ask, owing: ReadonlyMap<LinkId, number>): Link | undefined {
  const { stallAfter, maxAsking } = state.settings.limits
  const than = state.links.get(source.link)
  if (!than || (owing.get(than.id) ?? 0) < 2 || awaitsStore(source)) return undefined
  if (!owes(state, source) || idleFor(state, feed, source) < stallAfter) return undefined
  for (const link of others(state, feed, than)) if (!owing.has(link.id) && link.asking < maxAsking) return link
  return undefined
}

/** The other peers that have announced more than is here, and may be asked. */
function* others(state: GossipState, feed: Feed, than: Link): Generator<Link> {
  const own = state.heads.get(feed.identity)
  for (const link of state.links.values()) {
    const head = link.heard.get(feed.identity)
    if (link === than || !head || !higher(head, own) || isHeld(state, feed, head)) continue
    if ((feed.penalties.get(link.peer)?.until ?? 0) <= state.now) yield link
  }
}
