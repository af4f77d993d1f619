import type { PlayerId } from '../base/index.ts'
import type { HeadPosition } from '../entry/index.ts'
import type { Head } from '../store/types.ts'
import { closeLink, higher, send } from './state.ts'
import type { Ask, Feed, GossipState, Link, Turn } from './state.ts'
import type { Frame } from './types.ts'

type Of<T extends Frame['type']> = Extract<Frame, { type: T }>

/** At most so many peers are remembered for having failed to deliver a feed. */
const MAX_PENALTIES = 64
/** Stopped streams whose end has not come; a peer that owes more is not speaking the protocol. */
const MAX_STOPPING = 65_536

/** A peer says which heads it has. Feeds that nobody here tracks are remembered as far as there is room. */
export function onIhave(turn: Turn, link: Link, frame: Of<'ihave'>): void {
  const { state } = turn
  const before = frame.full ? [...link.heard.keys()] : []
  if (frame.full) link.heard.clear()
  for (const head of frame.heads) {
    if (head.count === 0) link.heard.delete(head.identity)
    else if (link.heard.size < state.settings.limits.maxHeard || state.feeds.has(head.identity))
      link.heard.set(head.identity, head)
  }
  send(turn, link, { type: 'heard', serial: frame.serial })
  for (const head of frame.heads) consider(turn, head.identity)
  for (const identity of before) consider(turn, identity)
}

/**
 * Decides from whom a feed is drawn: the author's own link first, else who announced most. The source changes where
 * another announced half a second ago what the source has not announced yet.
 */
export function consider(turn: Turn, identity: PlayerId): void {
  const { state } = turn
  const feed = state.feeds.get(identity)
  if (!feed) return
  if (roomOf(state, feed) <= 0) {
    rest(turn, feed)
    return
  }
  const pick = best(state, feed)
  if (!pick) {
    feed.awaited = undefined
    return
  }
  const own = state.heads.get(identity)
  if (!feed.awaited || !higher(feed.awaited.position, own)) feed.awaited = { position: pick.head, since: state.now }
  if (!feed.source) {
    ask(turn, feed, pick.link)
    return
  }
  if (feed.source.link === pick.link.id || !mustChange(state, feed, feed.source, feed.awaited, pick.link)) return
  stop(turn, feed.source)
  ask(turn, feed, pick.link)
}

/** How many more entries of a feed are wanted. */
const roomOf = (state: GossipState, feed: Feed): number => feed.most - (state.heads.get(feed.identity)?.count ?? 0)

/** As much of the feed is here as is wanted. */
function rest(turn: Turn, feed: Feed): void {
  if (feed.source) stop(turn, feed.source)
  feed.awaited = undefined
  turn.state.waiting.delete(feed.identity)
}

interface Candidate {
  readonly link: Link
  readonly head: Head
}

/** The best peer that announced more than is here and may be asked; notes whether a tick has to look again. */
function best(state: GossipState, feed: Feed): Candidate | undefined {
  const own = state.heads.get(feed.identity)
  let pick: Candidate | undefined
  let any = false
  for (const link of state.links.values()) {
    const head = link.heard.get(feed.identity)
    if (!head || !higher(head, own)) continue
    any = true
    const barred = (feed.penalties.get(link.peer)?.until ?? 0) > state.now
    if (!barred && state.now >= feed.heldUntil && (!pick || isBetter(feed.identity, { link, head }, pick)))
      pick = { link, head }
  }
  if (any) state.waiting.add(feed.identity)
  else state.waiting.delete(feed.identity)
  return pick
}

function isBetter(author: PlayerId, a: Candidate, b: Candidate): boolean {
  if (a.link.peer === author || b.link.peer === author) return a.link.peer === author && b.link.peer !== author
  if (higher(a.head, b.head)) return true
  return !higher(b.head, a.head) && a.link.asks.size < b.link.asks.size
}

