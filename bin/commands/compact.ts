import type { Command } from 'commander'
import { compacting, sizesOf, type CompactDone, type StoreSizes } from '../../plugins/bundles/index.ts'
import { act, addCommand } from '../cli/context.ts'
import { sizesTable } from '../cli/sizes.ts'
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
      for await (const item of told) context.print(bare(item), () => [counts(item), sizesTable(item)].join('\n'))
      return
    }
    const done = work<CompactDone>(context, {
      online: (node, signal) => node.compact(undefined, { signal }),
      offline: (place, signal) => compacting(place, signal),
    })
    for await (const item of done) context.print(bare(item), () => words(item))
  })
}

type Told = { readonly kind: 'sizes' } & StoreSizes

async function* once(sizes: Promise<StoreSizes>): AsyncGenerator<Told> {
  yield { kind: 'sizes', ...(await sizes) }
}

const counts = ({ feeds, entries, losing }: StoreSizes): string =>
  `${feeds} feeds, ${entries} entries, ${losing} branches that lost`

const words = ({ before, after, chunks }: CompactDone): string =>
  [counts(after), sizesTable(after, before), `${chunks.before} pieces of feeds are ${chunks.after} now`].join('\n')
