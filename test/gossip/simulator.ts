import { createHash } from 'node:crypto'
import { playerIdOf } from '../../lib/base/index.ts'
import type { Millis, PlayerId } from '../../lib/base/index.ts'
import { GOSSIP_LIMITS, createGossip, needsTick, restore, step } from '../../lib/gossip/index.ts'
import type { GossipEffect, GossipEvent, GossipState, LinkId, Remembered } from '../../lib/gossip/index.ts'
import { SimFeeds } from './simfeeds.ts'

/** A seeded source of numbers in [0, 1): mulberry32. */
export function randomOf(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/** The identity of a number. */
export const playerOf = (number: number): PlayerId =>
  playerIdOf(createHash('sha256').update(`player ${number}`).digest())

type Timeless<E> = E extends GossipEvent ? Omit<E, 'now'> : never

interface Wire {
  readonly a: SimNode
  readonly b: SimNode
  readonly id: LinkId
  readonly delay: Millis
  readonly bytesPerMilli: number
  up: boolean
  /** When the line is free, for each direction. */
  freeAt: Map<SimNode, Millis>
}

export class SimNode {
  readonly name: number
  readonly identity: PlayerId
  state: GossipState
  /** Feeds that no peer of it may be served. */
  readonly secret = new Set<PlayerId>()
  readonly feeds: SimFeeds
  ticking = false
  readonly #window: number
  /** When the last job of each feed is done: runs of one feed are taken in order. */
  readonly storeFreeAt = new Map<PlayerId, Millis>()

  constructor(sim: Simulation, name: number, identity: PlayerId) {
    this.name = name
    this.identity = identity
    this.#window = sim.window
    this.state = this.#create(name)
    this.feeds = new SimFeeds((change) => {
      sim.changedAt = sim.now
      sim.step(this, { type: 'changed', ...change })
    })
  }

  /** Starts anew, with what `remembered` says of the run before. */
  restart(epoch: number, remembered?: Remembered): void {
    const { heads, sequences, feeds } = this.state
    const numbered = [...heads.values()].sort((a, b) => sequences.get(a.identity)! - sequences.get(b.identity)!)
    this.state = this.#create(epoch, this.state.sequence)
    for (const head of numbered)
      step(this.state, { type: 'changed', head, sequence: sequences.get(head.identity)!, now: 0 })
    if (remembered) restore(this.state, remembered)
    for (const identity of feeds.keys()) step(this.state, { type: 'tracked', identity, on: true, now: 0 })
  }

  #create(epoch: number, sequence = 0): GossipState {
    return createGossip({
      epoch: (epoch + 1).toString(16).padStart(16, '0'),
      self: this.identity,
      sequence,
      limits: { ...GOSSIP_LIMITS, window: this.#window },
      mayServe: (_peer, feed) => !this.secret.has(feed),
    })
  }
}

/** Many nodes in one process: one random source picks delays, losses and who writes. A seed is a whole history. */
export class Simulation {
  readonly random: () => number
  readonly window: number
  readonly nodes: SimNode[] = []
  /** Links that a core closed by itself: none is right among honest nodes. */
  readonly quarrels: string[] = []
  now: Millis = 0
  /** When a head was another than before last. */
  changedAt: Millis = 0
  /** Bytes of frames, all links together. */
  bytes = 0
  #seq = 0
  #nextLink = 1
  readonly #queue: { at: Millis; seq: number; run: () => void }[] = []
  readonly #wires = new Map<LinkId, Wire>()

  /** @param window bytes of runs under way: few, so that runs are many */
  constructor(seed: number, window = 2_048) {
    this.random = randomOf(seed)
    this.window = window
  }

  /** A whole number below `bound`. */
  pick(bound: number): number {
    return Math.floor(this.random() * bound)
  }

  add(name: number, identity: PlayerId): SimNode {
    const node = new SimNode(this, name, identity)
    this.nodes.push(node)
    return node
  }

  at(time: Millis, run: () => void): void {
    const event = { at: Math.max(time, this.now), seq: this.#seq++, run }
    let low = 0
    let high = this.#queue.length
    while (low < high) {
      const middle = (low + high) >> 1
      if (this.#queue[middle]!.at > event.at) low = middle + 1
      else high = middle
    }
    this.#queue.splice(low, 0, event)
  }

  /** Runs until nothing is left to do, or the time is up: false. */
  run(until: Millis): boolean {
    for (let event = this.#queue.pop(); event; event = this.#queue.pop()) {
      if (event.at > until) return false
      this.now = event.at
      event.run()
    }
    return true
  }

  connected(a: SimNode, b: SimNode): boolean {
    return [...this.#wires.values()].some((wire) => (wire.a === a && wire.b === b) || (wire.a === b && wire.b === a))
  }

  connect(a: SimNode, b: SimNode): void {
    const wire: Wire = {
      a,
      b,
      id: this.#nextLink++,
      delay: 1 + this.random() * 80,
      bytesPerMilli: 20 + this.random() * 500,
      up: true,
      freeAt: new Map(),
    }
    this.#wires.set(wire.id, wire)
    this.step(a, { type: 'connected', link: wire.id, peer: b.identity })
    this.step(b, { type: 'connected', link: wire.id, peer: a.identity })
  }

  /** Cuts links; what is under way on them is lost. */
  cut(which: (a: SimNode, b: SimNode) => boolean): void {
    for (const wire of [...this.#wires.values()]) if (which(wire.a, wire.b)) this.#drop(wire)
  }

  #drop(wire: Wire): void {
    if (!wire.up) return
    wire.up = false
    this.#wires.delete(wire.id)
    this.step(wire.a, { type: 'disconnected', link: wire.id })
    this.step(wire.b, { type: 'disconnected', link: wire.id })
  }

  step(node: SimNode, event: Timeless<GossipEvent>): void {
    for (const effect of step(node.state, { ...event, now: this.now })) this.#perform(node, effect)
    if (node.ticking || !needsTick(node.state)) return
    node.ticking = true
    this.at(this.now + 100, () => {
      node.ticking = false
      this.step(node, { type: 'tick' })
    })
  }

  #perform(node: SimNode, effect: GossipEffect): void {
    if (effect.type === 'send') this.#send(node, effect.link, effect.bytes)
    else if (effect.type === 'close') this.#close(node, effect)
    else if ('stream' in effect) this.#work(node, effect)
    else this.#tell(node, effect)
  }

  /** What concerns losing heads: here nobody keeps any. */
  #tell(node: SimNode, effect: Extract<GossipEffect, { type: 'losing' | 'lack' | 'answered' | 'arrived' }>): void {
    if (effect.type === 'losing') this.step(node, { type: 'losing', link: effect.link, heads: [] })
    if (effect.type === 'lack') this.step(node, { type: 'lacking', link: effect.link, positions: [] })
  }

  #close(node: SimNode, effect: Extract<GossipEffect, { type: 'close' }>): void {
    const wire = this.#wires.get(effect.link)
    if (effect.code !== 'bye') this.quarrels.push(`node ${node.name} at ${this.now}: ${effect.code}`)
    if (wire) this.#drop(wire)
  }

  #send(node: SimNode, link: LinkId, bytes: Uint8Array): void {
    const wire = this.#wires.get(link)
    if (!wire) return
    this.bytes += bytes.length
    const left = Math.max(this.now, wire.freeAt.get(node) ?? 0) + bytes.length / wire.bytesPerMilli
    wire.freeAt.set(node, left)
    const other = wire.a === node ? wire.b : wire.a
    this.at(left, () => wire.up && this.step(node, { type: 'sent', link, bytes: bytes.length }))
    this.at(left + wire.delay, () => wire.up && this.step(other, { type: 'received', link, bytes }))
  }

  /** The store's answers come a little later; runs of one feed in order. */
  #work(node: SimNode, effect: Extract<GossipEffect, { stream: number }>): void {
    const soon = this.now + this.random() * 5
    const { link, stream, identity } = effect
    if (effect.type === 'ingest') {
      const { entries, announced, bytes } = effect
      const due = Math.max(soon, (node.storeFreeAt.get(identity) ?? 0) + 0.001)
      node.storeFreeAt.set(identity, due)
      this.at(due, () => {
        if (this.random() < 0.01) node.feeds.evict()
        const outcome = node.feeds.ingest(identity, entries, announced)
        this.step(node, { type: 'ingested', link, stream, identity, bytes, outcome })
      })
      return
    }
    // Looked up now, answered later: a changeover in between has to be noticed by the turn.
    const early = this.random() < 0.5
    const look = () => this.#look(node, effect)
    const found = early ? look() : undefined
    this.at(soon, () => this.step(node, found ?? look()))
  }

  #look(node: SimNode, effect: Extract<GossipEffect, { type: 'find' | 'read' | 'sample' }>): Timeless<GossipEvent> {
    const { link, stream, identity } = effect
    if (effect.type === 'sample') return { type: 'sampled', link, stream, points: node.feeds.sample(identity) }
    const { turn } = effect
    if (effect.type === 'read')
      return { type: 'run', link, stream, turn, entries: node.feeds.read(identity, effect.after) }
    const at = effect.positions.find((position) => node.feeds.has(identity, position))
    return { type: 'found', link, stream, turn, at }
  }
}
