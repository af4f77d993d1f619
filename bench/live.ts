/**
 * An entry published on one node until it is stored on a third, through a second, while the second and the third take in a
 * long feed: `node --import tsx bench/live.ts [--quick] [--rounds N]`. Three processes, whole nodes, secret-handshake.
 */
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { type RunningNode, withNodes } from './gossip/nodes.ts'
import { runAlone } from './kit/alone.ts'
import { Figures, quantile, type Section } from './kit/figures.ts'
import { inFolder } from './kit/folders.ts'
import type { Options } from './kit/options.ts'
import { runPart } from './kit/part.ts'

const PARTS = new URL('./gossip/parts.ts', import.meta.url)
const EVERY_MILLIS = 10
/** The first notes come with the connections and are not counted; then so long with nothing else to do. */
const WARM_MILLIS = 1_000
const IDLE_MILLIS = 2_000

interface Heard {
  /** Microseconds of a clock that all share. */
  readonly sent: number
  readonly took: number
}

export async function measureLive({ quick, rounds }: Options): Promise<Section> {
  const count = quick ? 5_000 : 100_000
  const figures = new Figures()
  await inFolder(async (folder) => {
    const set = join(folder, 'set')
    await runPart(PARTS, 'write', set, 1, count)
    await withNodes(folder, ['a'], ({ actor }) => actor.ask('ingest', set))
    for (let round = 0; round < rounds; round++)
      await inFolder((own) =>
        withNodes(folder, ['a'], (a) => withNodes(own, ['b', 'c'], (b, c) => liveRound(figures, [a, b, c], set))),
      )
  })
  figures.note(`a note every ${EVERY_MILLIS} ms; the feed that is taken in meanwhile has ${count} entries`)
  return figures.section('From one node to a third, through a second')
}

async function liveRound(
  figures: Figures,
  [a, b, c]: readonly [RunningNode, RunningNode, RunningNode],
  set: string,
): Promise<void> {
  for (const { actor } of [b, c]) await actor.ask('trackPlayers', [a.id])
  await b.actor.ask('dial', a.address)
  await c.actor.ask('dial', b.address)
  await c.actor.ask('listen', a.id)
  // A's notes of earlier rounds come first.
  await untilStored(c, a, await a.actor.ask<number>('count', a.id))
  await a.actor.ask('speak', EVERY_MILLIS)
  await wait(WARM_MILLIS)
  const began = Number(process.hrtime.bigint() / 1_000n)
  await wait(IDLE_MILLIS)
  for (const { actor } of [b, c]) {
    await actor.ask('expect', set)
    await actor.ask('track', set)
  }
  const [from] = await b.actor.ask<[number, number]>('backlog')
  const [, to] = await c.actor.ask<[number, number]>('backlog')
  await a.actor.ask('hush')
  const spoken = await a.actor.ask<number>('count', a.id)
  await untilStored(c, a, spoken)
  const heard = await c.actor.ask<Heard[]>('heard')
  const during = heard.filter(({ sent }) => sent >= from && sent <= to).map(({ took }) => took / 1_000)
  const before = heard.filter(({ sent }) => sent >= began && sent < from).map(({ took }) => took / 1_000)
  if (heard.length !== spoken) figures.note(`${spoken - heard.length} of ${spoken} notes were not seen as they came`)
  figures.add('while they catch up, median', quantile(during, 0.5), 'ms')
  figures.add('while they catch up, 99th percentile', quantile(during, 0.99), 'ms')
  figures.add('while they catch up, longest', Math.max(...during), 'ms')
  figures.add('while idle, median', quantile(before, 0.5), 'ms')
  figures.add('while idle, 99th percentile', quantile(before, 0.99), 'ms')
  figures.add('notes measured while they catch up', during.length, 'notes')
  figures.add('catching up takes', (to - from) / 1_000, 'ms')
}

async function untilStored(on: RunningNode, author: RunningNode, count: number): Promise<void> {
  const deadline = performance.now() + 60_000
  while ((await on.actor.ask<number>('count', author.id)) < count) {
    if (performance.now() > deadline) throw new Error('notes never came')
    await wait(20)
  }
}

await runAlone(import.meta.url, measureLive)
