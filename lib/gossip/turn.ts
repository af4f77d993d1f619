import { drawElsewhere } from './elsewhere.ts'
import { keepOffers } from './offers.ts'
import type { GossipState, Link } from './state.ts'
import type { CloseCode, Frame, GossipEffect } from './types.ts'
import { encodeFrame } from './wire.ts'

/** The state and where effects go: what each step works on. */
export interface Turn {
  readonly state: GossipState
  readonly effects: GossipEffect[]
}

/** Hands a frame to a link; a link whose peer does not read is closed. */
export function send(turn: Turn, link: Link, frame: Exclude<Frame, { type: 'optional' }>): number {
  const bytes = encodeFrame(frame)
  link.unsent += bytes.length
  turn.effects.push({ type: 'send', link: link.id, bytes })
  if (link.unsent > turn.state.settings.limits.maxBacklog && frame.type !== 'close') closeLink(turn, link, 'too-slow')
  return bytes.length
}

/** Says why and ends the link. What it was asked is asked elsewhere once `disconnected` comes, which is now. */
export function closeLink(turn: Turn, link: Link, code: CloseCode): void {
  if (turn.state.links.get(link.id) !== link) return
  turn.state.links.delete(link.id)
  turn.state.memories.delete(link.peer)
  send(turn, link, { type: 'close', code })
  turn.effects.push({ type: 'close', link: link.id, code })
  forgetLink(turn, link)
}

/** Drops what depended on a link that is gone: its feeds wait for another source, losing heads are drawn elsewhere. */
export function forgetLink(turn: Turn, link: Link): void {
  const { state } = turn
  keepOffers(state, link)
  const goals = [...[...link.asks.values()].flatMap((made) => made.goal ?? []), ...link.lost.looked]
  for (const ask of link.asks.values()) {
    if (ask.goal && state.goals.get(ask.goal.key) === ask) state.goals.delete(ask.goal.key)
    const feed = state.feeds.get(ask.identity)
    if (!feed || feed.source !== ask) continue
    feed.source = undefined
    state.waiting.add(feed.identity)
  }
  link.asks.clear()
  for (const goal of goals) drawElsewhere(turn, goal)
}
