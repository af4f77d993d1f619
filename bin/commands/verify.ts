import type { Command } from 'commander'
import { shortIdOf } from '../../lib/keys/index.ts'
import { verifying, type FaultRow, type VerifyDone } from '../../plugins/bundles/index.ts'
import { act, addCommand } from '../cli/context.ts'
import { onDisk, sizesTable, type DiskSizes } from '../cli/sizes.ts'
import { plain } from '../cli/words.ts'
import { bare, many, work } from '../cli/work.ts'

export function addVerify(program: Command): void {
  const command = addCommand(program, {
    usage: 'verify',
    summary: 'check the signature and the place of every entry that is here',
    examples: ['verify', 'verify --all', 'verify --all --json'],
  }).option('--all', 'also hash every blob anew')
  act(command, async (context, _args, { all }) => {
    const args = { all: all === true }
    const items = work<FaultRow | VerifyDone>(context, {
      online: (node, signal) => node.verify(args, { signal }),
      offline: (place, signal) => verifying(place, args, signal),
    })
    const faults: Omit<FaultRow, 'kind'>[] = []
    for await (const item of items) {
      if (item.kind === 'fault') {
        faults.push(bare(item))
        continue
      }
      const done = { ...bare(item), sizes: await onDisk(context.home, item.sizes) }
      context.print({ ...done, faults }, () => [...faults.map(line), words(done, args.all)].join('\n'))
      if (done.bad > 0) process.exitCode = 1
    }
  })
}

/** Code, player or blob, key, and what is wrong. */
const line = ({ code, shown, player, key, blob, message }: Omit<FaultRow, 'kind'>): string =>
  [code, shown ?? player ?? blob, key, message]
    .filter((part) => part !== undefined)
    .map(plain)
    .join('  ')

type Done = Omit<VerifyDone, 'kind' | 'sizes'> & { readonly sizes: DiskSizes }

/** What the owner can do about a feed that is damaged. */
const remedy = ({ player, shown, own }: Done['damaged'][number]): string =>
  own
    ? 'your own feed is damaged: put a backup of the home in its place, or `key restore` in an empty home: what peers have of it comes back'
    : `the feed of ${plain(shown)} is damaged: \`feeds refetch ${shortIdOf(player)}\` draws it anew`

function words({ feeds, entries, blobs, bad, damaged, sizes }: Done, all: boolean): string {
  const checked = `${many(feeds, 'feed')} with ${many(entries, 'entry')}${all ? `, ${many(blobs, 'blob')}` : ''}`
  const found = bad === 0 ? 'all as they were signed' : many(bad, 'fault')
  return [`${checked}: ${found}`, ...damaged.map(remedy), ...(all ? [sizesTable(sizes)] : [])].join('\n')
}
