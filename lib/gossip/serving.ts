import type { PlayerId } from '../base/index.ts'
import type { Entry, HeadPosition } from '../entry/index.ts'
import type { Head } from '../store/types.ts'
import { closeLink, higher, send } from './state.ts'
import type { Link, Serve, Turn } from './state.ts'
import { flushHeads, markDirty } from './telling.ts'
import { FRAME_BYTES, RUN_ENTRY_BYTES, RUN_HEADER_BYTES } from './wire.ts'
import type { EndCode, Frame, GossipEvent } from './types.ts'

type Of<T extends Frame['type']> = Extract<Frame, { type: T }>
type EventOf<T extends GossipEvent['type']> = Extract<GossipEvent, { type: T }>

/** Of live feeds, so many are sent before one that is catching up has its turn. */
const LIVE_IN_ROW = 4

/** A peer asks for a feed after a position. There is one stream for each feed and link: a second ends the first. */
export function onIwant(turn: Turn, link: Link, frame: Of<'iwant'>): void {
  const { state } = turn
  const { stream, identity, after } = frame
  if (link.serves.has(stream)) {
    closeLink(turn, link, 'unasked')
    return
  }
  const head = state.heads.get(identity)
  if (!head || !state.settings.mayServe(link.peer, identity)) {
    send(turn, link, { type: 'end', stream, code: 'not-served' })
    return
  }
  const older = link.serveOf.get(identity)
  if (older) endServe(turn, link, older, 'superseded')
  const serve: Serve = {
    stream,
    link: link.id,
    identity,
    position: after,
    phase: 'flowing',
    turn: 0,
    asked: [],
    queue: 'none',
    checked: undefined,
  }
  link.serves.set(stream, serve)
  link.serveOf.set(identity, serve)
  link.dirty.delete(identity)
  if (after && after.key !== head.key) question(turn, serve, 'finding', [after])
  else wake(turn, link, serve)
}

/** Asks the driver which position lies on the current chain. */
function question(turn: Turn, serve: Serve, phase: Serve['phase'], positions: readonly HeadPosition[]): void {
  const { link, stream, identity } = serve
  serve.phase = phase
  serve.asked = positions
  unqueue(turn, serve)
  turn.effects.push({ type: 'find', link, stream, turn: ++serve.turn, identity, positions })
}

export function onFound(turn: Turn, link: Link, event: EventOf<'found'>): void {
  const serve = link.serves.get(event.stream)
  const head = serve && turn.state.heads.get(serve.identity)
  if (!serve || !head || serve.turn !== event.turn) return
  if (serve.phase === 'finding' && !event.at) {
    serve.phase = 'forked'
    send(turn, link, { type: 'fork', stream: serve.stream })
    return
  }
  if (serve.phase !== 'checking' || event.at) serve.position = event.at
  const answered = serve.phase === 'finding-point'
  serve.phase = 'flowing'
  if (answered) send(turn, link, { type: 'at', stream: serve.stream, at: serve.position, head })
  wake(turn, link, serve)
}

/** The asker's positions after `fork`, newest first. */
export function onPoints(turn: Turn, link: Link, frame: Of<'points'>): void {
  const serve = link.serves.get(frame.stream)
  if (!serve) return
  if (serve.phase === 'forked') question(turn, serve, 'finding-point', frame.points)
  else closeLink(turn, link, 'unasked')
}

export function onStop(turn: Turn, link: Link, stream: number): void {
  const serve = link.serves.get(stream)
  if (serve) endServe(turn, link, serve, 'stopped')
}

/** Ends a stream; from now on the peer is told of the feed's head again. */
export function endServe(turn: Turn, link: Link, serve: Serve, code: EndCode): void {
  unqueue(turn, serve)
  link.serves.delete(serve.stream)
  if (link.serveOf.get(serve.identity) === serve) link.serveOf.delete(serve.identity)
  send(turn, link, { type: 'end', stream: serve.stream, code })
  const head = turn.state.heads.get(serve.identity)
  if (head) markDirty(turn.state, link, head)
  flushHeads(turn, link)
}

/** Puts a stream that has something to send in line. What the peer has announced itself is not sent to it. */
function wake(turn: Turn, link: Link, serve: Serve, line: 'live' | 'bulk' = 'bulk'): void {
  const head = turn.state.heads.get(serve.identity)
  if (serve.phase !== 'flowing' || serve.queue !== 'none' || !head || serve.position?.key === head.key) return
  const heard = link.heard.get(serve.identity)
  if (heard && !higher(head, heard)) return
  if (heard && higher(heard, serve.position) && serve.checked !== heard.key) {
    serve.checked = heard.key
    question(turn, serve, 'checking', [heard])
    return
  }
  serve.queue = line
  link[line].add(serve)
  pump(turn, link)
}

function unqueue(turn: Turn, serve: Serve): void {
  const link = turn.state.links.get(serve.link)
  link?.live.delete(serve)
  link?.bulk.delete(serve)
  if (serve.queue !== 'reading') serve.queue = 'none'
}

