import { consider, noteAnswer, onIhave, owes, track } from './asking.ts'
import { countFlip } from './flips.ts'
import { forgetFeed } from './forget.ts'
import { inquire } from './inquiry.ts'
import { checkGreetings, connect, greet, leave, leaveNow } from './links.ts'
import { checkLosing, losingNeedsTick, noteLosing, onIwantLost, onLacking, onLosing, onLost } from './losing.ts'
import { onCredit, onRead, pump } from './sending.ts'
import { onChanged, onFound, onIwant, onPoints, onStop, reconsider } from './serving.ts'
import type { GossipState, Link } from './state.ts'
import { closeLink } from './turn.ts'
import type { Turn } from './turn.ts'
import { onAt, onEnd, onFork, onIngested, onRun, onSampled } from './taking.ts'
import { coverLate, isUncovered, onHeard } from './telling.ts'
import { checkWaiting } from './watching.ts'
import { awaitsHello, receive } from '../wire/greeting.ts'
import { decodeFrame } from './wire.ts'
import type { Frame, GossipEffect, GossipEvent, LinkId } from './types.ts'

export { GOSSIP_LIMITS, createGossip } from './state.ts'
export type { GossipLimits, GossipSettings, GossipState, PeerMemory } from './state.ts'
export { remember, restore } from './remember.ts'
export type { Remembered } from './remember.ts'

/**
 * One step of gossip for one node with many peers: what happened goes in, what is to be done comes out. Pure but for
 * `state`, which it changes; time comes in with the event. FEEDS 5, docs/protocol.md.
 */
export function step(state: GossipState, event: GossipEvent): GossipEffect[] {
  state.now = Math.max(state.now, event.now)
  const turn: Turn = { state, effects: [] }
  apply(turn, event)
  return turn.effects
}

/** Whether time alone may change something: where not, no timer need run. */
export function needsTick(state: GossipState): boolean {
  if (state.waiting.size > 0 || losingNeedsTick(state)) return true
  for (const link of state.links.values()) if (isUncovered(state, link)) return true
  return awaitsHello(state.links.values())
}

function apply(turn: Turn, event: GossipEvent): void {
  const { state } = turn
  switch (event.type) {
    case 'connected':
      connect(turn, event)
      return
    case 'tracked':
      track(turn, event.identity, event.on, event.most ?? Infinity)
      return
    case 'forgotten':
      forgetFeed(turn, event.identity)
      return
    case 'inquired':
      inquire(turn, event)
      return
    case 'reconsider':
      reconsider(turn, event)
      return
    case 'changed':
      change(turn, event)
      return
    case 'ingested':
      onIngested(turn, event)
      return
    case 'tick':
      checkGreetings(turn)
      checkWaiting(turn)
      checkLosing(turn)
      coverLate(turn)
      return
    default: {
      const link = state.links.get(event.link)
      if (link) applyToLink(turn, link, event)
    }
  }
}

/** A feed has a new head: it is counted, told and served, and perhaps drawn from another peer. */
function change(turn: Turn, event: Extract<GossipEvent, { type: 'changed' }>): void {
  const { identity } = event.head
  const feed = turn.state.feeds.get(identity)
  if (feed && event.changeover) countFlip(turn, feed)
  if (feed && event.head.comparable >= feed.heldFrom) feed.heldUntil = 0
  onChanged(turn, event)
  if (feed?.source?.unanswered && !owes(turn.state, feed.source)) noteAnswer(turn, feed.source)
  consider(turn, identity)
  for (const link of [...turn.state.links.values()])
    if (link.peer === identity && (event.changeover || link.losing.told?.length)) noteLosing(turn, link)
}

type LinkEvent = Extract<GossipEvent, { readonly link: LinkId }>
type AnyLinkEvent = Exclude<LinkEvent, { type: 'connected' | 'ingested' }>

function applyToLink(turn: Turn, link: Link, event: AnyLinkEvent): void {
  switch (event.type) {
    case 'disconnected':
      leave(turn, link)
      return
    case 'received':
      hear(turn, link, event.bytes)
      return
    case 'sent':
      link.unsent -= event.bytes
      link.left += event.bytes
      pump(turn, link)
      return
    case 'found':
      onFound(turn, link, event)
      return
    case 'run':
      onRead(turn, link, event)
      return
    case 'sampled':
      onSampled(turn, link, event)
      return
    case 'losing':
      onLosing(turn, link, event)
      return
    case 'lacking':
      onLacking(turn, link, event)
  }
}

function hear(turn: Turn, link: Link, bytes: Uint8Array): void {
  const received = receive(link, decodeFrame(bytes))
  if (received.kind === 'malformed') closeLink(turn, link, 'malformed')
  else if (received.kind === 'goodbye') leaveNow(turn, link)
  else if (received.kind === 'hello') greet(turn, link, received.frame)
  else receiveFrame(turn, link, received.frame, bytes.length)
}

function receiveFrame(turn: Turn, link: Link, frame: Exclude<Frame, { type: 'hello' | 'close' }>, bytes: number): void {
  switch (frame.type) {
    case 'ihave':
      onIhave(turn, link, frame)
      return
    case 'heard':
      onHeard(turn, link, frame.serial)
      return
    case 'iwant':
      onIwant(turn, link, frame)
      return
    case 'stop':
      onStop(turn, link, frame.stream)
      return
    case 'fork':
      onFork(turn, link, frame)
      return
    case 'points':
      onPoints(turn, link, frame)
      return
    case 'at':
      onAt(turn, link, frame)
      return
    case 'run':
      onRun(turn, link, frame, bytes)
      return
    case 'credit':
      onCredit(turn, link, frame.bytes)
      return
    case 'end':
      onEnd(turn, link, frame)
      return
    case 'lost':
      onLost(turn, link, frame)
      return
    case 'iwantlost':
      onIwantLost(turn, link, frame)
      return
    case 'optional':
      return
  }
}
