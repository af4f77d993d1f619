import type { Millis, PlayerId } from '../base/index.ts'
import type { HeadPosition } from '../entry/index.ts'
import type { Head } from '../store/types.ts'
import { noteSaid } from './inquiry.ts'
import { isWanted, probe, resume, trackedSince } from './remember.ts'
import { awaitsStore, isSlower } from './slow.ts'
import { higher } from './state.ts'
import type { Ask, Feed, GossipState, Link } from './state.ts'
import { closeLink, send } from './turn.ts'
import type { Turn } from './turn.ts'
import { NO_OFFER } from './wire.ts'
import type { Frame } from './types.ts'

type Of<T extends Frame['type']> = Extract<Frame, { type: T }>

/** At most so many peers are remembered for having failed to deliver a feed. */
const MAX_PENALTIES = 64
/** What is held no longer than this is looked at by the tick; later it comes from the store, which has it in hand. */
const HELD_SOON: Millis = 600_000
/** Stopped streams whose end has not come; a peer that owes more is not speaking the protocol. */
const MAX_STOPPING = 65_536

/** A peer says which heads it has. Feeds that nobody here tracks are remembered as far as there is room. */
export function onIhave(turn: Turn, link: Link, frame: Of<'ihave'>): void {
  const { state } = turn
  if (frame.serial !== ++link.lastSerial) {
    closeLink(turn, link, 'unasked')
    return
  }
  const before = frame.full ? [...link.heard.keys()] : []
  if (frame.full) link.heard.clear()
  if (frame.serial === 1 && !resume(turn, link, frame.full)) {
    closeLink(turn, link, 'unasked')
    return
  }
  if (frame.serial === 1) before.push(...link.heard.keys())
  for (const head of frame.heads) hear(state, link, head)
  if (frame.offer !== NO_OFFER) link.known = { sequence: frame.sequence, offer: frame.offer }
  send(turn, link, { type: 'heard', serial: frame.serial })
  for (const head of frame.heads) consider(turn, head.identity)
  for (const identity of before) consider(turn, identity)
}

/** Notes a head. Those of feeds that are not drawn are kept while there is room: one that is tracked later is asked for. */
function hear(state: GossipState, link: Link, head: Head): void {
  noteSaid(state, link, head.identity)
  if (head.count === 0) link.heard.delete(head.identity)
  else if (link.heard.size < state.settings.limits.maxHeard || isWanted(state, head.identity))
    link.heard.set(head.identity, head)
  else link.blindSince ??= state.now
}

/**
 * Decides from whom a feed is drawn: the author's own link first, else who announced most. The source changes where
 * another announced half a second ago what the source has not announced yet, or the author what it does not bring.
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
  state.unasked.delete(identity)
  const own = state.heads.get(identity)
  if (!feed.awaited || !higher(feed.awaited.position, own)) feed.awaited = { position: pick.head, since: state.now }
  if (!feed.source) {
    ask(turn, feed, pick.link)
    return
  }
  const { source } = feed
  if (source.link === pick.link.id || !mustChange(state, feed, source, feed.awaited, pick.link)) return
  // Of a source that has brought nothing the author would have to take the feed over again with each entry.
  if (pick.link.peer === identity && !source.drew && owes(state, source)) {
    penalize(turn, feed, source)
    return
  }
  drawFrom(turn, feed, pick.link)
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
  let busy = false
  for (const link of state.links.values()) {
    const head = link.heard.get(feed.identity)
    if (!head || !higher(head, own)) continue
    const held = isHeld(state, feed, head)
    any ||= !held || feed.heldUntil - state.now <= HELD_SOON
    const barred = (feed.penalties.get(link.peer)?.until ?? 0) > state.now
    if (barred || held) continue
    if (link.asking >= state.settings.limits.maxAsking && feed.source?.link !== link.id) busy = true
    else if (!pick || isBetter(state, feed.identity, { link, head }, pick)) pick = { link, head }
  }
  if (any) state.waiting.add(feed.identity)
  else state.waiting.delete(feed.identity)
  if (busy && !pick && !feed.source) state.unasked.add(feed.identity)
  return pick
}

/** Whether what leads to a head is known to lie too far ahead of the clock. */
export const isHeld = (state: GossipState, feed: Feed, head: HeadPosition): boolean =>
  state.now < feed.heldUntil && head.comparable >= feed.heldFrom

/** Whether a source has announced more than has come and than what waits for its time. */
export function owes(state: GossipState, source: Ask): boolean {
  const announced = state.links.get(source.link)?.heard.get(source.identity)
  const feed = state.feeds.get(source.identity)
  if (!announced || (feed && isHeld(state, feed, announced))) return false
  return higher(announced, state.heads.get(source.identity))
}

