import type { PlayerId } from '../base/index.ts'
import type { Ask, GossipState, Link } from './state.ts'
import type { LinkId } from './types.ts'

/** Whether the store has something in hand that a source may have done right by. */
export const awaitsStore = ({ ingesting, vain }: Ask): boolean => ingesting > 0 && vain !== true

/**
 * How much comes from each peer that is waited for, over one stretch of time after the other. What waits for the store
 * has come; of a peer that brings everything within a stretch nothing is said.
 */
export function measure(state: GossipState, owing: ReadonlyMap<LinkId, number>): void {
  const { now, settings } = state
  for (const link of state.links.values()) {
    if (!owing.has(link.id)) {
      link.measuredAt = undefined
      continue
    }
    if (link.measuredAt === undefined) link.drawn = 0
    else if (now - link.measuredAt < settings.limits.stallAfter) continue
    else keepGiven(state, link.peer, link.drawn + inHand(link))
    link.measuredAt = now
    link.drawn = 0
  }
}

/** Bytes that the store has yet to judge, but for streams whose last run was forged or here already. */
function inHand(link: Link): number {
  let bytes = 0
  for (const made of link.asks.values()) if (awaitsStore(made) && made.knownAt === undefined) bytes += made.inHand
  return bytes
}

/** By peer, since who comes again is as slow as before. */
function keepGiven({ gave, now, settings }: GossipState, peer: PlayerId, bytes: number): void {
  gave.delete(peer)
  gave.set(peer, { bytes, at: now })
  for (const oldest of gave.keys()) {
    if (gave.size <= settings.limits.maxPeers) return
    gave.delete(oldest)
  }
}

/** What a peer gave in the last stretch; nothing that is long past is held against it. */
function gaveOf({ gave, now, settings }: GossipState, { peer }: Link): number | undefined {
  const last = gave.get(peer)
  return last && now - last.at < settings.limits.slowFor ? last.bytes : undefined
}

/**
 * Whether a peer has proved slow, and another has not, or not as much: of two that are about as slow the feed stays
 * where it is, since what is under way would be lost.
 */
export function isSlower(state: GossipState, a: Link | undefined, b: Link): boolean {
  const ofA = a && gaveOf(state, a)
  if (ofA === undefined || ofA >= state.settings.limits.leastBytes) return false
  const ofB = gaveOf(state, b)
  return ofB === undefined || ofB > 2 * ofA
}
