import { consider, noteAnswer, penalize, stop } from './asking.ts'
import { mustWait } from './flips.ts'
import { noteUnserved } from './inquiry.ts'
import { isNews } from './judge.ts'
import { finish, noteLosing } from './losing.ts'
import type { Ask, Feed, Link } from './state.ts'
import { closeLink, send } from './turn.ts'
import type { Turn } from './turn.ts'
import type { Frame, GossipEvent, Goal, Outcome } from './types.ts'

type Of<T extends Frame['type']> = Extract<Frame, { type: T }>
type EventOf<T extends GossipEvent['type']> = Extract<GossipEvent, { type: T }>

/** Runs whose parent is not here, in a row, before the peer that sends them is not asked for a while. */
const MAX_ORPHANS = 2

/** The stream a frame belongs to; a frame on one never asked for closes the link, on a stopped one it is dropped. */
function askOf(turn: Turn, link: Link, stream: number): Ask | undefined {
  const made = link.asks.get(stream)
  if (!made && !link.stopping.has(stream)) closeLink(turn, link, 'unasked')
  return made
}

/** The server's chain lacks the key asked after: it is sent some of ours. */
export function onFork(turn: Turn, link: Link, frame: Of<'fork'>): void {
  const made = askOf(turn, link, frame.stream)
  if (!made) return
  const feed = turn.state.feeds.get(made.identity)
  if (feed) feed.tail = undefined
  if (made.phase !== 'asked' || made.goal) {
    closeLink(turn, link, 'unasked')
    return
  }
  if (feed && mustWait(turn, feed, made)) return
  noteAnswer(turn, made)
  made.phase = 'sampling'
  made.progressAt = turn.state.now
  turn.effects.push({ type: 'sample', link: link.id, stream: made.stream, identity: made.identity })
}

export function onSampled(turn: Turn, link: Link, event: EventOf<'sampled'>): void {
  const made = link.asks.get(event.stream)
  if (made?.phase !== 'sampling') return
  const { stream, goal } = made
  const { points } = event
  made.phase = goal ? 'asked' : 'flowing'
  made.progressAt = turn.state.now
  send(turn, link, goal ? { type: 'iwantlost', stream, head: goal, points } : { type: 'points', stream, points })
}

/** Runs go on after another position: the latest in common, or the ancestor at a changeover. */
export function onAt(turn: Turn, link: Link, frame: Of<'at'>): void {
  const made = askOf(turn, link, frame.stream)
  if (!made) return
  if (made.phase === 'sampling') {
    closeLink(turn, link, 'unasked')
    return
  }
  const feed = made.goal ? undefined : turn.state.feeds.get(made.identity)
  if (feed) feed.tail = undefined
  if (feed && isBehind(turn, feed, frame)) {
    link.heard.set(made.identity, { identity: made.identity, ...frame.head })
    if (mustWait(turn, feed, made)) return
  }
  flow(turn, link, made, frame.head)
}

/** Whether the server's chain parts from the own one: before the own head. */
function isBehind({ state }: Turn, { identity }: Feed, { at }: Of<'at'>): boolean {
  const own = state.heads.get(identity)
  return own !== undefined && (at?.comparable ?? 0) < own.comparable
}

/** A run goes to the store; its bytes are granted anew when it has been taken in. */
export function onRun(turn: Turn, link: Link, frame: Of<'run'>, bytes: number): void {
  if (link.granted <= 0) {
    closeLink(turn, link, 'over-credit')
    return
  }
  link.granted -= bytes
  const made = askOf(turn, link, frame.stream)
  if (!made) {
    giveBack(turn, link, bytes)
    return
  }
  if (made.phase === 'sampling') {
    closeLink(turn, link, 'unasked')
    return
  }
  flow(turn, link, made, frame.head)
  const { stream } = frame
  const announced = made.goal ?? frame.head
  const entries = frame.entries.slice(0, made.room)
  if (entries.length === 0) {
    giveBack(turn, link, bytes)
    return
  }
  made.room -= entries.length
  made.ingesting++
  made.inHand += bytes
  turn.effects.push({ type: 'ingest', link: link.id, stream, identity: made.identity, entries, announced, bytes })
}

function flow(turn: Turn, link: Link, made: Ask, head: Goal): void {
  // Only a first answer counts by itself: whoever says the same again, or sends what is here, brings nothing.
  if (made.phase === 'asked') link.progressAt = turn.state.now
  if (made.phase === 'asked' || made.goal) made.progressAt = turn.state.now
  made.phase = 'flowing'
  noteAnswer(turn, made)
  if (!made.goal) link.heard.set(made.identity, { identity: made.identity, ...head })
}

