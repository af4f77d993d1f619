import type { PlayerId } from '../base/index.ts'
import { track } from './asking.ts'
import { withdraw } from './inquiry.ts'
import { probe } from './remember.ts'
import { endServe, lostServes } from './sending.ts'
import type { Turn } from './turn.ts'

/**
 * A feed has been deleted here: it is told to nobody, what was told of it counts no more, and each peer is asked what it
 * has. Where it is tracked it is drawn from its start. One that connects later is asked as for a feed that is tracked anew.
 */
export function forgetFeed(turn: Turn, identity: PlayerId): void {
  const { state } = turn
  state.heads.delete(identity)
  state.sequences.delete(identity)
  for (const link of [...state.links.values()]) {
    if (link.peer === identity) for (const lost of lostServes(link)) endServe(turn, link, lost, 'not-served')
    withdraw(turn, link, identity)
  }
  const most = state.feeds.get(identity)?.most
  if (most !== undefined) {
    track(turn, identity, false, most)
    track(turn, identity, true, most)
  }
  // Links that go on where another ended are asked where a feed is tracked anew.
  for (const link of [...state.links.values()])
    if (link.greeted && (most === undefined || link.blindSince === undefined)) probe(turn, link, identity)
}
