/**
 * One node draws a feed from another over secret-handshake, both whole and in processes of their own, beside ssb-db2
 * with ssb-ebt and beside hypercore: `node --import tsx bench/replicate.ts [--quick] [--rounds N]`.
 */
import { join } from 'node:path'
import { arePeersInstalled } from './data/peers.ts'
import { withNodes } from './gossip/nodes.ts'
import { Actor } from './kit/actor.ts'
import { runAlone } from './kit/alone.ts'
import { Figures, type Section } from './kit/figures.ts'
import { inFolder } from './kit/folders.ts'
import type { Options } from './kit/options.ts'
import { runPart } from './kit/part.ts'

const PARTS = new URL('./gossip/parts.ts', import.meta.url)
const SSB_DATA = new URL('./data/ssb.ts', import.meta.url)
const SSB = new URL('./gossip/ssb.ts', import.meta.url)
const HYPERCORE = new URL('./gossip/hypercore.ts', import.meta.url)
const OURS = 'marmalade'
const EBT = 'ssb-ebt (until indexed)'
const CORE = 'hypercore blocks'

interface Drawn {
  readonly ms: number
  /** Processor seconds of who draws, and of who serves. */
  readonly cpu: number
  readonly serving: number
}
interface Sources {
  readonly folder: string
  readonly count: number
  /** The set of feeds, for ours and for hypercore. */
  readonly set: string
}

export async function measureReplicate({ quick, rounds }: Options): Promise<Section> {
  const count = quick ? 5_000 : 100_000
  const figures = new Figures()
  const peers = arePeersInstalled()
  if (!peers) figures.note('ssb-ebt and hypercore are left out: npm --prefix bench install brings them')
  await inFolder(async (folder) => {
    const sources: Sources = { folder, count, set: join(folder, 'set') }
    await runPart(PARTS, 'write', sources.set, 1, count)
    await withNodes(folder, ['source'], ({ actor }) => actor.ask('ingest', sources.set))
    if (peers) await fillPeers(sources)
    const add = (whose: string, { ms, cpu, serving }: Drawn): void => {
      figures.add(whose, (count / ms) * 1_000, 'entries/s')
      figures.add(`${whose}: processor, drawing`, (cpu / count) * 1e6, 'us/entry')
      figures.add(`${whose}: processor, serving`, (serving / count) * 1e6, 'us/entry')
    }
    for (let round = 0; round < rounds; round++) {
      add(OURS, await inFolder((own) => drawOurs(sources, own)))
      if (!peers) continue
      add(EBT, await inFolder((own) => drawEbt(sources, own)))
      add(CORE, await inFolder((own) => drawCore(sources, own)))
    }
  })
  figures.ratio("ours to ssb-ebt's", OURS, EBT)
  figures.ratio("ours to hypercore's", OURS, CORE)
  figures.note(`${count} entries of one feed, from dialling until the last is stored`)
  return figures.section('A feed from one node to another')
}

/** The peers' sources, once for all rounds. */
async function fillPeers({ folder, set, count }: Sources): Promise<void> {
  const messages = join(folder, 'messages')
  await runPart(SSB_DATA, 'write', messages, 1, count)
  await acting(SSB, async (ssb) => {
    await ssb.ask('open', join(folder, 'ssb'))
    await ssb.ask('fill', messages)
  })
  await acting(HYPERCORE, async (core) => {
    await core.ask('open', join(folder, 'core'))
    await core.ask('fill', join(set, 'entries'))
  })
}

const drawOurs = ({ folder, set }: Sources, own: string): Promise<Drawn> =>
  withNodes(folder, ['source'], (source) =>
    withNodes(own, ['drawing'], async ({ actor }) => {
      const before = await spentBy(source.actor)
      const drawn = await actor.ask<Omit<Drawn, 'serving'>>('draw', source.address, set)
      return { ...drawn, serving: (await spentBy(source.actor)) - before }
    }),
  )

const drawEbt = ({ folder, count }: Sources, own: string): Promise<Drawn> =>
  acting(SSB, (source) =>
    acting(SSB, async (drawing) => {
      const { address } = await source.ask<{ address: string }>('open', join(folder, 'ssb'))
      await source.ask('serve')
      await drawing.ask('open', join(own, 'ssb'))
      const before = await spentBy(source)
      const drawn = await drawing.ask<Omit<Drawn, 'serving'>>('draw', address, count)
      return { ...drawn, serving: (await spentBy(source)) - before }
    }),
  )

const drawCore = ({ folder }: Sources, own: string): Promise<Drawn> =>
  acting(HYPERCORE, (source) =>
    acting(HYPERCORE, async (drawing) => {
      await source.ask('open', join(folder, 'core'))
      const { port, key, length } = await source.ask<{ port: number; key: string; length: number }>('serve')
      await drawing.ask('open', join(own, 'core'), key)
      const before = await spentBy(source)
      const drawn = await drawing.ask<Omit<Drawn, 'serving'>>('draw', port, length)
      return { ...drawn, serving: (await spentBy(source)) - before }
    }),
  )

const spentBy = async (actor: Actor): Promise<number> => (await actor.ask<{ cpu: number }>('spent')).cpu

async function acting<T>(module: URL, work: (actor: Actor) => Promise<T>): Promise<T> {
  const actor = new Actor(module)
  try {
    return await work(actor)
  } finally {
    await actor.end()
  }
}

await runAlone(import.meta.url, measureReplicate)
