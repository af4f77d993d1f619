import { entryKeyOf } from '../base/index.ts'
import type { Millis, PlayerId } from '../base/index.ts'
import type { HeadPosition } from '../entry/index.ts'
import type { Head } from '../store/types.ts'
import { digestOf, keepOffer, noteGiven, suspects, toggle } from './offers.ts'
import type { Offer } from './offers.ts'
import type { GossipState, Link } from './state.ts'
import { closeLink, send } from './turn.ts'
import type { Turn } from './turn.ts'
import { MAX_HEADS, NO_OFFER } from './wire.ts'
import type { Frame } from './types.ts'

type Hello = Extract<Frame, { type: 'hello' }>

const NO_KEY = entryKeyOf(new Uint8Array(32))
/** Stands in `told` where a feed is offered and none of its heads has been named. */
const UNNAMED: HeadPosition = { comparable: 0, key: NO_KEY }

/**
 * A new link: its peer is told what it may be served, or where it still knows what it was told up to some change and
 * it is remembered here which feeds it was offered then, what has changed since.
 */
export function tellAll(turn: Turn, link: Link, hello: Hello): void {
  const { state } = turn
  const offered = [...state.heads.values()].filter((head) => state.settings.mayServe(link.peer, head.identity))
  for (const head of offered) join(link, head.identity)
  const before = knows(state, hello) ? offerBefore(state, link, hello.knownOffer) : undefined
  link.resumed = before !== undefined
  // What is offered no more is not told: a peer that still asks for it learns so.
  const added = suspects(before ?? link.offer, link.offer, state.heads.keys())
  // A peer's own head is told anew each time: so it learns what is known of it, and whether it has lost something.
  const isKnown = ({ identity }: Head): boolean =>
    link.resumed && identity !== link.peer && sequenceOf(state, identity) <= hello.knownSequence && !added.has(identity)
  for (const head of offered)
    if (isKnown(head)) link.told.set(head.identity, head)
    else link.dirty.add(head.identity)
  flushHeads(turn, link)
}

/** The set of feeds with this digest that a peer was offered, if it is still known which these were. */
function offerBefore(state: GossipState, link: Link, digest: string): Offer | undefined {
  if (digest === digestOf(link.offer)) return link.offer
  const offer = state.offers.get(digest)
  if (offer) keepOffer(state, digest, offer)
  return offer
}

/** Whether a peer's memory of this node holds: of this run, or of an earlier one that ended in order. */
function knows(state: GossipState, { knownEpoch, knownSequence }: Hello): boolean {
  const end = knownEpoch === state.settings.epoch ? state.sequence : state.epochs.get(knownEpoch)
  return end !== undefined && knownSequence <= end
}

const sequenceOf = (state: GossipState, identity: PlayerId): number => state.sequences.get(identity) ?? Infinity

/** The feed is offered to the peer from now on. */
export function join(link: Link, identity: PlayerId): void {
  if (link.told.has(identity)) return
  link.told.set(identity, UNNAMED)
  toggle(link.offer, identity)
}

/** The feed is offered no more; whether it was. */
function leave(link: Link, identity: PlayerId): boolean {
  if (!link.told.delete(identity)) return false
  toggle(link.offer, identity)
  return true
}

/** Tells that a feed is offered no more; where it still is, it is to be told anew. */
export function retract(turn: Turn, link: Link, identity: PlayerId): void {
  link.dirty.delete(identity)
  if (leave(link, identity)) sendHeads(turn, link, [nothingOf(identity)])
}

/** What stands for a feed that is not offered. */
const nothingOf = (identity: PlayerId): Head => ({ identity, comparable: 0, key: NO_KEY, count: 0 })

/** The peer knows of this head. */
export function noteTold(link: Link, head: Head): void {
  join(link, head.identity)
  link.told.set(head.identity, head)
  link.untold.delete(head.identity)
}

/** The peer may have dropped what it was told of this feed: it is told anew. */
export function forgetTold(link: Link, identity: PlayerId): void {
  if (link.told.has(identity)) link.told.set(identity, UNNAMED)
}

/** Notes that a peer has yet to hear of a head, unless it has, may not, or gets it in runs. */
export function markDirty(state: GossipState, link: Link, head: Head): void {
  const { identity } = head
  if (link.serveOf.has(identity) || link.told.get(identity)?.key === head.key) return
  if (!state.settings.mayServe(link.peer, identity)) return
  link.dirty.delete(identity)
  if (link.heard.get(identity)?.key === head.key) noteTold(link, head)
  else link.dirty.add(identity)
}

/** Sends what is due in as few frames as may be under way; more follows when the peer has heard them. */
export function flushHeads(turn: Turn, link: Link): void {
  while (mayTell(turn.state, link)) {
    const opening = link.serial === 0
    if (link.dirty.size === 0 && !opening) return
    const heads: Head[] = []
    for (const identity of link.dirty) {
      if (heads.length === MAX_HEADS) break
      link.dirty.delete(identity)
      const head = dueHead(turn.state, link, identity)
      if (head) heads.push(head)
    }
    if (heads.length > 0 || opening) sendHeads(turn, link, heads)
  }
}

const mayTell = (state: GossipState, link: Link): boolean =>
  link.greeted && link.serial - link.heardSerial < state.settings.limits.maxUnheard

function sendHeads(turn: Turn, link: Link, heads: readonly Head[]): void {
  const full = link.serial === 0 && !link.resumed
  const whole = link.dirty.size === 0
  if (whole) link.toldSequence = covered(turn.state, link)
  link.toldAt = turn.state.now
  const offer = whole ? digestOf(link.offer) : NO_OFFER
  link.serial++
  if (whole) noteGiven(link, offer)
  send(turn, link, { type: 'ihave', serial: link.serial, sequence: link.toldSequence, offer, full, heads })
}

/** Up to which change the peer has been told all, by `ihave` or in runs, once nothing is due. */
function covered(state: GossipState, link: Link): number {
  let sequence = state.sequence
  for (const identity of link.untold) sequence = Math.min(sequence, sequenceOf(state, identity) - 1)
  return Math.max(0, sequence)
}

/** Whether a peer has got in runs, or announced itself, more than the last `ihave` covered. */
export const isUncovered = (state: GossipState, link: Link): boolean =>
  link.toldSequence < state.sequence && link.dirty.size === 0 && link.untold.size === 0 && mayTell(state, link)

/** Tells how far the peer has been told where nothing else does: the next link starts from there. */
export function coverLate(turn: Turn): void {
  const { state } = turn
  const before: Millis = state.now - state.settings.limits.coverAfter
  for (const link of [...state.links.values()])
    if (link.toldAt <= before && isUncovered(state, link)) sendHeads(turn, link, [])
}

/** What to say of a feed now: its head, that it is no longer offered, or nothing. */
function dueHead(state: GossipState, link: Link, identity: PlayerId): Head | undefined {
  const head = state.heads.get(identity)
  if (head && state.settings.mayServe(link.peer, identity)) {
    if (link.told.get(identity)?.key === head.key) return undefined
    noteTold(link, head)
    return head
  }
  return leave(link, identity) ? nothingOf(identity) : undefined
}

/** The peer has heard what was told up to a serial. */
export function onHeard(turn: Turn, link: Link, serial: number): void {
  if (serial > link.serial || serial < link.heardSerial) {
    closeLink(turn, link, 'unasked')
    return
  }
  link.heardSerial = serial
  flushHeads(turn, link)
}
