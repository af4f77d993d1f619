import type { HeadPosition } from '../entry/index.ts'
import { drawElsewhere } from './elsewhere.ts'
import { lostServes, question } from './sending.ts'
import { closeLink, send } from './state.ts'
import type { Ask, GossipState, Link, Serve, Turn } from './state.ts'
import type { Frame, GossipEvent } from './types.ts'

type Of<T extends Frame['type']> = Extract<Frame, { type: T }>
type EventOf<T extends GossipEvent['type']> = Extract<GossipEvent, { type: T }>

/** How long after one look for losing heads the next is due. */
const LOOK_EVERY = 1_000
/** Chains up to losing heads that are sent on one link at a time. */
const MAX_LOST_STREAMS = 8

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
export function lookLosing({ state, effects }: Turn, link: Link): void {
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
export function onLost({ state, effects }: Turn, link: Link, { heads }: Of<'lost'>): void {
  if (state.settings.self === undefined) return
  link.lost = heads
  if (heads.length > 0) effects.push({ type: 'lack', link: link.id, positions: heads })
}

export function onLacking(turn: Turn, link: Link, { positions }: EventOf<'lacking'>): void {
  for (const goal of positions) if (!turn.state.goals.has(goal.key)) draw(turn, link, goal)
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
    unanswered: false,
    ended: false,
  }
  link.asks.set(made.stream, made)
  state.goals.set(goal.key, made)
  effects.push({ type: 'sample', link: link.id, stream: made.stream, identity: self })
}

/** What was drawn up to a losing head has been taken in, or is not to be had here. */
export function finish(turn: Turn, made: Ask, how: 'arrived' | 'failed'): void {
  const { state } = turn
  const { goal } = made
  const link = state.links.get(made.link)
  link?.asks.delete(made.stream)
  if (!goal || state.goals.get(goal.key) !== made) return
  state.goals.delete(goal.key)
  if (how === 'failed') drawElsewhere(turn, goal, link)
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

/** Looks again where that is due, and leaves what does not come. */
export function checkLosing(turn: Turn): void {
  const { state } = turn
  for (const link of [...state.links.values()]) lookLosing(turn, link)
  for (const made of [...state.goals.values()]) {
    if (made.ingesting > 0 || state.now - made.progressAt < state.settings.limits.stallAfter) continue
    const link = state.links.get(made.link)
    if (link) {
      link.stopping.add(made.stream)
      send(turn, link, { type: 'stop', stream: made.stream })
    }
    finish(turn, made, 'failed')
  }
}

/** Whether time alone brings something about here. */
export function losingNeedsTick(state: GossipState): boolean {
  if (state.goals.size > 0) return true
  for (const { losing } of state.links.values()) if (losing.due && !losing.looking) return true
  return false
}
