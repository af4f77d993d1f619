import type { Millis, PlayerId } from '../../lib/base/index.ts'
import type { HeadPosition } from '../../lib/entry/index.ts'
import type { GossipLimits } from '../../lib/gossip/index.ts'
import { GOSSIP_LIMITS } from '../../lib/gossip/index.ts'
import { SimNode } from './node.ts'
import type { OwnFeed } from './own.ts'
import type { Tamper } from './hostile.ts'
import { Random } from './random.ts'
import type { SimIdentity } from './signing.ts'
import { Timeline } from './timeline.ts'
import { Wire } from './wire.ts'
import type { End, LineQuality, Traffic } from './wire.ts'

/** Whoever can be at the end of a wire: an honest node, or a hostile one. */
export interface Station {
  readonly name: number
  readonly identity: SimIdentity
  readonly up: boolean
  /** Whether it ever looks at what it is sent. */
  readonly reads: boolean
  readonly own: Pick<OwnFeed, 'silent' | 'answered'>
  /** What it has of somebody's feed. */
  headOf(identity: PlayerId): HeadPosition | undefined
  connect(wire: Wire, side: 0 | 1, peer: PlayerId): void
  received(link: number, bytes: Uint8Array): void
  sent(link: number, bytes: number): void
  ended(link: number): void
}

export interface WorldInit {
  readonly seed: number
  readonly quality: LineQuality
  readonly limits?: Partial<GossipLimits>
  readonly storeDelay?: Millis
}

/** A pair of nodes that keep a connection, as long as both are up and nothing parts them. */
interface Edge {
  readonly a: Station
  readonly b: Station
  wire: Wire | undefined
  openedAt: Millis
  /** How often in a row it ended young. */
  tries: number
}

/** Hostile nodes are named from here on. */
const HOSTILE_NAMES = 1_000_000
/** A connection that ends within so long is opened again later each time, up to so many doublings. */
const YOUNG: Millis = 5_000
const MOST_TRIES = 5
/** How long after its end a connection is opened again. */
const RECONNECT: readonly [Millis, Millis] = [100, 2_000]
/** How long the answer to a call takes. */
const ANSWER: readonly [Millis, Millis] = [20, 400]

/** Many nodes in one process and in virtual time. A seed is a whole history: one source of chance decides what happens. */
export class World {
  readonly random: Random
  readonly timeline = new Timeline()
  readonly nodes: SimNode[] = []
  /** Links that a core closed by itself: among honest nodes there are none. */
  readonly quarrels: string[] = []
  readonly hostile = new Set<PlayerId>()
  /** When a head changed last at any node. */
  lastChange: Millis = 0
  readonly traffic: Traffic = { bytes: 0, frames: 0, lastAt: 0 }
  cuts = 0
  readonly #init: WorldInit
  readonly #edges: Edge[] = []
  #parted: (a: Station, b: Station) => boolean = () => false
  #wires = 0
  #epochs = 0

  constructor(init: WorldInit) {
    this.#init = init
    this.random = new Random(init.seed)
  }

  get now(): Millis {
    return this.timeline.now
  }

  /** An honest node with this key; several may have one. */
  add(identity: SimIdentity): SimNode {
    const node = this.#make(identity, this.nodes.length)
    this.nodes.push(node)
    return node
  }
  /** A hostile one: what becomes of it is not looked at. */
  addHostile(identity: SimIdentity, tamper: Tamper): SimNode {
    this.hostile.add(identity.id)
    return this.#make(identity, HOSTILE_NAMES + this.hostile.size, tamper)
  }

  #make(identity: SimIdentity, name: number, tamper?: Tamper): SimNode {
    const { limits, storeDelay = 5 } = this.#init
    const all = { ...GOSSIP_LIMITS, ...limits }
    const newEpoch = (): string => (++this.#epochs).toString(16).padStart(16, '0')
    const init = { name, identity, limits: all, storeDelay, mayServe: () => true, newEpoch, ...(tamper && { tamper }) }
    return new SimNode(init, this.timeline, this.random, {
      changed: () => {
        if (!tamper) this.lastChange = this.now
      },
      quarrel: (by, peer, code) => {
        if (!tamper && !this.hostile.has(peer))
          this.quarrels.push(`at ${Math.floor(this.now)} node ${by.name}: ${code}`)
      },
    })
  }

  /** From now on these two keep a connection. */
  link(a: Station, b: Station): void {
    const edge: Edge = { a, b, wire: undefined, openedAt: 0, tries: 0 }
    this.#edges.push(edge)
    this.#open(edge)
  }

  linked(a: Station, b: Station): boolean {
    return this.#edges.some((edge) => (edge.a === a && edge.b === b) || (edge.a === b && edge.b === a))
  }

  /** Each node with one before it, and at random until all have `degree` on average. */
  mesh(nodes: readonly Station[], degree: number): void {
    nodes.forEach((node, at) => at > 0 && this.link(nodes[this.random.below(at)]!, node))
    const wanted = Math.min((nodes.length * degree) / 2, (nodes.length * (nodes.length - 1)) / 2)
    while (this.#edges.length < wanted) {
      const a = this.random.of(nodes)
      const b = this.random.of(nodes)
      if (a !== b && !this.linked(a, b)) this.link(a, b)
    }
  }

  /** Cuts what these are parted by, until `heal`. */
  part(parted: (a: Station, b: Station) => boolean): void {
    this.#parted = parted
    for (const { a, b, wire } of this.#edges) if (parted(a, b)) wire?.cut()
  }
  heal(): void {
    this.#parted = () => false
    this.reconnect()
  }
  /** Tries all that is not connected, each in its own time. */
  reconnect(): void {
    for (const edge of this.#edges) if (!edge.wire) this.#openLater(edge)
  }
  /** Cuts some connection. */
  cutOne(): void {
    if (this.#edges.length === 0) return
    this.random.of(this.#edges).wire?.cut()
  }
  /** Cuts every connection at once. */
  cutAll(): void {
    for (const { wire } of this.#edges) wire?.cut()
  }

  #openLater(edge: Edge): void {
    this.timeline.after(this.random.between(...RECONNECT) * 2 ** edge.tries, () => this.#open(edge))
  }

  #open(edge: Edge): void {
    const { a, b } = edge
    if (edge.wire || !a.up || !b.up || this.#parted(a, b)) return
    const id = ++this.#wires
    const ends: [End, End] = [endOf(a, id), endOf(b, id)]
    const wire = new Wire(id, this.timeline, this.random, this.#init.quality, this.traffic, ends, () => {
      edge.wire = undefined
      this.cuts++
      edge.tries = this.now - edge.openedAt < YOUNG ? Math.min(MOST_TRIES, edge.tries + 1) : 0
      this.#openLater(edge)
    })
    edge.wire = wire
    edge.openedAt = this.now
    a.connect(wire, 0, b.identity.id)
    b.connect(wire, 1, a.identity.id)
    this.#askAboutOwn(a, b, wire)
    this.#askAboutOwn(b, a, wire)
  }

  /** Who was put back to a backup asks what the other has of its feed, as with the call `feeds.yours`. */
  #askAboutOwn(asker: Station, asked: Station, wire: Wire): void {
    if (!asker.own.silent) return
    this.timeline.after(this.random.between(...ANSWER), () => {
      if (wire.up && asker.up) asker.own.answered(asked.headOf(asker.identity.id))
    })
  }
}

const endOf = (station: Station, link: number): End => ({
  reads: station.reads,
  received: (bytes) => station.received(link, bytes),
  sent: (bytes) => station.sent(link, bytes),
  ended: () => station.ended(link),
})
