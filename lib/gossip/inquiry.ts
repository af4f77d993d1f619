import type { PlayerId } from '../base/index.ts'
import { compareHeads } from '../entry/index.ts'
import type { HeadPosition } from '../entry/index.ts'
import { probe } from './remember.ts'
import type { GossipState, Link } from './state.ts'
import type { Turn } from './turn.ts'
import { flushHeads, markDirty, retract } from './telling.ts'
import { endServe } from './sending.ts'
import type { GossipEvent } from './types.ts'

/** Peers are asked anew what they have of a feed, or their answers count no more. */
export function inquire(turn: Turn, { identity, on }: Extract<GossipEvent, { type: 'inquired' }>): void {
  const { links, inquiries } = turn.state
  if (!on) {
    inquiries.delete(identity)
    return
  }
  const unanswered = new Map([...links.keys()].map((link) => [link, undefined] as const))
  inquiries.set(identity, unanswered)
  for (const link of [...links.values()]) if (link.greeted) askAnew(turn, link, identity)
}

/** The same of a peer that has only just greeted. */
export function inquireOf(turn: Turn, link: Link): void {
  for (const identity of turn.state.inquiries.keys()) askAnew(turn, link, identity)
}

/**
 * What was said of a feed counts no more, either way: a peer does not name the head that it was told itself. Then it is
 * asked, and told again what is here.
 */
function askAnew(turn: Turn, link: Link, identity: PlayerId): void {
  const { state } = turn
  withdraw(turn, link, identity)
  state.inquiries.get(identity)?.set(link.id, probe(turn, link, identity))
  const head = state.heads.get(identity)
  if (!head) return
  markDirty(state, link, head)
  flushHeads(turn, link)
}

/** Neither side has said anything of a feed. */
export function withdraw(turn: Turn, link: Link, identity: PlayerId): void {
  const serve = link.serveOf.get(identity)
  if (serve) endServe(turn, link, serve, 'not-served')
  link.heard.delete(identity)
  retract(turn, link, identity)
}

/** A peer has said what it has of a feed. */
export const noteSaid = ({ inquiries }: GossipState, link: Link, identity: PlayerId): void => {
  inquiries.get(identity)?.delete(link.id)
}

/** A peer has nothing of the feed that a stream asked for. */
export function noteUnserved({ inquiries }: GossipState, link: Link, stream: number): void {
  for (const unanswered of inquiries.values()) if (unanswered.get(link.id) === stream) unanswered.delete(link.id)
}

/** Whether every peer that was asked and is still connected has said what it has of a feed. */
export function isAnswered({ inquiries, links }: GossipState, identity: PlayerId): boolean {
  for (const link of inquiries.get(identity)?.keys() ?? []) if (links.has(link)) return false
  return true
}

/** Connected peers that said on this link that they have the feed at least as far. */
export function holdersOf(state: GossipState, identity: PlayerId, head: HeadPosition): PlayerId[] {
  const holders: PlayerId[] = []
  for (const { peer, heard } of state.links.values()) {
    const announced = heard.get(identity)
    if (announced && compareHeads(announced, head) >= 0) holders.push(peer)
  }
  return holders
}
