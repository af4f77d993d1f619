import type { PlayerId } from '../base/index.ts'
import type { HeadPosition } from '../entry/index.ts'
import type { Head } from '../store/types.ts'
import { areFresh, endServe, headOf, lookUp, lostServes, question, sendLive, unqueue, wake } from './sending.ts'
import type { GossipState, Link, Serve } from './state.ts'
import { closeLink, send } from './turn.ts'
import type { Turn } from './turn.ts'
import { flushHeads, join, markDirty, noteTold } from './telling.ts'
import type { Frame, GossipEvent } from './types.ts'

type Of<T extends Frame['type']> = Extract<Frame, { type: T }>
type EventOf<T extends GossipEvent['type']> = Extract<GossipEvent, { type: T }>

/** Changes that came before an earlier one; where that does not come for so long, its write has failed. */
const MAX_EARLY = 1_024

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
    goal: undefined,
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
  join(link, identity)
  if (after?.key === head.key) noteTold(link, head)
  else if (link.told.get(identity)?.key !== head.key) link.untold.add(identity)
  if (after && after.key !== head.key) question(turn, serve, 'finding', [after])
  else wake(turn, link, serve)
}

export function onFound(turn: Turn, link: Link, event: EventOf<'found'>): void {
  link.looking--
  lookUp(turn, link)
  const serve = link.serves.get(event.stream)
  const head = serve && headOf(turn, serve)
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

/**
 * Numbers a change. Those of several feeds may be told out of order: peers are told that they know all up to some
 * number only once every change before it has come.
 */
function number(state: GossipState, identity: PlayerId, sequence: number): void {
  state.sequences.set(identity, sequence)
  if (sequence <= state.sequence) return
  state.early.add(sequence)
  if (state.early.size > MAX_EARLY) state.sequence = Math.min(...state.early) - 1
  while (state.early.delete(state.sequence + 1)) state.sequence++
}

/** A feed has grown or changed over: streams of it go on, other peers are told. */
export function onChanged(turn: Turn, event: EventOf<'changed'>): void {
  const { state } = turn
  const { head } = event
  state.heads.set(head.identity, head)
  number(state, head.identity, event.sequence ?? state.sequence + 1)
  for (const link of [...state.links.values()]) {
    if (!link.greeted) continue
    const serve = link.serveOf.get(head.identity)
    if (serve) link.untold.add(head.identity)
    if (!serve) markDirty(state, link, head)
    else if (event.changeover) changeOver(turn, link, serve, event.changeover.ancestor, head)
    else if (!sendLive(turn, link, serve, event.entries))
      wake(turn, link, serve, areFresh(event.entries) ? 'live' : 'bulk')
    flushHeads(turn, link)
  }
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
    noteTold(link, head)
  }
  serve.phase = 'flowing'
  serve.turn++
  serve.checked = undefined
  unqueue(turn, serve)
  wake(turn, link, serve)
}

/** Rights have changed: streams the peer may not have end, and it is told what it may know now. */
export function reconsider(turn: Turn, { peer, feeds }: EventOf<'reconsider'>): void {
  const { state } = turn
  for (const link of [...state.links.values()]) {
    if (link.peer !== peer || !link.greeted) continue
    for (const identity of feeds ?? state.heads.keys()) judgeAnew(turn, link, identity)
    flushHeads(turn, link)
  }
}

function judgeAnew(turn: Turn, link: Link, identity: PlayerId): void {
  const { state } = turn
  const head = state.heads.get(identity)
  if (!head) return
  if (state.settings.mayServe(link.peer, identity)) {
    markDirty(state, link, head)
    return
  }
  const serve = link.serveOf.get(identity)
  if (serve) endServe(turn, link, serve, 'not-served')
  // Chains up to losing heads are of the peer's own feed.
  if (identity === link.peer) for (const lost of lostServes(link)) endServe(turn, link, lost, 'not-served')
  if (link.told.has(identity)) link.dirty.add(identity)
}