function isBetter(state: GossipState, author: PlayerId, a: Candidate, b: Candidate): boolean {
  if (a.link.peer === author || b.link.peer === author) return a.link.peer === author && b.link.peer !== author
  if (isSlower(state, b.link, a.link)) return true
  if (isSlower(state, a.link, b.link)) return false
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
  const { takeOverAfter, stallAfter } = state.settings.limits
  const waited = state.now - awaited.since
  if (waited >= stallAfter && owes(state, source) && isSlower(state, state.links.get(source.link), pick)) return true
  // What the store has in hand may be what is lacking.
  const patience = awaitsStore(source) ? stallAfter : takeOverAfter
  if (owes(state, source) && state.now - source.progressAt < patience) return false
  if (pick.peer === feed.identity) return true
  const announced = state.links.get(source.link)?.heard.get(feed.identity)
  if (announced && !higher(awaited.position, announced)) return false
  return waited >= takeOverAfter
}

function ask(turn: Turn, feed: Feed, link: Link): void {
  const { state } = turn
  const { identity } = feed
  const made: Ask = {
    stream: link.nextStream++,
    link: link.id,
    identity,
    goal: undefined,
    phase: 'asked',
    room: roomOf(state, feed),
    progressAt: state.now,
    ingesting: 0,
    inHand: 0,
    unanswered: true,
    ended: false,
  }
  link.asks.set(made.stream, made)
  link.asking++
  feed.source = made
  send(turn, link, { type: 'iwant', stream: made.stream, identity, after: feed.tail ?? state.heads.get(identity) })
}

/** Draws a feed from another peer from now on. */
export function drawFrom(turn: Turn, feed: Feed, link: Link): void {
  if (feed.source) stop(turn, feed.source)
  ask(turn, feed, link)
}

/** The first answer to what was asked has come, or none is waited for: others that wait may be asked for. */
export function noteAnswer(turn: Turn, made: Ask): void {
  if (!made.unanswered) return
  made.unanswered = false
  const link = turn.state.links.get(made.link)
  if (link) link.asking--
  askMore(turn)
}

/** Asks for feeds that wait for others to be answered, as far as their peers may be asked. */
export function askMore(turn: Turn): void {
  const { unasked, feeds } = turn.state
  for (const identity of unasked) {
    unasked.delete(identity)
    if (!feeds.has(identity)) continue
    consider(turn, identity)
    // Its peers are as busy as before, and so are probably those of the next.
    if (unasked.has(identity)) return
  }
}

/** Asks no more; what is still under way on that stream is dropped. */
export function stop(turn: Turn, made: Ask): void {
  const feed = turn.state.feeds.get(made.identity)
  if (feed?.source === made) feed.source = undefined
  const link = turn.state.links.get(made.link)
  if (!link?.asks.delete(made.stream)) return
  link.stopping.add(made.stream)
  send(turn, link, { type: 'stop', stream: made.stream })
  noteAnswer(turn, made)
  if (link.stopping.size > MAX_STOPPING) closeLink(turn, link, 'silent')
}

/** The peer loses the right to be asked for this feed for a while, longer each time. */
export function penalize(turn: Turn, feed: Feed, made: Ask): void {
  const { state } = turn
  const peer = state.links.get(made.link)?.peer
  stop(turn, made)
  if (!peer) return
  feed.awaited = undefined
  const times = Math.min(6, (feed.penalties.get(peer)?.times ?? -1) + 1)
  feed.penalties.delete(peer)
  feed.penalties.set(peer, { until: state.now + state.settings.limits.penalty * 2 ** times, times })
  for (const oldest of feed.penalties.keys()) {
    if (feed.penalties.size <= MAX_PENALTIES) break
    feed.penalties.delete(oldest)
  }
  consider(turn, feed.identity)
}

/** A feed is tracked from now on, of it at most so many entries, or no more. */
export function track(turn: Turn, identity: PlayerId, on: boolean, most: number): void {
  const { state } = turn
  const feed = state.feeds.get(identity)
  if (!on) {
    if (feed?.source) stop(turn, feed.source)
    state.feeds.delete(identity)
    state.unasked.delete(identity)
    state.waiting.delete(identity)
    return
  }
  if (feed) {
    widen(turn, feed, most)
    return
  }
  state.feeds.set(identity, {
    identity,
    trackedAt: trackedSince(state, identity),
    most,
    source: undefined,
    awaited: undefined,
    tail: undefined,
    heldFrom: 0,
    heldUntil: 0,
    orphans: 0,
    penalties: new Map(),
    flips: 0,
    flippedAt: 0,
    quietUntil: 0,
  })
  for (const link of [...state.links.values()]) if (link.blindSince !== undefined) probe(turn, link, identity)
  consider(turn, identity)
}

/** Another bound holds: what was cut off by the one before is asked for anew. */
function widen(turn: Turn, feed: Feed, most: number): void {
  if (feed.most === most) return
  feed.most = most
  if (feed.source) stop(turn, feed.source)
  consider(turn, feed.identity)
}
