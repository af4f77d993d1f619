import { checkWaiting, consider, onIhave, track } from './asking.ts'
import { onChanged, onFound, onIwant, onPoints, onRead, onStop, pump, reconsider } from './serving.ts'
import { closeLink, forget, send } from './state.ts'
import type { GossipState, Link, Turn } from './state.ts'
import { onAt, onEnd, onFork, onIngested, onRun, onSampled } from './taking.ts'
import { onHeard, tellAll } from './telling.ts'
import { GOSSIP_VERSION, decodeFrame } from './wire.ts'
import type { Frame, GossipEffect, GossipEvent } from './types.ts'

export { GOSSIP_LIMITS, createGossip } from './state.ts'
export type { GossipLimits, GossipSettings, GossipState } from './state.ts'

const NO_EPOCH = '0'.repeat(16)

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
  if (state.waiting.size > 0) return true
  for (const link of state.links.values()) if (!link.greeted) return true
  return false
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
    case 'reconsider':
      reconsider(turn, event.peer)
      return
    case 'changed':
      onChanged(turn, event)
      consider(turn, event.head.identity)
      return
    case 'ingested':
      onIngested(turn, event)
      return
    case 'tick':
      checkGreetings(turn)
      checkWaiting(turn)
      return
    default: {
      const link = state.links.get(event.link)
      if (link) applyToLink(turn, link, event)
    }
  }
}

type LinkEvent = Extract<GossipEvent, { type: 'disconnected' | 'received' | 'sent' | 'found' | 'run' | 'sampled' }>

function applyToLink(turn: Turn, link: Link, event: LinkEvent): void {
  switch (event.type) {
    case 'disconnected':
      leave(turn, link)
      return
    case 'received':
      receive(turn, link, event.bytes)
      return
    case 'sent':
      link.unsent -= event.bytes
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
  }
}

function connect(turn: Turn, event: Extract<GossipEvent, { type: 'connected' }>): void {
  const link: Link = {
    id: event.link,
    peer: event.peer,
    since: event.now,
    greeted: false,
    unsent: 0,
    told: new Map(),
    dirty: new Set(),
    serial: 0,
    heardSerial: 0,
    heard: new Map(),
    asks: new Map(),
    stopping: new Set(),
    nextStream: 0,
    granted: 0,
    owed: 0,
    serves: new Map(),
    serveOf: new Map(),
    credit: 0,
    live: new Set(),
    bulk: new Set(),
    liveInRow: 0,
    reading: false,
  }
  turn.state.links.set(link.id, link)
  const { epoch } = turn.state.settings
  send(turn, link, { type: 'hello', version: GOSSIP_VERSION, epoch, knownEpoch: NO_EPOCH, knownSerial: 0 })
}

/** The link is gone: what it was asked is asked elsewhere. */
function leave(turn: Turn, link: Link): void {
  turn.state.links.delete(link.id)
  const asked = [...link.asks.values()].map((made) => made.identity)
  forget(turn.state, link)
  for (const identity of asked) consider(turn, identity)
}

function checkGreetings(turn: Turn): void {
  const { greetWithin } = turn.state.settings.limits
  for (const link of [...turn.state.links.values()])
    if (!link.greeted && turn.state.now - link.since >= greetWithin) closeLink(turn, link, 'silent')
}

function receive(turn: Turn, link: Link, bytes: Uint8Array): void {
  const frame = decodeFrame(bytes)
  if (!frame || (frame.type === 'hello') === link.greeted) {
    const closing = frame?.type === 'close'
    if (!closing) closeLink(turn, link, 'malformed')
    else leaveNow(turn, link)
    return
  }
  if (frame.type === 'hello') greet(turn, link, frame.version)
  else receiveFrame(turn, link, frame, bytes.length)
}

function greet(turn: Turn, link: Link, version: number): void {
  if (version < GOSSIP_VERSION) {
    closeLink(turn, link, 'version')
    return
  }
  link.greeted = true
  link.granted = turn.state.settings.limits.window
  send(turn, link, { type: 'credit', bytes: link.granted })
  tellAll(turn, link)
}

/** The peer has said that it closes. */
function leaveNow(turn: Turn, link: Link): void {
  turn.effects.push({ type: 'close', link: link.id, code: 'bye' })
  leave(turn, link)
}

function receiveFrame(turn: Turn, link: Link, frame: Exclude<Frame, { type: 'hello' }>, bytes: number): void {
  switch (frame.type) {
    case 'ihave': {
      onIhave(turn, link, frame)
      return
    }
    case 'heard': {
      onHeard(turn, link, frame.serial)
      return
    }
    case 'iwant': {
      onIwant(turn, link, frame)
      return
    }
    case 'stop': {
      onStop(turn, link, frame.stream)
      return
    }
    case 'fork': {
      onFork(turn, link, frame)
      return
    }
    case 'points': {
      onPoints(turn, link, frame)
      return
    }
    case 'at': {
      onAt(turn, link, frame)
      return
    }
    case 'run': {
      onRun(turn, link, frame, bytes)
      return
    }
    case 'credit':
      link.credit = Math.min(link.credit + frame.bytes, turn.state.settings.limits.maxCredit)
      {
        pump(turn, link)
        return
      }
    case 'end': {
      onEnd(turn, link, frame)
      return
    }
    case 'close': {
      leaveNow(turn, link)
      return
    }
    case 'optional':
      return
  }
}
