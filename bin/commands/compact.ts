import type { Command } from 'commander'
import { compacting, sizesOf, type CompactDone, type StoreSizes } from '../../plugins/bundles/index.ts'
import { act, addCommand } from '../cli/context.ts'
import { onDisk, sizesTable, type DiskSizes } from '../cli/sizes.ts'
import { many } from '../cli/words.ts'
import { bare, work } from '../cli/work.ts'

export function addCompact(program: Command): void {
  const command = addCommand(program, {
    usage: 'compact',
    summary: 'make the database smaller and quicker to read; a node that runs here goes on meanwhile',
    examples: ['compact', 'compact --sizes', 'compact --json'],
  }).option('--sizes', 'only say what takes how much room')
  act(command, async (context, _args, { sizes }) => {
    if (sizes === true) {
      const told = work<Told>(context, {
        online: (node) => once(node.sizes()),
        offline: (place) => once(sizesOf(place)),
      })
      for await (const item of told) {
        const all = await onDisk(context.home, bare(item))
        context.print(all, () => [counts(all), sizesTable(all)].join('\n'))
      }
      return
    }
    const { log } = await onDisk(context.home, { feeds: 0, entries: 0, losing: 0 })
    const done = work<CompactDone>(context, {
      online: (node, signal) => node.compact(undefined, { signal }),
      offline: (place, signal) => compacting(place, signal),
    })
    for await (const item of done) {
      const before = { ...item.before, log }
      const after = await onDisk(context.home, item.after)
      context.print({ ...bare(item), before, after }, () => words({ ...item, before, after }))
    }
  })
}

type Told = { readonly kind: 'sizes' } & StoreSizes

async function* once(sizes: Promise<StoreSizes>): AsyncGenerator<Told> {
  yield { kind: 'sizes', ...(await sizes) }
}

const counts = ({ feeds, entries, losing }: StoreSizes): string =>
  `${many(feeds, 'feed')}, ${many(entries, 'entry')}, ${losing} ${losing === 1 ? 'branch' : 'branches'} that lost`

interface Done extends Pick<CompactDone, 'chunks'> {
  readonly before: DiskSizes
  readonly after: DiskSizes
}
const words = ({ before, after, chunks }: Done): string =>
  [counts(after), sizesTable(after, before), `${chunks.before} pieces of feeds are ${chunks.after} now`].join('\n')
