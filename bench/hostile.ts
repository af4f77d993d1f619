/**
 * A feed from one node to another while somebody hostile does one kind of harm to the one that draws, by turns with a
 * time in which the same process is as busy and harms nobody:
 * `node --import tsx bench/hostile.ts [--quick] [--rounds N] [--kind 'all of it']`.
 */
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { readFeeds } from './data/feeds.ts'
import { type RunningNode, withNodes } from './gossip/nodes.ts'
import { brokenAuthor, KINDS, type Target } from './hostile/kinds.ts'
import { Actor } from './kit/actor.ts'
import { runAlone } from './kit/alone.ts'
import { Figures, type Section } from './kit/figures.ts'
import { inFolder } from './kit/folders.ts'
import type { Options } from './kit/options.ts'
import { runPart } from './kit/part.ts'
import { anonymousOf, hasProc } from './kit/proc.ts'

const PARTS = new URL('./gossip/parts.ts', import.meta.url)
const HOSTILE = new URL('./hostile/actor.ts', import.meta.url)
/** How long it is hostile, and how long it is not. */
const TURN_MILLIS = 500
const NOBODY = 'nobody'
const BY_TURNS = ['hostile', 'calm'] as const

/** What the drawing node had done by a moment. */
interface Progress {
  /** Microseconds. */
  readonly at: number
  readonly entries: number
  /** Seconds of processor. */
  readonly cpu: number
}
/** What it did in turns of one sort. */
interface Sum {
  readonly micros: number
  readonly entries: number
  readonly cpu: number
}
/** A hostile turn and a calm one, one after the other. */
type Pair = Readonly<Record<(typeof BY_TURNS)[number], Sum>>
interface Turns {
  readonly pairs: Pair[]
  most: number
  cores: number
}
interface Place {
  readonly folder: string
  readonly set: string
}

export async function measureHostile({ quick, rounds, kinds: wanted }: Options): Promise<Section> {
  const count = quick ? 20_000 : 400_000
  const figures = new Figures()
  const all = [NOBODY, ...Object.keys(KINDS)]
  const kinds = wanted.length > 0 ? wanted : all
  if (!kinds.every((kind) => all.includes(kind))) throw new Error(`--kind takes one of: ${all.join(', ')}`)
  await inFolder(async (folder) => {
    const set = join(folder, 'set')
    await runPart(PARTS, 'write', set, 1, count)
    await withNodes(folder, ['source'], ({ actor }) => actor.ask('ingest', set))
    for (let round = 0; round < rounds; round++)
      for (const kind of kinds) show(figures, kind, await draw({ folder, set }, kind))
  })
  figures.note(
    'each kind a draw of its own; hostile and calm by turns of 0.5 s, both as busy on the same processors; medians of all pairs of turns',
  )
  return figures.section('A hostile peer')
}

function show(figures: Figures, kind: string, { pairs, most, cores }: Turns): void {
  for (const { hostile, calm } of pairs) {
    figures.add(`${kind}: left of others' throughput`, (100 * rate(hostile)) / rate(calm), '%')
    figures.add(`${kind}: the same by processor time of the node`, (100 * cost(calm)) / cost(hostile), '%')
    figures.add(`${kind}: what it has the node do`, spentOn(hostile, calm), 'ms/s')
  }
  figures.add(`${kind}: the hostile one itself`, cores, 'cores')
  if (hasProc()) figures.add(`${kind}: the node's memory at most, anonymous`, most, 'MiB')
}
const rate = ({ entries, micros }: Sum): number => entries / micros
const cost = ({ entries, cpu }: Sum): number => cpu / entries
/** Milliseconds of processor in each second of hostility, beyond what the entries of that second cost in calm ones. */
const spentOn = (hostile: Sum, calm: Sum): number => 1e9 * (cost(hostile) - cost(calm)) * rate(hostile)

function draw({ folder, set }: Place, kind: string): Promise<Turns> {
  return inFolder((own) =>
    withNodes(folder, ['source'], (source) =>
      withNodes(own, ['drawing'], async (node) => {
        const hostile = new Actor(HOSTILE)
        try {
          return await byTurns(kind, node, hostile, source.address, set)
        } finally {
          await hostile.end()
        }
      }),
    ),
  )
}

async function byTurns(
  kind: string,
  { actor, address }: RunningNode,
  hostile: Actor,
  source: string,
  set: string,
): Promise<Turns> {
  const [feed] = readFeeds(set)
  if (!feed) throw new Error('a set has a feed')
  const drawn = feed.identity
  const wanted = brokenAuthor().id
  const target: Target = { address, drawn, wanted }
  await actor.ask('trackPlayers', [wanted])
  const turns: Turns = { pairs: [], most: 0, cores: 0 }
  let going = true
  const isGoing = (): boolean => going
  const drawing = actor.ask('draw', source, set).finally(() => (going = false))
  // Nobody is measured while the two warm up.
  await Promise.race([wait(4 * TURN_MILLIS), drawing])
  while (isGoing()) {
    const pair: Record<(typeof BY_TURNS)[number], Sum> = { hostile: NOTHING, calm: NOTHING }
    // The other way round each time: what changes slowly is in both.
    for (const sort of turns.pairs.length % 2 === 0 ? BY_TURNS : BY_TURNS.toReversed()) {
      const before = await actor.ask<Progress>('progress', drawn)
      if (sort === 'hostile') await hostile.ask('attack', kind, target)
      else turns.cores = await hostile.ask<number>('calm')
      await Promise.race([wait(TURN_MILLIS), drawing])
      pair[sort] = between(before, await actor.ask<Progress>('progress', drawn))
      if (hasProc()) turns.most = Math.max(turns.most, anonymousOf(actor.pid))
    }
    if (isGoing() && pair.hostile.entries > 0 && pair.calm.entries > 0) turns.pairs.push(pair)
  }
  await drawing
  const { entries } = await actor.ask<Progress>('progress', drawn)
  if (entries !== feed.count) throw new Error(`${entries} of ${feed.count} entries came`)
  return turns
}

const NOTHING: Sum = { micros: 0, entries: 0, cpu: 0 }

const between = (before: Progress, after: Progress): Sum => ({
  micros: after.at - before.at,
  entries: after.entries - before.entries,
  cpu: after.cpu - before.cpu,
})

await runAlone(import.meta.url, measureHostile)
