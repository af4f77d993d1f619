import type { Micros, Millis, PlayerId } from '../../lib/base/index.ts'
import type { Entry, HeadPosition, Payload } from '../../lib/entry/index.ts'
import { createGossip, needsTick, remember, restore, step } from '../../lib/gossip/core.ts'
import type { GossipLimits, GossipState } from '../../lib/gossip/core.ts'
import type { CloseCode, GossipEffect, GossipEvent, LinkId } from '../../lib/gossip/index.ts'
import type { Timeless } from '../../lib/gossip/looks.ts'
import { decodeFrame, encodeFrame } from '../../lib/gossip/wire.ts'
import type { HomeBackup, Memory } from './home.ts'
import type { Spoken, Tamper } from './hostile.ts'
import { OwnFeed } from './own.ts'
import type { Random } from './random.ts'
import type { SimIdentity } from './signing.ts'
import { StoreDesk, TICK } from './desk.ts'
import { SimStore } from './store.ts'
import type { SimChange } from './store.ts'
import type { Timeline } from './timeline.ts'
import type { Wire } from './wire.ts'

/** The true time at which a simulation starts, microseconds since 1970. */
export const START: Micros = 1_800_000_000_000_000

type EffectOf<T extends GossipEffect['type']> = Extract<GossipEffect, { type: T }>

/** What a node is made of, besides chance. */
export interface SimNodeInit {
  readonly name: number
  readonly identity: SimIdentity
  readonly limits: GossipLimits
  /** The longest that its store takes for an answer. */
  readonly storeDelay: Millis
  mayServe(peer: PlayerId, feed: PlayerId): boolean
  /** What a hostile node makes of its frames. */
  readonly tamper?: Tamper
  /** 16 hex digits that nobody else has. */
  newEpoch(): string
}

/** What of nodes a simulation keeps an eye on. */
export interface Watch {
  /** A node's head of a feed has changed. */
  changed(node: SimNode, change: SimChange): void
  /** A core closed a link by itself; not where it was right to give up a line that losses held up too long. */
  quarrel(node: SimNode, peer: PlayerId, code: CloseCode): void
}

interface Call {
  readonly wire: Wire
  readonly side: 0 | 1
  readonly peer: PlayerId
}

/** An honest node: the gossip core over a simulated store and wires, driven as lib/gossip/driver.ts drives it. */
export class SimNode {
  readonly name: number
  readonly identity: SimIdentity
  readonly store: SimStore
  readonly tracked = new Set<PlayerId>()
  /** How far its clock is from the true one. */
  skew: Micros = 0
  up = true
  reads = true
  readonly own: OwnFeed
  state: GossipState
  readonly #init: SimNodeInit
  readonly #timeline: Timeline
  readonly #random: Random
  readonly #watch: Watch
  readonly #calls = new Map<LinkId, Call>()
  readonly #desk: StoreDesk
  #left = new Map<LinkId, number>()
  /** What was remembered at the last end in order, and the store's epoch then. */
  #memory: Memory | undefined
  /** Raised when the process ends, so that what was under way in it comes to nothing. */
  #life = 0
  #ticking = false

