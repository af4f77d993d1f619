import type { Micros, PlayerId } from '../../lib/base/index.ts'
import type { Entry, HeadPosition } from '../../lib/entry/index.ts'
import { READ_LIMIT } from '../../lib/gossip/ahead.ts'
import type { GossipEvent } from '../../lib/gossip/index.ts'
import type { Question, Timeless } from '../../lib/gossip/looks.ts'
import { MAX_LOST, MAX_POINTS, RUN_ENTRY_BYTES } from '../../lib/gossip/wire.ts'
import { chainTo, positionOf } from './feed.ts'
import { losingHeads } from './healing.ts'
import type { SimStore } from './store.ts'

type QuestionOf<T extends Question['type']> = Extract<Question, { type: T }>

/** The newest positions that are all named after `fork`; further back the distances double. */
const NEAR = 8

/** What lib/gossip/looks.ts answers from a store on disk, from one in memory. */
export function look(store: SimStore, question: Question): Timeless<GossipEvent> {
  const { link } = question
  switch (question.type) {
    case 'find':
      return { type: 'found', link, stream: question.stream, turn: question.turn, at: find(store, question) }
    case 'read':
      return { type: 'run', link, stream: question.stream, turn: question.turn, entries: readRun(store, question) }
    case 'sample':
      return { type: 'sampled', link, stream: question.stream, points: sample(store, question.identity) }
    case 'losing':
      return { type: 'losing', link, heads: losingHeads(store.state(question.identity)).slice(0, MAX_LOST) }
    case 'lack':
      return { type: 'lacking', link, positions: question.positions.filter((position) => !store.keeps(position)) }
  }
}

function find(store: SimStore, { identity, positions, goal }: QuestionOf<'find'>): HeadPosition | undefined {
  const keys = goal && new Set(chainTo(store.state(identity), goal).map((entry) => entry.key))
  const at = positions.find((position) => (keys ? keys.has(position.key) : store.has(identity, position)))
  return at && positionOf(at)
}

function readRun(store: SimStore, { identity, after, maxBytes, goal }: QuestionOf<'read'>): Entry[] {
  const from = after?.comparable ?? 0
  const entries = goal
    ? chainTo(store.state(identity), goal).filter((entry) => entry.comparable > from)
    : store.read(identity, from, READ_LIMIT)
  const run: Entry[] = []
  let parent = after?.key ?? null
  let bytes = 0
  for (const entry of entries) {
    bytes += RUN_ENTRY_BYTES + entry.bytes.length
    if (entry.parent !== parent || bytes > maxBytes) break
    run.push(entry)
    parent = entry.key
  }
  return run
}

/** As `samplePositions` does, over an array. */
function sample(store: SimStore, identity: PlayerId): HeadPosition[] {
  const chain = store.read(identity).reverse()
  const points: HeadPosition[] = chain.slice(0, NEAR)
  const oldest = chain.at(-1)
  let last = points.at(-1)
  if (!last || !oldest || points.length < NEAR) return points.map(positionOf)
  let gap = Math.max(1, points[0]!.comparable - last.comparable)
  while (points.length < MAX_POINTS - 1) {
    const until: Micros = last.comparable - gap
    const next = chain.find((entry) => entry.comparable <= until)
    if (!next) break
    points.push(next)
    last = next
    gap *= 2
  }
  if (oldest.key !== last.key) points.push(oldest)
  return points.map(positionOf)
}