function mustChange(
  state: GossipState,
  feed: Feed,
  source: Ask,
  awaited: { position: HeadPosition; since: number },
  pick: Link,
): boolean {
  const { takeOverAfter } = state.settings.limits
  const announced = state.links.get(source.link)?.heard.get(feed.identity)
  const owes = announced !== undefined && higher(announced, state.heads.get(feed.identity))
  if (!owes && pick.peer === feed.identity) return true
  if (owes && state.now - source.progressAt < takeOverAfter) return false
  if (announced && !higher(awaited.position, announced)) return false
  return state.now - awaited.since >= takeOverAfter
}

function ask(turn: Turn, feed: Feed, link: Link): void {
  const { state } = turn
  const { identity } = feed
  const made: Ask = {
    stream: link.nextStream++,
    link: link.id,
    identity,
    phase: 'asked',
    room: roomOf(state, feed),
    progressAt: state.now,
    ingesting: 0,
  }
  link.asks.set(made.stream, made)
  feed.source = made
  send(turn, link, { type: 'iwant', stream: made.stream, identity, after: feed.tail ?? state.heads.get(identity) })
}

/** Asks no more; what is still under way on that stream is dropped. */
export function stop(turn: Turn, made: Ask): void {
  const feed = turn.state.feeds.get(made.identity)
  if (feed?.source === made) feed.source = undefined
  const link = turn.state.links.get(made.link)
  if (!link?.asks.delete(made.stream)) return
  link.stopping.add(made.stream)
  send(turn, link, { type: 'stop', stream: made.stream })
  if (link.stopping.size > MAX_STOPPING) closeLink(turn, link, 'silent')
}

/** The peer loses the right to be asked for this feed for a while, longer each time. */
export function penalize(turn: Turn, feed: Feed, made: Ask): void {
  const { state } = turn
  const peer = state.links.get(made.link)?.peer
  stop(turn, made)
  if (!peer) return
  const times = Math.min(6, (feed.penalties.get(peer)?.times ?? -1) + 1)
  feed.penalties.delete(peer)
  feed.penalties.set(peer, { until: state.now + state.settings.limits.penalty * 2 ** times, times })
  for (const oldest of feed.penalties.keys()) {
    if (feed.penalties.size <= MAX_PENALTIES) break
    feed.penalties.delete(oldest)
  }
  consider(turn, feed.identity)
}

/** Looks again at every feed of which more was announced than is here. */
export function checkWaiting(turn: Turn): void {
  const { state } = turn
  const { stallAfter } = state.settings.limits
  for (const identity of [...state.waiting]) {
    const feed = state.feeds.get(identity)
    const source = feed?.source
    if (!feed) state.waiting.delete(identity)
    if (!feed || !source || !owes(state, source)) {
      consider(turn, identity)
      continue
    }
    const since = Math.max(source.progressAt, feed.awaited?.since ?? state.now)
    if (source.ingesting === 0 && state.now - since >= stallAfter) penalize(turn, feed, source)
    else consider(turn, identity)
  }
}

/** Whether a source has announced more than has come. */
function owes(state: GossipState, source: Ask): boolean {
  const announced = state.links.get(source.link)?.heard.get(source.identity)
  return announced !== undefined && higher(announced, state.heads.get(source.identity))
}

/** A feed is tracked from now on, of it at most so many entries, or no more. */
export function track(turn: Turn, identity: PlayerId, on: boolean, most: number): void {
  const { state } = turn
  const feed = state.feeds.get(identity)
  if (!on) {
    if (feed?.source) stop(turn, feed.source)
    state.feeds.delete(identity)
    state.waiting.delete(identity)
    return
  }
  if (feed) {
    widen(turn, feed, most)
    return
  }
  state.feeds.set(identity, {
    identity,
    most,
    source: undefined,
    awaited: undefined,
    tail: undefined,
    heldUntil: 0,
    orphans: 0,
    penalties: new Map(),
  })
  consider(turn, identity)
}

/** Another bound holds: what was cut off by the one before is asked for anew. */
function widen(turn: Turn, feed: Feed, most: number): void {
  if (feed.most === most) return
  feed.most = most
  if (feed.source) stop(turn, feed.source)
  consider(turn, feed.identity)
}
