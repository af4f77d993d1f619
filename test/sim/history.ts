import type { Micros, Millis } from '../../lib/base/index.ts'
import type { Payload } from '../../lib/entry/index.ts'
import { TAMPERS } from './hostile.ts'
import type { SimNode } from './node.ts'
import { identityOf } from './signing.ts'
import type { SimIdentity } from './signing.ts'
import type { LineQuality } from './wire.ts'
import { World } from './world.ts'

/** What happens in a history, besides that its authors write: how much of each. */
export interface HistoryInit {
  readonly seed: number
  readonly nodes: number
  /** How many identities write; each node has one key, the first ones' are written with. */
  readonly authors: number
  /** Entries written in all. */
  readonly entries: number
  /** Connections of a node on average. */
  readonly degree: number
  /** Share of sends of which a packet is lost. */
  readonly loss: number
  /** Of nodes: crash once, leave and come back, come later. */
  readonly crashes: number
  readonly churn: number
  readonly late: number
  /** Nodes whose clock is seconds or minutes off. */
  readonly skewed: number
  /** Authors whose key lies on a second node, and nodes that are put back to a backup. */
  readonly doubles: number
  readonly restores: number
  /** Hostile nodes beside the honest ones, as a share of these. */
  readonly hostile: number
  /** Whether the nodes are for a while two halves that cannot talk. */
  readonly parted: boolean
}

export const WRITING: Millis = 20_000
const PARTED: readonly [Millis, Millis] = [5_000, 12_000]

/** Kinds of histories, by what they are rough in. */
export const KINDS = {
  /** A mesh under loss, with a partition that heals, clocks that are off, crashes, departures and arrivals. */
  standard: {
    authors: 12,
    entries: 48,
    degree: 6,
    loss: 0.1,
    crashes: 0.03,
    churn: 0.05,
    late: 0.03,
    skewed: 0.2,
    doubles: 0,
    restores: 0,
    hostile: 0,
    parted: true,
  },
  /** The same with a fifth of the nodes crashing and another fifth leaving. */
  rough: {
    authors: 12,
    entries: 48,
    degree: 5,
    loss: 0.15,
    crashes: 0.2,
    churn: 0.2,
    late: 0.1,
    skewed: 0.3,
    doubles: 0,
    restores: 0,
    hostile: 0,
    parted: true,
  },
  /** Keys that lie on two nodes, and nodes put back to a backup: feeds fork. */
  forks: {
    authors: 6,
    entries: 60,
    degree: 5,
    loss: 0.1,
    crashes: 0.05,
    churn: 0.05,
    late: 0,
    skewed: 0.2,
    doubles: 3,
    restores: 0.1,
    hostile: 0,
    parted: true,
  },
  /** For every ten honest nodes one that forges, withholds, spoils, pushes, repeats, asks too much or never reads. */
  hostile: {
    authors: 8,
    entries: 40,
    degree: 5,
    loss: 0.05,
    crashes: 0.03,
    churn: 0.03,
    late: 0,
    skewed: 0.2,
    doubles: 0,
    restores: 0,
    hostile: 0.1,
    parted: true,
  },
  /** Everyone writes, nothing goes wrong: what a mesh of degree 6 costs. */
  calm: {
    authors: 100,
    entries: 300,
    degree: 6,
    loss: 0,
    crashes: 0,
    churn: 0,
    late: 0,
    skewed: 0,
    doubles: 0,
    restores: 0,
    hostile: 0,
    parted: false,
  },
} as const satisfies Record<string, Omit<HistoryInit, 'seed' | 'nodes'>>

export type Kind = keyof typeof KINDS

const QUALITY: Omit<LineQuality, 'loss'> = { delay: [1, 80], jitter: 10, rate: [20, 2_000], cutShare: 0.02 }

/** One history under way: its world and what has been written in it. */
export interface History {
  readonly init: HistoryInit
  readonly world: World
  /** Identities that write, and of each the nodes that have its key. */
  readonly authors: readonly { readonly identity: SimIdentity; readonly nodes: readonly SimNode[] }[]
  /** What was acknowledged to its author, by key, and which node wrote it. */
  readonly written: Map<string, SimNode>
  /** Nodes whose disk was put back to a backup. */
  readonly restored: Set<SimNode>
}

/** The share of those put back to a backup that write without waiting for a peer. */
const INSISTS = 0.3

export const noteOf = (text: string): Payload => ({ type: 'public_note', text })