/** Reads the next run for a link while there are credit and room: one read at a time, live feeds first. */
export function pump(turn: Turn, link: Link): void {
  const { maxUnsent } = turn.state.settings.limits
  if (link.reading || link.credit <= 0 || link.unsent >= maxUnsent) return
  const serve = nextServe(link)
  if (!serve) return
  unqueue(turn, serve)
  serve.queue = 'reading'
  link.reading = true
  const { stream, identity, position: after } = serve
  const maxBytes = FRAME_BYTES - RUN_HEADER_BYTES
  turn.effects.push({ type: 'read', link: link.id, stream, turn: serve.turn, identity, after, maxBytes })
}

function nextServe(link: Link): Serve | undefined {
  const live = firstOf(link.live)
  const bulk = firstOf(link.bulk)
  const takeLive = live !== undefined && (bulk === undefined || link.liveInRow < LIVE_IN_ROW)
  link.liveInRow = takeLive ? link.liveInRow + 1 : 0
  return takeLive ? live : bulk
}

function firstOf<T>(set: Set<T>): T | undefined {
  for (const item of set) return item
  return undefined
}

/** The driver has read a run. */
export function onRead(turn: Turn, link: Link, event: EventOf<'run'>): void {
  link.reading = false
  const serve = link.serves.get(event.stream)
  if (serve) {
    serve.queue = 'none'
    if (serve.turn === event.turn && serve.phase === 'flowing') {
      if (event.entries.length > 0) sendRun(turn, link, serve, event.entries)
      else endServe(turn, link, serve, 'superseded')
    }
    wake(turn, link, serve)
  }
  pump(turn, link)
}

function sendRun(turn: Turn, link: Link, serve: Serve, entries: readonly Entry[]): void {
  const head = turn.state.heads.get(serve.identity)
  const last = entries.at(-1)
  if (!head || !last) return
  const bytes = entries.map((entry) => entry.bytes)
  serve.position = { comparable: last.comparable, key: last.key }
  link.told.set(serve.identity, head)
  link.credit -= send(turn, link, { type: 'run', stream: serve.stream, head, entries: bytes })
}

/** A feed has grown or changed over: streams of it go on, other peers are told. */
export function onChanged(turn: Turn, event: EventOf<'changed'>): void {
  const { state } = turn
  const { head } = event
  state.heads.set(head.identity, head)
  for (const link of [...state.links.values()]) {
    if (!link.greeted) continue
    const serve = link.serveOf.get(head.identity)
    if (!serve) markDirty(state, link, head)
    else if (event.changeover) changeOver(turn, link, serve, event.changeover.ancestor, head)
    else if (!sendLive(turn, link, serve, event.entries)) wake(turn, link, serve, 'live')
    flushHeads(turn, link)
  }
}

/** A fresh entry for a peer that has all before it goes out without a read. */
function sendLive(turn: Turn, link: Link, serve: Serve, entries: readonly Entry[] | undefined): boolean {
  const first = entries?.[0]
  if (!entries || !first || serve.phase !== 'flowing' || serve.queue !== 'none') return false
  if (first.parent !== (serve.position?.key ?? null)) return false
  if (link.credit <= 0 || link.unsent >= turn.state.settings.limits.maxUnsent) return false
  const heard = link.heard.get(serve.identity)
  const last = entries.at(-1)
  if (heard && last && !higher(last, heard)) return false
  let bytes = RUN_HEADER_BYTES
  for (const entry of entries) bytes += RUN_ENTRY_BYTES + entry.bytes.length
  if (bytes > FRAME_BYTES) return false
  sendRun(turn, link, serve, entries)
  return true
}

/** The chain that a stream follows has lost: it goes on from what both chains share. */
function changeOver(turn: Turn, link: Link, serve: Serve, ancestor: HeadPosition | undefined, head: Head): void {
  if (serve.phase === 'forked') return
  if (serve.phase === 'finding' || serve.phase === 'finding-point') {
    question(turn, serve, serve.phase, serve.asked)
    return
  }
  const lost = serve.position && (!ancestor || serve.position.comparable > ancestor.comparable)
  if (lost) {
    serve.position = ancestor
    send(turn, link, { type: 'at', stream: serve.stream, at: ancestor, head })
  }
  serve.phase = 'flowing'
  serve.turn++
  serve.checked = undefined
  unqueue(turn, serve)
  wake(turn, link, serve)
}

/** Rights have changed: streams the peer may not have end, and it is told what it may know now. */
export function reconsider(turn: Turn, peer: PlayerId): void {
  const { state } = turn
  for (const link of [...state.links.values()]) {
    if (link.peer !== peer || !link.greeted) continue
    for (const serve of [...link.serves.values()])
      if (!state.settings.mayServe(peer, serve.identity)) endServe(turn, link, serve, 'not-served')
    for (const identity of link.told.keys()) if (!state.settings.mayServe(peer, identity)) link.dirty.add(identity)
    for (const head of state.heads.values()) markDirty(state, link, head)
    flushHeads(turn, link)
  }
}
