/**
 * A node that draws 1,000,000 entries, that opens with them, and that does nothing with them: what it holds and spends.
 * `node --import tsx bench/memory.ts [--quick] [--rounds N]`. Linux alone says what a process holds.
 */
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { withNodes } from './gossip/nodes.ts'
import { runAlone } from './kit/alone.ts'
import { Figures, type Section } from './kit/figures.ts'
import { inFolder } from './kit/folders.ts'
import type { Options } from './kit/options.ts'
import { runPart } from './kit/part.ts'
import { anonymousOf, hasProc, mostAnonymous, processorOf } from './kit/proc.ts'

const PARTS = new URL('./gossip/parts.ts', import.meta.url)
const STORE = new URL('./gossip/store.ts', import.meta.url)
/** Every feed that is drawn has so many entries. */
const EACH = 100_000

export async function measureMemory({ quick, rounds }: Options): Promise<Section> {
  const count = quick ? 10_000 : 1_000_000
  const idle = quick ? 3_000 : 60_000
  const figures = new Figures()
  if (!hasProc()) {
    figures.note('left out: this system does not say what a process holds as Linux does')
    return figures.section('A large store')
  }
  await inFolder(async (folder) => {
    const set = join(folder, 'set')
    await runPart(PARTS, 'write', set, Math.ceil(count / EACH), Math.min(count, EACH))
    await withNodes(folder, ['source'], (source) => source.actor.ask('ingest', set))
    await withNodes(folder, ['source'], (source) =>
      withNodes(folder, ['drawing'], async ({ actor }) => {
        figures.add('memory before, anonymous', anonymousOf(actor.pid), 'MiB')
        const { result, most } = await mostAnonymous(actor.pid, actor.ask<{ ms: number }>('draw', source.address, set))
        figures.add('memory at most while drawing, anonymous', most, 'MiB')
        figures.add('drawn', (count / result.ms) * 1_000, 'entries/s')
      }),
    )
    for (let round = 0; round < rounds; round++) {
      const opened = await runPart<{ ms: number }>(STORE, 'open', join(folder, 'drawing'))
      figures.add('opening the store', opened.ms, 'ms')
    }
    await withNodes(folder, ['drawing'], async ({ actor, ms }) => {
      figures.add('opening the node', ms, 'ms')
      await wait(2_000)
      figures.add('memory of an idle node, anonymous', anonymousOf(actor.pid), 'MiB')
      const before = processorOf(actor.pid)
      await wait(idle)
      figures.add('processor of an idle node', ((processorOf(actor.pid) - before) / idle) * 1_000 * 100, '%')
    })
  })
  figures.note(`${count} entries; memory and idleness are measured once, idleness for ${idle / 1_000} s`)
  return figures.section('A large store')
}

await runAlone(import.meta.url, measureMemory)