/** Plans everything that happens up to `WRITING`; from then on nothing is written and all that is up stays so. */
export function planHistory(init: HistoryInit): History {
  const { seed, loss, nodes: size } = init
  const world = new World({ seed, quality: { ...QUALITY, loss } })
  const authors = Array.from({ length: init.authors }, (_, at) => ({
    identity: identityOf(`author ${at}`),
    nodes: [] as SimNode[],
  }))
  for (let at = 0; at < size; at++) {
    const second = at - authors.length
    const author = authors[at] ?? (second < init.doubles ? authors[second] : undefined)
    const node = world.add(author?.identity ?? identityOf(`listener ${at}`))
    author?.nodes.push(node)
  }
  for (const node of world.nodes) for (const { identity } of authors) node.track(identity.id, 'wanted')
  const history: History = { init, world, authors, written: new Map(), restored: new Set() }
  world.mesh(world.random.shuffled(world.nodes), init.degree)
  addHostile(history)
  planClocks(history)
  planWriting(history)
  if (init.parted) planPartition(history)
  planLives(history)
  return history
}

/** The connections of a hostile node. */
const REACH = 5

/** Honest nodes are connected without them. */
function addHostile({ world, authors, init }: History): void {
  const { random } = world
  const ways = [...Object.values(TAMPERS), undefined]
  const first = random.below(ways.length)
  for (let at = 0; at < Math.round(init.hostile * init.nodes); at++) {
    const tamper = ways[(first + at) % ways.length]
    const node = world.addHostile(identityOf(`hostile ${at}`), tamper ?? TAMPERS.repeats)
    // Where there is nothing to tamper with, it is one that never reads.
    node.reads = tamper !== undefined
    for (const { identity } of authors) node.track(identity.id, 'wanted')
    for (const honest of random.shuffled(world.nodes).slice(0, REACH)) world.link(node, honest)
  }
}

function someOf(history: History, share: number): SimNode[] {
  const { random, nodes } = history.world
  return random.shuffled(nodes).slice(0, Math.round(share * nodes.length))
}

/** Most clocks that are off are so by seconds, some by minutes. */
function planClocks(history: History): void {
  const { random } = history.world
  for (const node of someOf(history, history.init.skewed)) {
    const most: Micros = random.chance(0.2) ? 240e6 : 3e6
    node.skew = Math.floor((2 * random.next() - 1) * most)
  }
}

function planWriting(history: History): void {
  const { world, authors, init, written } = history
  for (let at = 0; at < init.entries; at++) {
    const node = world.random.of(world.random.of(authors).nodes)
    world.timeline.at(world.random.next() * WRITING, () => {
      const entry = node.up ? node.append(noteOf(`entry ${at} of seed ${init.seed}`)) : undefined
      if (entry) written.set(entry.key, node)
    })
  }
}

/** Halves that cannot talk for a while. */
function planPartition({ world }: History): void {
  const { random, timeline, nodes } = world
  const half = new Set(random.shuffled(nodes).slice(0, nodes.length / 2))
  const cutOff = new Set([...half].map((node) => node.name))
  timeline.at(PARTED[0], () => world.part((a, b) => cutOff.has(a.name) !== cutOff.has(b.name)))
  timeline.at(PARTED[1], () => world.heal())
}

/** Crashes, departures and arrivals; at the end everyone is there. */
function planLives(history: History): void {
  const { world, init } = history
  const { random, timeline } = world
  const back = (node: SimNode, at: Millis): void =>
    timeline.at(Math.min(at, WRITING), () => {
      if (node.up) return
      restart(world, node)
    })
  for (const node of someOf(history, init.crashes)) {
    const at = random.next() * WRITING
    timeline.at(at, () => node.up && node.crash())
    back(node, at + random.between(100, 5_000))
  }
  for (const node of someOf(history, init.churn)) {
    const at = random.next() * WRITING
    timeline.at(at, () => node.up && node.stop())
    back(node, at + random.between(100, 8_000))
  }
  for (const node of someOf(history, init.late)) {
    node.stop()
    back(node, random.next() * WRITING)
  }
  for (const node of someOf(history, init.restores)) planRestore(history, node)
}

/**
 * A copy of the home is put back later: what was written or heard in between is gone from it. Half of the copies are
 * made while the node runs; of those who put one back, some write at once.
 */
function planRestore({ world, restored }: History, node: SimNode): void {
  const { random, timeline } = world
  const at = random.next() * WRITING
  const until = random.between(at, WRITING)
  const running = random.chance(0.5)
  timeline.at(at, () => {
    const was = node.up
    if (was && !running) node.stop()
    const backup = node.backup()
    if (was && !running) restart(world, node)
    timeline.at(until, () => {
      if (node.up) node.crash()
      node.restore(backup)
      restored.add(node)
      node.own.silent = !random.chance(INSISTS)
      restart(world, node)
    })
  })
}

function restart(world: World, node: SimNode): void {
  node.start()
  world.reconnect()
}
