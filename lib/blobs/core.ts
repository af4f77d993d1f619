import { awaitsHello, receive, silent } from '../wire/greeting.ts'
import { onFetched, onLooked, onPull, serveNext } from './serving.ts'
import { closeLink, send } from './state.ts'
import type { BlobState, Link, Turn } from './state.ts'
import { leaveStalled, onData, onDeny, onFinished, onOpened, onWritten } from './transfer.ts'
import type { BlobEffect, BlobEvent, BlobFrame } from './types.ts'
import {
  ask,
  askAll,
  checkWants,
  leaveWants,
  onBroken,
  onHave,
  onReconsidered,
  onStored,
  onWant,
  unrelay,
  unwant,
  want,
} from './wanting.ts'
import { BLOBS_VERSION, decodeBlobFrame } from './wire.ts'

export { BLOB_LIMITS, createBlobs } from './state.ts'
export type { BlobLimits, BlobSettings, BlobState } from './state.ts'

/**
 * One step of blob wants for one node with many peers: what happened goes in, what is to be done comes out. Pure but
 * for `state`, which it changes; time comes in with the event. FEEDS 5, docs/protocol.md.
 */
export function stepBlobs(state: BlobState, event: BlobEvent): BlobEffect[] {
  state.now = Math.max(state.now, event.now)
  const turn: Turn = { state, effects: [] }
  apply(turn, event)
  return turn.effects
}

/** Whether time alone may change something: where not, no timer need run. */
export function blobsNeedTick(state: BlobState): boolean {
  if (state.wants.size > 0) return true
  return awaitsHello(state.links.values())
}

type LinkEvent = Extract<BlobEvent, { type: 'disconnected' | 'received' | 'sent' | 'looked' | 'fetched' }>

function apply(turn: Turn, event: BlobEvent): void {
  switch (event.type) {
    case 'connected':
      connect(turn, event)
      return
    case 'wanted':
      want(turn, event.blob, event.maxBytes)
      return
    case 'unwanted':
      unwant(turn, event.blob)
      return
    case 'stored':
      onStored(turn, event.blob)
      return
    case 'reconsidered':
      onReconsidered(turn, event.peer)
      return
    case 'opened':
      onOpened(turn, event)
      return
    case 'written':
      onWritten(turn, event)
      return
    case 'finished':
      onFinished(turn, event)
      return
    case 'broken':
      onBroken(turn, event.blob)
      return
    case 'tick':
      tick(turn)
      return
    default: {
      const link = turn.state.links.get(event.link)
      if (link) applyToLink(turn, link, event)
    }
  }
}

function applyToLink(turn: Turn, link: Link, event: LinkEvent): void {
  switch (event.type) {
    case 'disconnected':
      leave(turn, link)
      return
    case 'received':
      hear(turn, link, event.bytes)
      return
    case 'sent':
      link.unsent -= event.bytes
      serveNext(turn, link)
      return
    case 'looked':
      onLooked(turn, link, event)
      return
    case 'fetched':
      onFetched(turn, link, event)
  }
}

function connect(turn: Turn, event: Extract<BlobEvent, { type: 'connected' }>): void {
  const link: Link = {
    id: event.link,
    peer: event.peer,
    since: event.now,
    greeted: false,
    closing: false,
    unsent: 0,
    wants: new Map(),
    looking: 0,
    offers: new Map(),
    relayed: new Map(),
    pulls: [],
    nextRequest: 0,
    queue: [],
    fetching: false,
  }
  turn.state.links.set(link.id, link)
  send(turn, link, { type: 'hello', version: BLOBS_VERSION })
}

function leave(turn: Turn, link: Link): void {
  turn.state.links.delete(link.id)
  leaveWants(turn, link)
}

function tick(turn: Turn): void {
  const { state } = turn
  const { greetWithin } = state.settings.limits
  for (const link of silent(state.links.values(), state.now, greetWithin)) closeLink(turn, link, 'silent')
  for (const link of state.links.values()) {
    for (const [blob, { until }] of link.wants) {
      if (until > state.now) break
      link.wants.delete(blob)
    }
  }
  for (const made of leaveStalled(turn)) ask(turn, made)
  checkWants(turn)
}

function hear(turn: Turn, link: Link, bytes: Uint8Array): void {
  if (link.closing) return
  const received = receive(link, decodeBlobFrame(bytes))
  if (received.kind === 'malformed') closeLink(turn, link, 'malformed')
  else if (received.kind === 'goodbye') leaveNow(turn, link)
  else if (received.kind === 'hello') greet(turn, link, received.frame.version)
  else receiveFrame(turn, link, received.frame)
}

/** The peer has said that it closes. */
function leaveNow(turn: Turn, link: Link): void {
  turn.effects.push({ type: 'close', link: link.id, code: 'bye' })
  leave(turn, link)
}

function greet(turn: Turn, link: Link, version: number): void {
  if (version < BLOBS_VERSION) {
    closeLink(turn, link, 'version')
    return
  }
  link.greeted = true
  askAll(turn, link)
}

function receiveFrame(turn: Turn, link: Link, frame: Exclude<BlobFrame, { type: 'hello' | 'close' }>): void {
  switch (frame.type) {
    case 'want':
      onWant(turn, link, frame)
      return
    case 'unwant':
      for (const blob of frame.blobs) {
        link.wants.delete(blob)
        unrelay(turn, link.id, blob)
      }
      return
    case 'have':
      onHave(turn, link, frame)
      return
    case 'pull':
      onPull(turn, link, frame)
      return
    case 'data':
      onData(turn, link, frame)
      return
    case 'deny':
      onDeny(turn, link, frame)
      return
    case 'optional':
      return
  }
}