  constructor(init: SimNodeInit, timeline: Timeline, random: Random, watch: Watch) {
    this.#init = init
    this.name = init.name
    this.identity = init.identity
    this.#timeline = timeline
    this.#random = random
    this.#watch = watch
    this.store = new SimStore({
      identity: init.identity,
      micros: () => this.micros(),
      now: () => timeline.now,
      onChange: (change) => this.#changed(change),
      newEpoch: () => init.newEpoch(),
    })
    this.own = new OwnFeed({
      identity: init.identity,
      store: this.store,
      random,
      now: () => timeline.now,
      later: (delay, run) => this.#later(delay, run),
    })
    this.#desk = new StoreDesk({
      identity: init.identity.id,
      store: this.store,
      delay: init.storeDelay,
      random,
      now: () => timeline.now,
      micros: () => this.micros(),
      later: (delay, run) => this.#later(delay, run),
      step: (event) => this.step(event),
      look: () => this.own.look(),
    })
    this.state = this.#createGossip()
  }

  micros(): Micros {
    return START + Math.floor(this.#timeline.now * 1_000) + this.skew
  }

  /** Appends to the own feed; undefined where it may not. */
  append(payload: Payload): Entry | undefined {
    return this.own.append(payload)
  }

  track(identity: PlayerId, wanted: 'wanted' | 'unwanted'): void {
    if (wanted === 'wanted') this.tracked.add(identity)
    else this.tracked.delete(identity)
    this.step({ type: 'tracked', identity, on: wanted === 'wanted' })
  }

  headOf(identity: PlayerId): HeadPosition | undefined {
    return this.store.head(identity)
  }

  connect(wire: Wire, side: 0 | 1, peer: PlayerId): void {
    this.#calls.set(wire.id, { wire, side, peer })
    this.step({ type: 'connected', link: wire.id, peer })
  }
  received(link: LinkId, bytes: Uint8Array): void {
    if (this.#calls.has(link)) this.step({ type: 'received', link, bytes })
  }
  /** Bytes that have left; within a step they are told to the core after it. */
  sent(link: LinkId, bytes: number): void {
    if (this.#stepping) this.#left.set(link, (this.#left.get(link) ?? 0) + bytes)
    else this.step({ type: 'sent', link, bytes })
  }
  ended(link: LinkId): void {
    if (this.#calls.delete(link)) this.step({ type: 'disconnected', link })
  }

  /** Ends in order: every link is closed, all is written. */
  stop(): void {
    this.up = false
    this.#memory = { epoch: this.store.epoch, remembered: remember(this.state) }
    for (const [link, { wire, side }] of [...this.#calls]) {
      this.#calls.delete(link)
      wire.close(side)
    }
    this.#end()
  }
  /** Power goes: links are gone without a word, of writes that were not synced the last ones are lost. */
  crash(): void {
    this.up = false
    for (const { wire, side } of this.#calls.values()) wire.abandon(side)
    this.#calls.clear()
    this.store.crash((writes) => this.#random.below(writes))
    this.#end()
  }
  /** The home as it is, also while the node runs. */
  backup(): HomeBackup {
    return { disk: this.store.backup(this.up ? 'in use' : 'closed'), memory: this.#memory }
  }
  /** Puts a backup in place of the home of a node that does not run. It publishes nothing until a peer has answered. */
  restore({ disk, memory }: HomeBackup): void {
    this.store.restore(disk)
    this.#memory = memory
    this.own.silent = true
  }
  #end(): void {
    this.#life++
    this.#ticking = false
    this.#desk.forget()
    this.own.forget()
    this.#left = new Map()
  }
  /** Starts again with what its store has. */
  start(): void {
    this.up = true
    this.state = this.#createGossip()
    for (const identity of this.tracked) this.step({ type: 'tracked', identity, on: true })
    this.own.look()
  }

  #createGossip(): GossipState {
    const { limits } = this.#init
    const state = createGossip({
      epoch: this.#init.newEpoch(),
      self: this.identity.id,
      sequence: this.store.sequence,
      limits,
      mayServe: (peer, feed) => this.#init.mayServe(peer, feed),
    })
    const { now } = this.#timeline
    for (const { head, sequence } of this.store.heads()) step(state, { type: 'changed', head, sequence, now })
    if (this.#memory?.epoch === this.store.epoch) restore(state, this.#memory.remembered)
    return state
  }

  #stepping = false
  step(event: Timeless<GossipEvent>): void {
    if (!this.up) return
    const nested = this.#stepping
    this.#stepping = true
    for (const effect of step(this.state, { ...event, now: this.#timeline.now })) this.#perform(effect)
    this.#stepping = nested
    if (nested) return
    if (this.#left.size > 0) this.#tellLeft()
    if (!this.#ticking && needsTick(this.state)) this.#tickLater()
  }

  #tellLeft(): void {
    const left = this.#left
    this.#left = new Map()
    for (const [link, bytes] of left) this.step({ type: 'sent', link, bytes })
  }

  #tickLater(): void {
    this.#ticking = true
    this.#later(TICK, () => {
      this.#ticking = false
      this.step({ type: 'tick' })
    })
  }

  /** In this life, if it lasts so long. */
  #later(delay: Millis, run: () => void): void {
    const life = this.#life
    this.#timeline.after(delay, () => this.#life === life && this.up && run())
  }

  #perform(effect: GossipEffect): void {
    switch (effect.type) {
      case 'send': {
        const call = this.#calls.get(effect.link)
        if (call) this.#send(call, effect.bytes)
        return
      }
      case 'close':
        this.#close(effect)
        return
      case 'ingest':
        this.#desk.ingest(effect)
        return
      case 'find':
      case 'read':
      case 'sample':
      case 'losing':
      case 'lack':
        this.#desk.answer(effect)
    }
  }

  #send({ wire, side }: Call, bytes: Uint8Array): void {
    const { tamper } = this.#init
    const frame = tamper && decodeFrame(bytes)
    if (!tamper || !frame || frame.type === 'optional') {
      wire.send(side, bytes)
      return
    }
    for (const spoken of tamper(frame, this.#random)) wire.send(side, encodeFrame(spoken))
  }

  /** Says something that its core would not. */
  say(link: LinkId, frame: Spoken): void {
    const call = this.#calls.get(link)
    call?.wire.send(call.side, encodeFrame(frame))
  }

  #close({ link, code }: EffectOf<'close'>): void {
    const call = this.#calls.get(link)
    if (!call) return
    this.#calls.delete(link)
    const heldUp = code === 'silent' && call.wire.longestStall >= this.#init.limits.greetWithin
    if (code !== 'bye' && !heldUp) this.#watch.quarrel(this, call.peer, code)
    call.wire.close(call.side)
  }

  #changed(change: SimChange): void {
    const { head, entries, sequence, changeover } = change
    this.#watch.changed(this, change)
    if (head.identity === this.identity.id) this.#later(0, () => this.own.look())
    this.step({
      type: 'changed',
      head,
      sequence,
      ...(changeover ? { changeover: { ancestor: changeover.ancestor } } : { entries }),
    })
  }
}
