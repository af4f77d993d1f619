import { resolve } from 'node:path'
import type { Command } from 'commander'
import { exporting, type ExportDone } from '../../plugins/bundles/index.ts'
import { act, addCommand } from '../cli/context.ts'
import { bytes, plain } from '../cli/words.ts'
import { bare, many, work } from '../cli/work.ts'

export function addExport(program: Command): void {
  const command = addCommand(program, {
    usage: 'export <jam-or-player> <file>',
    summary: 'write a jam, or the feed of a player, to one file with all it needs',
    examples: ['export friday friday.jam', 'export ada:friday /media/usb/friday.jam', 'export ada ada.jam --force'],
  }).option('--force', 'write over a file that is there')
  act(command, async (context, [what = '', path = ''], { force }) => {
    const args = { what, file: resolve(path), replace: force === true }
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
