import type { Millis, PlayerId } from '../../lib/base/index.ts'
import { compareHeads } from '../../lib/entry/index.ts'
import type { HeadPosition } from '../../lib/entry/index.ts'
import { standsFor } from '../../lib/feed/index.ts'
import type { History, HistoryInit } from './history.ts'
import { WRITING, planHistory } from './history.ts'
import type { SimNode } from './node.ts'

/** Virtual time that all may take, from the last disturbance on, until every node has the same heads. */
export const LONGEST: Millis = 120_000
const LOOK_EVERY: Millis = 500
/** How long no frame may be under way before all counts as quiet. */
const QUIET: Millis = 3_000

/** What a history came to. */
export interface Verdict {
  readonly seed: number
  /** What is wrong, in words; nothing where all is well. */
  readonly problems: readonly string[]
  /** Virtual time from the last disturbance until the last head changed anywhere. */
  readonly settled: Millis
  /** Entries that nodes were sent, and entries that they took in, each counted at each node. */
  readonly received: number
  readonly stored: number
  readonly bytes: number
  readonly frames: number
  /** Connections that ended, and events that the simulation was made of. */
  readonly cuts: number
  readonly events: number
}

/** Lives through a history and judges what came of it. */
export function judgeHistory(init: HistoryInit): Verdict {
  const history = planHistory(init)
  const { world } = history
  world.timeline.runUntil(WRITING)
  const settledAt = settle(history)
  const problems = [...differences(history), ...lostEntries(history), ...leftovers(history), ...world.quarrels]
  if (settledAt === undefined)
    problems.unshift(`heads still differ or change ${LONGEST / 1_000} s after the last write`)
  const sum = (of: (node: SimNode) => number): number => world.nodes.reduce((total, node) => total + of(node), 0)
  return {
    seed: init.seed,
    problems,
    settled: Math.max(0, world.lastChange - WRITING),
    received: sum((node) => node.store.received),
    stored: sum((node) => node.store.fresh),
    bytes: world.traffic.bytes,
    frames: world.traffic.frames,
    cuts: world.cuts,
    events: world.timeline.count,
  }
}

/** Runs until all heads are the same and nothing changes; undefined where the time is up first. */
function settle(history: History): Millis | undefined {
  const { world } = history
  while (world.now < WRITING + LONGEST) {
    const busy = world.timeline.runUntil(world.now + LOOK_EVERY)
    // Where somebody is hostile there is always something under way.
    const last = world.hostile.size > 0 ? world.lastChange : world.traffic.lastAt
    const quiet = !busy || world.now - Math.max(last, WRITING) >= QUIET
    if (quiet && differences(history).length === 0 && !world.nodes.some((node) => node.own.healing)) return world.now
    if (!busy) return undefined
  }
  return undefined
}

/** Nodes whose head of a feed is not the highest that any node has. */
export function differences({ world, authors }: History): string[] {
  const wrong: string[] = []
  for (const { identity } of authors) {
    const best = highest(world.nodes, identity.id)
    for (const node of world.nodes) {
      const head = node.store.head(identity.id)
      if (head?.key !== best?.key)
        wrong.push(
          `node ${node.name} has ${head?.comparable ?? 'nothing'} of ${identity.id}, not ${best?.comparable ?? 'nothing'}`,
        )
    }
  }
  return wrong
}

function highest(nodes: readonly SimNode[], identity: PlayerId): HeadPosition | undefined {
  let best: HeadPosition | undefined
  for (const node of nodes) {
    const head = node.store.head(identity)
    if (head && (!best || compareHeads(head, best) > 0)) best = head
  }
  return best
}

/**
 * Originals that were acknowledged to their author, that some node holds, if only in a branch that lost, and that are
 * in no feed. What no node holds any more was written on a disk that has been put back to a backup before anyone asked.
 */
function lostEntries({ world, authors, written, restored }: History): string[] {
  const found = new Set<string>()
  for (const { identity } of authors)
    for (const entry of world.nodes[0]?.store.read(identity.id) ?? []) found.add(standsFor(entry).key)
  const missing = [...written].filter(([key]) => !found.has(key))
  if (missing.length === 0) return []
  const held = new Set<string>()
  for (const node of world.nodes)
    for (const { rows } of node.store.states())
      for (const entries of rows.values()) for (const entry of entries) held.add(standsFor(entry).key)
  return missing
    .filter(([key, author]) => held.has(key) || !restored.has(author))
    .map(([key]) => `${key} was acknowledged to its author and is in no feed`)
}

/** What a core keeps of work that is done: nothing, where nobody is hostile. */
export function leftovers({ world }: History): string[] {
  if (world.hostile.size > 0) return []
  const wrong: string[] = []
  for (const { name, state } of world.nodes) {
    const say = (what: string, size: number): void => {
      if (size > 0) wrong.push(`node ${name} is idle and has ${size} ${what}`)
    }
    say('feeds that wait', state.waiting.size)
    for (const link of state.links.values()) {
      say('heads to tell', link.dirty.size)
      say('streams being stopped', link.stopping.size)
      say('streams to read', link.live.size + link.bulk.size)
      say('bytes unsent', link.unsent)
      say('reads under way', Number(link.reading))
      const ingesting = [...link.asks.values()].reduce((sum, ask) => sum + ask.ingesting, 0)
      say('runs in the store', ingesting)
    }
  }
  return wrong
}
