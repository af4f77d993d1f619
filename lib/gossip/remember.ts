import type { PlayerId } from '../base/index.ts'
import type { Head } from '../store/types.ts'
import { digestOf, keepOffer, keepOffers } from './offers.ts'
import type { Offer } from './offers.ts'
import { higher } from './state.ts'
import type { GossipState, Link, PeerMemory } from './state.ts'
import { send } from './turn.ts'
import type { Turn } from './turn.ts'

/** Earlier runs of the node whose epochs peers may still name. */
const MAX_EPOCHS = 64
/** Feeds tracked anew that a resumed link is asked about, each by itself; of more the peer is asked to tell all. */
const MAX_BLIND = 1_000
/** What is remembered from an earlier run was so before anything in this one. */
const BEFORE_THIS_RUN = -1
const BEFORE_THAT = -2

/** What one run of the node hands to the next, if its store ended in order and has not changed since. */
export interface Remembered {
  readonly epochs: readonly (readonly [epoch: string, sequence: number])[]
  readonly tracked: readonly PlayerId[]
  readonly peers: readonly (readonly [peer: PlayerId, memory: PeerMemory])[]
  /** Sets of feeds that peers were offered. */
  readonly offers: readonly Offer[]
}

/** Everything that the next run can go on from. Links that are up count as ended now. */
export function remember(state: GossipState): Remembered {
  for (const link of state.links.values()) {
    keepMemory(state, link)
    keepOffers(state, link)
  }
  const epochs = [...state.epochs, [state.settings.epoch, state.sequence] as const]
  return {
    epochs: epochs.slice(-MAX_EPOCHS),
    tracked: [...state.feeds.keys()],
    peers: [...state.memories],
    offers: [...state.offers.values()],
  }
}

/** Goes on from what an earlier run handed over; before anything is tracked. */
export function restore(state: GossipState, { epochs, tracked, peers, offers }: Remembered): void {
  for (const [epoch, sequence] of epochs.slice(-MAX_EPOCHS)) state.epochs.set(epoch, sequence)
  for (const [peer, memory] of peers.slice(-state.settings.limits.maxPeers))
    state.memories.set(peer, { ...memory, since: BEFORE_THIS_RUN })
  for (const offer of offers) keepOffer(state, digestOf(offer), offer)
  state.before = new Set(tracked)
}

/** When a feed counts as tracked: those that the memory of peers was made for count from before it. */
export function trackedSince(state: GossipState, identity: PlayerId): number {
  return state.before.delete(identity) ? BEFORE_THAT : state.now
}

/** Whether a feed is tracked, or was in the run before and is not yet in this one: then it counts as tracked all along. */
export const isWanted = (state: GossipState, identity: PlayerId): boolean =>
  state.feeds.has(identity) || state.before.has(identity)

/** Keeps of a link that ends what its peer announced and has not sent; a peer that owes too much is told all anew. */
export function keepMemory(state: GossipState, link: Link): void {
  const { maxOwed, maxPeers } = state.settings.limits
  if (!link.known) return
  state.memories.delete(link.peer)
  const owed: Head[] = []
  for (const [identity, head] of link.heard)
    if (isWanted(state, identity) && higher(head, state.heads.get(identity))) owed.push(head)
  if (owed.length > maxOwed) return
  const since = link.stopping.size > 0 ? link.since : state.now
  state.memories.set(link.peer, { epoch: link.epoch, ...link.known, owed, since })
  for (const oldest of state.memories.keys()) {
    if (state.memories.size <= maxPeers) return
    state.memories.delete(oldest)
  }
}

/** What may be said to a peer of what it told before. */
export function memoryOf(state: GossipState, peer: PlayerId): PeerMemory | undefined {
  const memory = state.memories.get(peer)
  return memory && tracked(state, memory.since).length <= MAX_BLIND ? memory : undefined
}

const tracked = (state: GossipState, since: number): PlayerId[] =>
  [...state.feeds.values()].flatMap((feed) => (feed.trackedAt >= since ? [feed.identity] : []))

/** The peer tells all anew, or goes on from where the last link ended; not where nothing was said of that. */
export function resume(turn: Turn, link: Link, full: boolean): boolean {
  const { state } = turn
  if (full) {
    state.memories.delete(link.peer)
    return true
  }
  if (!link.memory) return false
  const { owed, since } = link.memory
  link.blindSince = since
  for (const head of owed) link.heard.set(head.identity, head)
  for (const identity of tracked(state, since)) probe(turn, link, identity)
  return true
}

/** Has the peer say what it has of a feed that it may have announced before: a stream that is stopped at once. Gives which. */
export function probe(turn: Turn, link: Link, identity: PlayerId): number | undefined {
  if (link.heard.has(identity)) return undefined
  const stream = link.nextStream++
  link.stopping.add(stream)
  send(turn, link, { type: 'iwant', stream, identity, after: turn.state.heads.get(identity) })
  send(turn, link, { type: 'stop', stream })
  return stream
}
