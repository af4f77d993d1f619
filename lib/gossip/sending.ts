import type { Entry, HeadPosition, RawEntry } from '../entry/index.ts'
import { higher } from './state.ts'
import type { Link, Serve } from './state.ts'
import { send } from './turn.ts'
import type { Turn } from './turn.ts'
import { flushHeads, forgetTold, markDirty, noteTold } from './telling.ts'
import { FRAME_BYTES, RUN_ENTRY_BYTES, RUN_HEADER_BYTES } from './wire.ts'
import type { EndCode, GossipEvent, Goal } from './types.ts'

type EventOf<T extends GossipEvent['type']> = Extract<GossipEvent, { type: T }>

/** Of live feeds, so many are sent before one that is catching up has its turn. */
const LIVE_IN_ROW = 4
/** One part in so many of the most credit that a link had is kept for them. */
const KEPT_FOR_LIVE = 8
/** So few entries of a feed at once are fresh. */
const FRESH_ENTRIES = 16
const FRESH_BYTES = 16_384

/** Asks the driver which position lies on the chain; so many at a time for one link. */
export function question(turn: Turn, serve: Serve, phase: Serve['phase'], positions: readonly HeadPosition[]): void {
  const link = turn.state.links.get(serve.link)
  serve.phase = phase
  serve.asked = positions
  serve.turn++
  unqueue(turn, serve)
  if (!link) return
  link.toLook.add(serve)
  lookUp(turn, link)
}

export function lookUp(turn: Turn, link: Link): void {
  for (const serve of link.toLook) {
    if (link.looking >= turn.state.settings.limits.maxLooks) return
    link.toLook.delete(serve)
    link.looking++
    const { stream, identity, asked: positions, goal } = serve
    turn.effects.push({
      type: 'find',
      link: link.id,
      stream,
      turn: serve.turn,
      identity,
      positions,
      ...(goal && { goal }),
    })
  }
}

/** Chains up to losing heads that are sent to the peer. */
export const lostServes = (link: Link): Serve[] => [...link.serves.values()].filter((serve) => serve.goal)

/** Ends a stream; from now on the peer is told of the feed's head again. */
export function endServe(turn: Turn, link: Link, serve: Serve, code: EndCode): void {
  unqueue(turn, serve)
  link.toLook.delete(serve)
  link.serves.delete(serve.stream)
  if (link.serveOf.get(serve.identity) === serve) link.serveOf.delete(serve.identity)
  send(turn, link, { type: 'end', stream: serve.stream, code })
  if (serve.goal) return
  link.untold.delete(serve.identity)
  // Runs that were under way are dropped by who stops, and with them the heads that they name.
  if (code === 'stopped') forgetTold(link, serve.identity)
  const head = turn.state.heads.get(serve.identity)
  if (head) markDirty(turn.state, link, head)
  flushHeads(turn, link)
}

/** Puts a stream that has something to send in line. What the peer has announced itself is not sent to it. */
export function wake(turn: Turn, link: Link, serve: Serve, line: 'live' | 'bulk' = 'bulk'): void {
  if (serve.goal) {
    wakeLosing(turn, link, serve, serve.goal)
    return
  }
  const head = turn.state.heads.get(serve.identity)
  if (serve.phase !== 'flowing' || serve.queue !== 'none' || !head || serve.position?.key === head.key) return
  const heard = link.heard.get(serve.identity)
  if (heard && !higher(head, heard)) {
    noteTold(link, head)
    return
  }
  if (heard && higher(heard, serve.position) && serve.checked !== heard.key) {
    serve.checked = heard.key
    question(turn, serve, 'checking', [heard])
    return
  }
  serve.queue = line
  link[line].add(serve)
  pump(turn, link)
}

/** The chain up to a losing head ends there. */
function wakeLosing(turn: Turn, link: Link, serve: Serve, goal: HeadPosition): void {
  if (serve.phase !== 'flowing' || serve.queue !== 'none') return
  if (serve.position?.key === goal.key) {
    endServe(turn, link, serve, 'complete')
    return
  }
  serve.queue = 'bulk'
  link.bulk.add(serve)
  pump(turn, link)
}

