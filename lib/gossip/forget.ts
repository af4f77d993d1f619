import type { PlayerId } from '../base/index.ts'
import { compareHeads } from '../entry/index.ts'
import type { HeadPosition } from '../entry/index.ts'
import { track } from './asking.ts'
import { closeLink } from './state.ts'
import type { GossipState, Turn } from './state.ts'

/**
 * What peers have told counts no more: links are opened anew, and each peer tells all it has. A feed that has been
 * deleted here is told to nobody, and drawn from its start.
 */
export function forgetTold(turn: Turn, identity: PlayerId | undefined): void {
  const { state } = turn
  for (const link of [...state.links.values()]) closeLink(turn, link, 'bye')
  state.memories.clear()
  if (identity === undefined) return
  state.heads.delete(identity)
  state.sequences.delete(identity)
  const most = state.feeds.get(identity)?.most
  if (most === undefined) return
  track(turn, identity, false, most)
  track(turn, identity, true, most)
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
