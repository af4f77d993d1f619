import test from 'tape'
import { compareHeads } from '../../lib/entry/index.ts'
import type { HeadPosition } from '../../lib/entry/index.ts'
import { Simulation, playerOf } from './simulator.ts'

const SEEDS = Number(process.env['GOSSIP_SEEDS'] ?? 200)
const FIRST = Number(process.env['GOSSIP_FIRST_SEED'] ?? 1)
const WRITING = 20_000
const LONGEST = 600_000
/** Nothing may rest on a penalty or a stalled source running out: that takes 5 s and more. */
const SETTLED = 1_000

/** Nodes 0 and 1 have one key: their feed forks. Links fail at random, one partition lasts from 5 to 12 s. */
function history(seed: number): Simulation {
  const sim = new Simulation(seed)
  const size = 5 + sim.pick(16)
  for (let at = 0; at < size; at++) sim.add(at, playerOf(Math.max(1, at)))
  for (const node of sim.nodes)
    for (let at = 1; at < size; at++) sim.step(node, { type: 'tracked', identity: playerOf(at), on: true })
  const peers = neighbours(sim)
  const heal = () => {
    for (const [a, b] of peers) if (!sim.connected(a, b)) sim.connect(a, b)
  }
  heal()
  for (let at = 0; at < 40 + sim.pick(160); at++) {
    const author = sim.nodes[sim.random() < 0.3 ? sim.pick(2) : sim.pick(size)]!
    const time = sim.random() * WRITING
    sim.at(time, () => author.feeds.append(author.identity, Math.floor(sim.now * 1000), `${seed}/${author.name}/${at}`))
  }
  for (let at = 0; at < 10; at++) {
    const lost = sim.pick(peers.length)
    const [a, b] = peers[lost]!
    sim.at(sim.random() * WRITING, () => sim.cut((x, y) => x === a && y === b))
    sim.at(sim.random() * WRITING, () => !sim.connected(a, b) && !parted(sim, a.name, b.name) && sim.connect(a, b))
  }
  sim.at(5_000, () => sim.cut((a, b) => a.name % 2 !== b.name % 2))
  sim.at(12_000, heal)
  sim.at(WRITING, heal)
  return sim
}

const parted = (sim: Simulation, a: number, b: number): boolean =>
  sim.now >= 5_000 && sim.now < 12_000 && a % 2 !== b % 2

/** A random connected graph: each node with one before it, and as many links again. */
function neighbours(sim: Simulation) {
  const pairs = sim.nodes.slice(1).map((node, at) => [sim.nodes[sim.pick(at + 1)]!, node] as const)
  for (let more = 0; more < sim.nodes.length; more++) {
    const a = sim.pick(sim.nodes.length)
    const b = sim.pick(sim.nodes.length)
    const known = pairs.some(([x, y]) => (x.name === a && y.name === b) || (x.name === b && y.name === a))
    if (a !== b && !known) pairs.push([sim.nodes[a]!, sim.nodes[b]!])
  }
  return pairs
}

/** What differs between nodes once nothing moves any more: nothing, if gossip is right. */
function differences(sim: Simulation): string[] {
  const wrong: string[] = []
  for (let at = 1; at < sim.nodes.length; at++) {
    const heads = sim.nodes.map((node) => node.feeds.head(playerOf(at)))
    const best = heads.reduce<HeadPosition | undefined>(
      (most, head) => (head && (!most || compareHeads(head, most) > 0) ? head : most),
      undefined,
    )
    for (const [node, head] of heads.entries())
      if (head?.key !== best?.key)
        wrong.push(`node ${node} has ${head?.comparable} of feed ${at}, not ${best?.comparable}`)
  }
  return wrong
}

test(`gossip: ${SEEDS} random histories with losses, a partition and a fork end with the same heads everywhere`, (t) => {
  const settling: number[] = []
  let received = 0
  let stored = 0
  for (let seed = FIRST; seed < FIRST + SEEDS; seed++) {
    const sim = history(seed)
    const settled = sim.run(LONGEST)
    const wrong = [...differences(sim), ...sim.quarrels]
    if (!settled || wrong.length > 0) {
      t.fail(`seed ${seed}: ${settled ? '' : 'did not settle; '}${wrong.slice(0, 3).join('; ')}`)
      break
    }
    settling.push(Math.max(0, sim.changedAt - WRITING))
    for (const node of sim.nodes) {
      received += node.feeds.taken
      for (let at = 1; at < sim.nodes.length; at++)
        if (playerOf(at) !== node.identity) stored += node.feeds.head(playerOf(at))?.count ?? 0
    }
  }
  t.ok(stored > SEEDS * 100, `${stored} entries stored`)
  settling.sort((a, b) => a - b)
  const [median = 0, slow = 0, last = 0] = [0.5, 0.95, 1].map((part) => settling[Math.ceil(part * settling.length) - 1])
  t.comment(`simulated ms from the last write or cut until no head moves: median ${median}, 95 % ${slow}, most ${last}`)
  t.ok(last < SETTLED, 'none waited for a penalty or a stalled source to run out')
  t.ok(received / stored < 1.6, `${(received / stored).toFixed(3)} entries received for each stored, with all losses`)
  t.end()
})
