import { stop } from './asking.ts'
import type { Ask, Feed } from './state.ts'
import type { Turn } from './turn.ts'

/** No wait is longer than this many times the first. */
const LONGEST = 360

/**
 * Counts a changeover of a feed in a leaky bucket. Those past the free ones make forks of it wait, longer each time:
 * an identity that flips for ever costs a changeover in a while, and still ends at its highest head.
 */
export function countFlip({ state }: Turn, feed: Feed): void {
  const { freeFlips, flipLeak, flipWait } = state.settings.limits
  feed.flips = Math.max(0, feed.flips - (state.now - feed.flippedAt) / flipLeak) + 1
  feed.flippedAt = state.now
  const excess = Math.floor(feed.flips - freeFlips)
  if (excess >= 0) feed.quietUntil = state.now + flipWait * Math.min(LONGEST, 2 ** excess)
}

/** Whether a fork that a peer offers has to wait; then that peer is asked again when its time comes. */
export function mustWait(turn: Turn, feed: Feed, made: Ask): boolean {
  const { state } = turn
  if (state.now >= feed.quietUntil) return false
  const peer = state.links.get(made.link)?.peer
  stop(turn, made)
  if (peer) feed.penalties.set(peer, { until: feed.quietUntil, times: feed.penalties.get(peer)?.times ?? -1 })
  state.waiting.add(feed.identity)
  return true
}
