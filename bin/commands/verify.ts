import { resolve } from 'node:path'
import type { Command } from 'commander'
import { MarmaladeError } from '../../lib/base/index.ts'
import { readTake } from '../../lib/engine/index.ts'
import { shortIdOf } from '../../lib/keys/index.ts'
import { verifying, type FaultRow, type VerifyDone } from '../../plugins/bundles/index.ts'
import { act, addCommand, textOption, type Context } from '../cli/context.ts'
import { checkCredits, type Again, type CreditsChecked } from '../cli/credits-check.ts'
import { readCredits } from '../cli/credits.ts'
import { openJamSource } from '../cli/jam-source.ts'
import { onDisk, sizesTable, type DiskSizes } from '../cli/sizes.ts'
import { many, plain } from '../cli/words.ts'
import { bare, work } from '../cli/work.ts'

export function addVerify(program: Command): void {
  const command = addCommand(program, {
    usage: 'verify [jam]',
    summary: 'check the signature and the place of every entry that is here, or the credits of a replay',
    examples: [
      'verify',
      'verify --all',
      'verify --all --json',
      'verify --credits friday.json',
      'verify friday.jam --credits friday.json',
    ],
  })
    .option('--all', 'also hash every blob anew')
    .option('--credits <file>', 'check what `replay --credits` wrote against entries and archives, and render it again')
    .option('--no-render', 'with --credits: leave out the render, and so frames and samples')
    .option('--take <file>', 'with --credits of a take: the take')
  act(command, async (context, [jam], { all, credits, render, take }) => {
    const files = { credits: textOption(credits), take: textOption(take) }
    if (files.credits !== undefined) {
      if (all === true) throw new MarmaladeError('USAGE', '--all goes without --credits')
      const again = render === false ? 'not rendered' : 'rendered'
      await verifyCredits(context, { jam, file: files.credits, take: files.take, again })
      return
    }
    if (jam !== undefined || files.take !== undefined || render === false)
      throw new MarmaladeError('USAGE', 'a jam, --take and --no-render go with --credits FILE')
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

interface Asked {
  readonly jam: string | undefined
  readonly file: string
  readonly take: string | undefined
  readonly again: Again
}

async function verifyCredits(context: Context, { jam, file, take, again }: Asked): Promise<void> {
  const credits = await readCredits(resolve(file))
  const taken = take === undefined ? undefined : await readTake(resolve(take))
  const source = await openJamSource(context, jam ?? credits.jam)
  try {
    const checked = await checkCredits(credits, { source, take: taken, again })
    const players = new Set(credits.sounds.map(({ player }) => player.identity)).size
    const sounds = credits.sounds.length
    const result = { jam: credits.jam, sounds, players, ...checked }
    if (checked.faults.length > 0) process.exitCode = 1
    context.print(result, () => creditWords(result).map(plain).join('\n'))
  } finally {
    await source.close()
  }
}

function creditWords({
  sounds,
  players,
  faults,
  rendered,
  notes,
}: CreditsChecked & Record<'sounds' | 'players', number>): string[] {
  const of = `credits of ${many(sounds, 'sound')} by ${many(players, 'player')}`
  const true_ = rendered
    ? 'true, and rendered again every sample is the same'
    : 'true as far as entries and archives tell'
  return [
    ...faults.map(({ path, code, message }) => `${path}: ${message} (${code})`),
    `${of}: ${faults.length === 0 ? true_ : many(faults.length, 'fault')}`,
    ...notes,
  ]
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
