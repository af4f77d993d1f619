import { resolve } from 'node:path'
import type { Command } from 'commander'
import { MarmaladeError } from '../../lib/base/index.ts'
import { exporting, type ExportDone } from '../../plugins/bundles/index.ts'
import { act, addCommand } from '../cli/context.ts'
import { bytes, many, plain } from '../cli/words.ts'
import { bare, work } from '../cli/work.ts'

export function addExport(program: Command): void {
  const command = addCommand(program, {
    usage: 'export <jam-or-player> [file]',
    summary: 'write a jam, the feed of a player, or with --all everything, to one file with all it needs',
    examples: [
      'export friday friday.jam',
      'export ada:friday /media/usb/friday.jam',
      'export ada ada.jam --force',
      'export --all backup.jam',
    ],
  })
    .option('--force', 'write over a file that is there')
    .option('--all', 'every feed and every blob that is here: then give the file alone')
  act(command, async (context, given, { force, all }) => {
    const args = { ...chosen(given, all === true ? 'all' : 'one'), replace: force === true }
    const items = work<ExportDone>(context, {
      online: (node, signal) => node.export(args, { signal }),
      offline: (place, signal) => exporting(place, args, signal),
    })
    for await (const item of items) {
      const done = bare(item)
      context.print(done, () => words(done))
    }
  })
}

/** What is to be exported, and where to. @throws USAGE */
function chosen([first = '', second]: readonly string[], which: 'one' | 'all'): { what?: string; file: string } {
  if (which === 'all' && second === undefined) return { file: resolve(first) }
  if (which === 'one' && second !== undefined) return { what: first, file: resolve(second) }
  const message =
    which === 'all'
      ? 'with --all give the file alone: `export --all backup.jam`'
      : 'name the file too: `export friday friday.jam`'
  throw new MarmaladeError('USAGE', message)
}

function words(done: Omit<ExportDone, 'kind'>): string {
  const { file, shown, feeds, entries, blobs, others, unverified, absent, lacking, score } = done
  const lines = [
    `${file}: ${plain(shown)}, ${many(feeds, 'feed')} with ${many(entries, 'entry')}, ${many(blobs, 'blob')}, ${bytes(done.bytes)}`,
  ]
  if (others > 0) lines.push(`not of this jam, along because a feed goes whole: ${many(others, 'entry')}`)
  if (unverified > 0) lines.push(`along but not counted, since their own signatures fail: ${many(unverified, 'entry')}`)
  if (absent.length > 0) lines.push(`nothing is here of ${absent.join(', ')}`)
  if (lacking.length > 0) lines.push(`not here, so not in it: ${lacking.join(', ')}`)
  if (score !== undefined) lines.push(`score ${score}`)
  return lines.join('\n')
}