export function unqueue(turn: Turn, serve: Serve): void {
  const link = turn.state.links.get(serve.link)
  link?.live.delete(serve)
  link?.bulk.delete(serve)
  if (serve.queue !== 'reading') serve.queue = 'none'
}

/** Reads the next run for a link while there are credit and room: one read at a time, live feeds first. */
export function pump(turn: Turn, link: Link): void {
  if (link.reading) return
  const serve = nextServe(turn, link)
  if (!serve) return
  unqueue(turn, serve)
  serve.queue = 'reading'
  link.reading = true
  const { stream, identity, position: after, goal } = serve
  const maxBytes = FRAME_BYTES - RUN_HEADER_BYTES
  turn.effects.push({
    type: 'read',
    link: link.id,
    stream,
    turn: serve.turn,
    identity,
    after,
    maxBytes,
    ...(goal && { goal }),
  })
}

/** The peer takes so many bytes of runs more. */
export function onCredit(turn: Turn, link: Link, bytes: number): void {
  link.credit = Math.min(link.credit + bytes, turn.state.settings.limits.maxCredit)
  link.mostCredit = Math.max(link.mostCredit, link.credit)
  pump(turn, link)
}

/**
 * Whether a run may go out. Feeds that are caught up with leave a part of the credit, and of what waits to be sent, to
 * fresh entries, which so never wait until old ones have been taken in.
 */
function hasRoom({ state }: Turn, link: Link, line: 'live' | 'bulk'): boolean {
  const { maxUnsent } = state.settings.limits
  if (line === 'live') return link.credit > 0 && link.unsent < 2 * maxUnsent
  // Nothing is read ahead for a peer until it is seen that something leaves.
  const room = Math.min(maxUnsent, Math.max(FRAME_BYTES, link.left / 2))
  return link.credit > link.mostCredit / KEPT_FOR_LIVE && link.unsent < room
}

function nextServe(turn: Turn, link: Link): Serve | undefined {
  const live = hasRoom(turn, link, 'live') ? firstOf(link.live) : undefined
  const bulk = hasRoom(turn, link, 'bulk') ? firstOf(link.bulk) : undefined
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
      if (event.entries.length === 0) endServe(turn, link, serve, 'superseded')
      else if (link.credit > 0) sendRun(turn, link, serve, event.entries)
    }
    wake(turn, link, serve)
  }
  pump(turn, link)
}

function sendRun(turn: Turn, link: Link, serve: Serve, entries: readonly RawEntry[]): void {
  const head = headOf(turn, serve)
  const last = entries.at(-1)
  if (!head || !last) return
  const bytes = entries.map((entry) => entry.bytes)
  serve.position = { comparable: last.comparable, key: last.key }
  if (!serve.goal) noteTold(link, { ...head, identity: serve.identity })
  link.credit -= send(turn, link, { type: 'run', stream: serve.stream, head, entries: bytes })
}

/** What the chain that is sent leads to. Of a losing head nobody counts the entries. */
export function headOf({ state }: Turn, { goal, identity }: Serve): Goal | undefined {
  return goal ? { ...goal, count: 1 } : state.heads.get(identity)
}

/** Whether entries are so few that they are a player's fresh ones, and not some that are caught up with. */
export function areFresh(entries: readonly Entry[] | undefined): boolean {
  if (!entries || entries.length === 0 || entries.length > FRESH_ENTRIES) return false
  let bytes = 0
  for (const entry of entries) bytes += entry.bytes.length
  return bytes <= FRESH_BYTES
}

/** New entries for a peer that has all before them go out without a read. */
export function sendLive(turn: Turn, link: Link, serve: Serve, entries: readonly Entry[] | undefined): boolean {
  const first = entries?.[0]
  if (!entries || !first || serve.phase !== 'flowing' || serve.queue !== 'none') return false
  if (first.parent !== (serve.position?.key ?? null)) return false
  if (!hasRoom(turn, link, areFresh(entries) ? 'live' : 'bulk')) return false
  const heard = link.heard.get(serve.identity)
  const last = entries.at(-1)
  if (heard && last && !higher(last, heard)) return false
  let bytes = RUN_HEADER_BYTES
  for (const entry of entries) bytes += RUN_ENTRY_BYTES + entry.bytes.length
  if (bytes > FRAME_BYTES) return false
  sendRun(turn, link, serve, entries)
  return true
}
