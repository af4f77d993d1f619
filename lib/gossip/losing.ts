import type { HeadPosition } from '../entry/index.ts'
import { stop } from './asking.ts'
import { MAX_LOST_STREAMS, drawElsewhere, isKeptElsewhere, lookForLost, mayDraw } from './elsewhere.ts'
import { lostServes, question } from './sending.ts'
import type { Ask, GossipState, Link, Serve } from './state.ts'
import { closeLink, send } from './turn.ts'
import type { Turn } from './turn.ts'
import type { Frame, GossipEvent } from './types.ts'

type Of<T extends Frame['type']> = Extract<Frame, { type: T }>
type EventOf<T extends GossipEvent['type']> = Extract<GossipEvent, { type: T }>

/** How long after one look for losing heads the next is due. */
const LOOK_EVERY = 1_000
/** A head that did not come is asked for again after the time of a penalty, doubled so often at most. */
const MAX_DOUBLED = 6

/*
 * Whoever keeps a losing head of a feed tells its author, until the author's chain names it; the author's node draws
 * what it lacks of it, so that a fork can be healed and a restored backup loses nothing (FEEDS 3).
 */

/** What is kept of a peer's own feed may have changed: it is looked for and told. */
export function noteLosing(turn: Turn, link: Link): void {
  if (turn.state.settings.self === undefined || !link.greeted) return
  link.losing.due = true
  lookLosing(turn, link)
}

/** Looks where it is due, not more often than once in a while. */
function lookLosing({ state, effects }: Turn, link: Link): void {
  const { losing } = link
  if (!losing.due || losing.looking) return
  if (losing.told !== undefined && state.now - losing.at < LOOK_EVERY) return
  losing.due = false
  losing.looking = true
  losing.at = state.now
  effects.push({ type: 'losing', link: link.id, identity: link.peer })
}

export function onLosing(turn: Turn, link: Link, { heads }: EventOf<'losing'>): void {
  const { losing } = link
  losing.looking = false
  const may = turn.state.settings.mayServe(link.peer, link.peer) ? heads : []
  if (losing.told && keysOf(losing.told) === keysOf(may)) return
  losing.told = may
  send(turn, link, { type: 'lost', heads: may })
}

const keysOf = (heads: readonly HeadPosition[]): string => heads.map((head) => head.key).join()

/** A peer keeps losing heads of the own feed. */
export function onLost(turn: Turn, link: Link, { heads }: Of<'lost'>): void {
  if (turn.state.settings.self === undefined) return
  link.lost.heads = heads
  forgetTried(link)
  lookForLost(turn, link)
}

/** What is not here is drawn, as far as the peer may be asked; the rest waits until something else has come or its time. */
export function onLacking(turn: Turn, link: Link, { positions }: EventOf<'lacking'>): void {
  const { lost } = link
  const lack = new Set(positions.map(({ key }) => key))
  for (const { key } of lost.looked) if (!lack.has(key)) lost.tried.delete(key)
  lost.looked = []
  for (const goal of positions) {
    if (turn.state.goals.has(goal.key) || !lost.heads.some(({ key }) => key === goal.key)) continue
    if (mayDraw(link, goal)) draw(turn, link, goal)
    else drawElsewhere(turn, goal)
  }
  if (lost.due) lookForLost(turn, link)
}

/** How often a head failed is kept for those that the peer still tells of. */
function forgetTried({ lost }: Link): void {
  for (const [key, { until }] of lost.tried)
    if (until === undefined && !lost.heads.some((head) => head.key === key)) lost.tried.delete(key)
}

/** Own positions are looked up; then the chain is asked for. */
function draw({ state, effects }: Turn, link: Link, goal: HeadPosition): void {
  const { self } = state.settings
  if (self === undefined) return
  const made: Ask = {
    stream: link.nextStream++,
    link: link.id,
    identity: self,
    goal,
    phase: 'sampling',
    room: Infinity,
    progressAt: state.now,
    ingesting: 0,
    inHand: 0,
    unanswered: false,
    ended: false,
  }
  link.asks.set(made.stream, made)
  state.goals.set(goal.key, made)
  effects.push({ type: 'sample', link: link.id, stream: made.stream, identity: self })
}

/**
 * What was drawn up to a losing head has been taken in, or did not come. Until a look has found it here the peer is not
 * asked for it again for a while: whoever says that it sent what it did not send costs no more than one that fails.
 */
export function finish(turn: Turn, made: Ask, how: 'arrived' | 'failed'): void {
  const { state } = turn
  const { goal } = made
  const link = state.links.get(made.link)
  link?.asks.delete(made.stream)
  if (!goal || state.goals.get(goal.key) !== made) return
  state.goals.delete(goal.key)
  if (link) {
    const times = Math.min(MAX_DOUBLED, (link.lost.tried.get(goal.key)?.times ?? -1) + 1)
    link.lost.tried.set(goal.key, { times, until: state.now + state.settings.limits.penalty * 2 ** times })
  }
  if (link && how === 'arrived') lookForLost(turn, link)
  else drawElsewhere(turn, goal)
}

/** The author asks for the chain that ends in a losing head; only for those it was told of. */
export function onIwantLost(turn: Turn, link: Link, frame: Of<'iwantlost'>): void {
  const { stream, head: goal, points } = frame
  if (link.serves.has(stream) || lostServes(link).length >= MAX_LOST_STREAMS) {
    closeLink(turn, link, 'unasked')
    return
  }
  if (link.losing.told?.some(({ key }) => key === goal.key) !== true) {
    send(turn, link, { type: 'end', stream, code: 'not-served' })
    return
  }
  const serve: Serve = {
    stream,
    link: link.id,
    identity: link.peer,
    goal,
    position: undefined,
    phase: 'finding-point',
    turn: 0,
    asked: [],
    queue: 'none',
    checked: undefined,
  }
  link.serves.set(stream, serve)
  question(turn, serve, 'finding-point', points)
}

/** Looks again where that is due, leaves what does not come, and asks again for what did not. */
export function checkLosing(turn: Turn): void {
  const { state } = turn
  for (const link of [...state.links.values()]) {
    lookLosing(turn, link)
    tryAgain(turn, link)
  }
  for (const made of [...state.goals.values()]) {
    // While the own store looks up positions nothing has been asked.
    if (made.phase === 'sampling' || made.ingesting > 0) continue
    // A frame counts when it is whole: over a slow line one takes longer than another keeper would be kept waiting for.
    const { stallAfter, stallAlone } = state.settings.limits
    if (state.now - made.progressAt < (isKeptElsewhere(state, made) ? stallAfter : stallAlone)) continue
    stop(turn, made)
    finish(turn, made, 'failed')
  }
}

/** Heads whose time has come. */
function tryAgain(turn: Turn, link: Link): void {
  let due = false
  for (const tried of link.lost.tried.values()) {
    if (tried.until === undefined || tried.until > turn.state.now) continue
    tried.until = undefined
    due = true
  }
  if (!due) return
  forgetTried(link)
  lookForLost(turn, link)
}

/** Whether time alone brings something about here. */
export function losingNeedsTick(state: GossipState): boolean {
  if (state.goals.size > 0) return true
  for (const { losing, lost } of state.links.values()) {
    if (losing.due && !losing.looking) return true
    for (const { until } of lost.tried.values()) if (until !== undefined) return true
  }
  return false
}
