/**
 * A feed from one node to another while a third party does its worst to the one that draws, while it does not, and while
 * one that does nobody harm is as busy on the same machine:
 * `node --import tsx bench/hostile.ts [--quick] [--rounds N]`.
 */
import { join } from 'node:path'
import { type RunningNode, withNodes } from './gossip/nodes.ts'
import { Actor } from './kit/actor.ts'
import { runAlone } from './kit/alone.ts'
import { Figures, type Section } from './kit/figures.ts'
import { inFolder } from './kit/folders.ts'
import type { Options } from './kit/options.ts'
import { runPart } from './kit/part.ts'
import { anonymousOf, hasProc } from './kit/proc.ts'

const PARTS = new URL('./gossip/parts.ts', import.meta.url)
const HOSTILE = new URL('./gossip/hostile.ts', import.meta.url)
const ALONE = 'left in peace'
const BESIDE = 'beside somebody hostile'
const BUSY = 'beside somebody as busy who is not connected'
const IDLE_MILLIS = 2_000

interface Drawing {
  readonly figures: Figures
  readonly folder: string
  readonly set: string
  readonly count: number
}
/** What goes on meanwhile; gives what to look at when the feed is there. */
type Meanwhile = (node: RunningNode) => Promise<() => Promise<void>>
interface Spent {
  readonly cpu: number
}

export async function measureHostile({ quick, rounds }: Options): Promise<Section> {
  const count = quick ? 5_000 : 100_000
  const figures = new Figures()
  await inFolder(async (folder) => {
    const set = join(folder, 'set')
    await runPart(PARTS, 'write', set, 1, count)
    await withNodes(folder, ['source'], ({ actor }) => actor.ask('ingest', set))
    for (let round = 0; round < rounds; round++) await hostileRound({ figures, folder, set, count })
  })
  figures.ratio('what is left of it', BESIDE, BUSY)
  figures.ratio('the same, with what the hostile one itself takes of this machine', BESIDE, ALONE)
  figures.note(
    'hostile: 10,000 wants of feeds and of blobs, and 200 sockets that shake no hands, every second; nothing read',
  )
  figures.note('as busy: a process that takes as much of the same processor as the hostile one did, and does nothing')
  return figures.section('A hostile peer')
}

async function hostileRound(drawing: Drawing): Promise<void> {
  const { figures } = drawing
  let cores = 0
  await draw(drawing, ALONE, () => Promise.resolve(() => Promise.resolve()))
  await withHostile((hostile) =>
    draw(drawing, BESIDE, async ({ actor, address }) => {
      await hostile.ask('attack', address)
      return async () => {
        cores = await hostile.ask<number>('busy')
        figures.add('the hostile one itself', cores, 'cores')
        const before = await actor.ask<Spent>('spent')
        const began = performance.now()
        await new Promise((resolve) => setTimeout(resolve, IDLE_MILLIS))
        const after = await actor.ask<Spent>('spent')
        const seconds = (performance.now() - began) / 1_000
        figures.add('what it costs the node', (after.cpu - before.cpu) / seconds, 'cores')
      }
    }),
  )
  await withHostile((busy) =>
    draw(drawing, BUSY, async () => {
      await busy.ask('burn', cores)
      return () => Promise.resolve()
    }),
  )
}

async function withHostile(work: (hostile: Actor) => Promise<void>): Promise<void> {
  const hostile = new Actor(HOSTILE)
  try {
    await work(hostile)
  } finally {
    await hostile.end()
  }
}

function draw({ figures, folder, set, count }: Drawing, what: string, meanwhile: Meanwhile): Promise<void> {
  return inFolder((own) =>
    withNodes(folder, ['source'], (source) =>
      withNodes(own, ['drawing'], async (node) => {
        const look = await meanwhile(node)
        const { ms, cpu } = await node.actor.ask<{ ms: number; cpu: number }>('draw', source.address, set)
        figures.add(what, (count / ms) * 1_000, 'entries/s')
        figures.add(`${what}: processor of the node`, (cpu / count) * 1e6, 'us/entry')
        if (hasProc()) figures.add(`${what}: memory after it, anonymous`, anonymousOf(node.actor.pid), 'MiB')
        await look()
      }),
    ),
  )
}

await runAlone(import.meta.url, measureHostile)
