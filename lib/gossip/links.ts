import { silent } from '../wire/greeting.ts'
import { askMore, consider } from './asking.ts'
import { inquireOf } from './inquiry.ts'
import { noteLosing } from './losing.ts'
import { emptyOffer } from './offers.ts'
import { keepMemory, memoryOf } from './remember.ts'
import type { Link } from './state.ts'
import { closeLink, forgetLink, send } from './turn.ts'
import type { Turn } from './turn.ts'
import { tellAll } from './telling.ts'
import { GOSSIP_VERSION, NO_OFFER } from './wire.ts'
import type { Frame, GossipEvent } from './types.ts'

const NO_EPOCH = NO_OFFER

/** A call has begun: the peer is greeted, with what is remembered of it. */
export function connect(turn: Turn, event: Extract<GossipEvent, { type: 'connected' }>): void {
  const link: Link = {
    id: event.link,
    peer: event.peer,
    since: event.now,
    greeted: false,
    unsent: 0,
    left: 0,
    told: new Map(),
    offer: emptyOffer(),
    given: [],
    dirty: new Set(),
    untold: new Set(),
    resumed: false,
    serial: 0,
    heardSerial: 0,
    toldSequence: 0,
    toldAt: event.now,
    losing: { due: false, looking: false, at: 0, told: undefined },
    heard: new Map(),
    epoch: NO_EPOCH,
    memory: memoryOf(turn.state, event.peer),
    lastSerial: 0,
    known: undefined,
    blindSince: undefined,
    lost: { heads: [], looked: [], due: false, tried: new Map() },
    progressAt: event.now,
    drawn: 0,
    measuredAt: undefined,
    asks: new Map(),
    asking: 0,
    stopping: new Set(),
    nextStream: 0,
    granted: 0,
    owed: 0,
    serves: new Map(),
    serveOf: new Map(),
    credit: 0,
    mostCredit: 0,
    live: new Set(),
    bulk: new Set(),
    looking: 0,
    toLook: new Set(),
    liveInRow: 0,
    reading: false,
  }
  turn.state.links.set(link.id, link)
  const { epoch } = turn.state.settings
  send(turn, link, {
    type: 'hello',
    version: GOSSIP_VERSION,
    epoch,
    knownEpoch: link.memory?.epoch ?? NO_EPOCH,
    knownSequence: link.memory?.sequence ?? 0,
    knownOffer: link.memory?.offer ?? NO_OFFER,
  })
}

/** The link is gone: what it was asked is asked elsewhere. */
export function leave(turn: Turn, link: Link): void {
  turn.state.links.delete(link.id)
  keepMemory(turn.state, link)
  const asked = [...link.asks.values()].map((made) => made.identity)
  forgetLink(turn, link)
  for (const identity of asked) consider(turn, identity)
  askMore(turn)
}

/** Links that stay silent are closed. */
export function checkGreetings(turn: Turn): void {
  const { links, now, settings } = turn.state
  for (const link of silent(links.values(), now, settings.limits.greetWithin)) closeLink(turn, link, 'silent')
}

/** The peer has greeted: it may send, and is told what it may have. */
export function greet(turn: Turn, link: Link, hello: Extract<Frame, { type: 'hello' }>): void {
  if (hello.version < GOSSIP_VERSION) {
    closeLink(turn, link, 'version')
    return
  }
  link.greeted = true
  link.epoch = hello.epoch
  link.granted = turn.state.settings.limits.window
  send(turn, link, { type: 'credit', bytes: link.granted })
  tellAll(turn, link, hello)
  noteLosing(turn, link)
  inquireOf(turn, link)
}

/** The peer has said that it closes. */
export function leaveNow(turn: Turn, link: Link): void {
  turn.effects.push({ type: 'close', link: link.id, code: 'bye' })
  leave(turn, link)
}