/** Grants bytes anew, a quarter of the window at a time: with half of it the sender waits. */
function giveBack(turn: Turn, link: Link, bytes: number): void {
  if (turn.state.links.get(link.id) !== link) return
  link.owed += bytes
  if (link.owed < turn.state.settings.limits.window / 4) return
  link.granted += link.owed
  send(turn, link, { type: 'credit', bytes: link.owed })
  link.owed = 0
}

/** The store has answered. What the feed gained has come as `changed` before. */
export function onIngested(turn: Turn, event: EventOf<'ingested'>): void {
  const link = turn.state.links.get(event.link)
  if (link) giveBack(turn, link, event.bytes)
  const made = link?.asks.get(event.stream)
  if (made) {
    made.ingesting--
    made.inHand -= event.bytes
    noteTaken(turn, made, event)
  }
  if (event.outcome.kind === 'staged' && !event.outcome.unverified)
    for (const each of [...turn.state.links.values()]) if (each.peer === event.identity) noteLosing(turn, each)
  if (made?.goal) {
    settleGoal(turn, made, event.outcome)
    return
  }
  const feed = turn.state.feeds.get(event.identity)
  if (!feed) return
  settle(turn, feed, made, event.outcome)
}

/**
 * A run that brought something new of the author's is progress; one up to a losing head is, whatever became of it.
 * What no signature verifies yet counts with the run that brings the signature.
 */
function noteTaken({ state }: Turn, made: Ask, { outcome, bytes }: EventOf<'ingested'>): void {
  const isNew = isNews(outcome)
  if (isNew || made.goal) made.progressAt = state.now
  if (outcome.kind === 'known') made.knownAt = state.now
  if (outcome.kind === 'staged' && !isNew) made.vain = true
  if (!isNew) return
  made.vain = false
  made.knownAt = undefined
  made.drew = true
  const link = state.links.get(made.link)
  if (!link) return
  link.progressAt = state.now
  link.drawn += bytes
}

/** A run of a chain up to a losing head: what is refused, or held for its time, is left. */
function settleGoal(turn: Turn, made: Ask, { kind }: Outcome): void {
  if (kind === 'refused' || kind === 'held') {
    stop(turn, made)
    finish(turn, made, 'failed')
  } else if (made.ended && made.ingesting === 0) finish(turn, made, 'arrived')
}

function settle(turn: Turn, feed: Feed, made: Ask | undefined, outcome: Outcome): void {
  switch (outcome.kind) {
    case 'known':
      return
    case 'adopted':
      feed.tail = undefined
      feed.orphans = 0
      return
    case 'staged':
      feed.tail = outcome.tail
      return
    case 'held':
      feed.heldFrom = outcome.from ?? 0
      feed.heldUntil = turn.state.now + outcome.retryIn
      feed.tail = undefined
      feed.awaited = undefined
      if (made) stop(turn, made)
      consider(turn, feed.identity)
      return
    case 'refused':
      if (made) refuse(turn, feed, made, outcome.orphan)
  }
}

/** A run that does not join what is here is asked for anew from the own head; any other is the peer's fault. */
function refuse(turn: Turn, feed: Feed, made: Ask, orphan: boolean): void {
  feed.tail = undefined
  if (!orphan || ++feed.orphans > MAX_ORPHANS) {
    penalize(turn, feed, made)
    return
  }
  stop(turn, made)
  consider(turn, feed.identity)
}

/** The server ends a stream. */
export function onEnd(turn: Turn, link: Link, frame: Of<'end'>): void {
  if (link.stopping.delete(frame.stream)) {
    if (frame.code === 'not-served') noteUnserved(turn.state, link, frame.stream)
    return
  }
  const made = askOf(turn, link, frame.stream)
  if (!made) return
  if (made.goal) {
    made.ended = frame.code === 'complete'
    if (!made.ended || made.ingesting === 0) finish(turn, made, made.ended ? 'arrived' : 'failed')
    return
  }
  const feed = turn.state.feeds.get(made.identity)
  link.asks.delete(made.stream)
  noteAnswer(turn, made)
  if (frame.code === 'not-served') link.heard.delete(made.identity)
  if (feed?.source !== made) return
  feed.source = undefined
  // A source that ends what it has not begun would be asked over and over.
  const isVain = !made.drew && frame.code !== 'not-served'
  if (frame.code === 'failed' || isVain) penalize(turn, feed, made)
  else consider(turn, feed.identity)
}
