import { resolve } from 'node:path'
import type { Command } from 'commander'
import { importing, type ImportDone } from '../../plugins/bundles/index.ts'
import { act, addCommand } from '../cli/context.ts'
import { many, plain } from '../cli/words.ts'
import { bare, work } from '../cli/work.ts'

export function addImport(program: Command): void {
  const command = addCommand(program, {
    usage: 'import <file>',
    summary: 'take in a file that `export` wrote: all of it is checked first',
    examples: ['import friday.jam', 'import /media/usb/friday.jam --json'],
  })
  act(command, async (context, [path = '']) => {
    const args = { file: resolve(path) }
    const items = work<ImportDone>(context, {
      online: (node, signal) => node.import(args, { signal }),
      offline: (place, signal) => importing(place, args, signal),
    })
    for await (const item of items) {
      const done = bare(item)
      context.print(done, () => words(done))
    }
  })
}

function words(done: Omit<ImportDone, 'kind'>): string {
  const { shown, feeds, entries, added, unverified, blobs, blobsAdded, apart, score } = done
  const lines = [
    `${plain(shown)}: ${many(feeds, 'feed')} with ${many(entries, 'entry')} (${added} new), ${many(blobs, 'blob')} (${blobsAdded} new)`,
  ]
  if (unverified > 0) lines.push(`not counted, since their own signatures fail: ${many(unverified, 'entry')}`)
  for (const feed of apart) lines.push(`${plain(feed.shown)}: ${why(feed)}`)
  if (score !== undefined) lines.push(`score ${score}`)
  return lines.join('\n')
}

function why({ outcome, due }: ImportDone['apart'][number]): string {
  if (outcome === 'other') return 'another, newer feed of this identity is here; the one in the file is kept beside it'
  const when = due === undefined ? 'later' : `after ${new Date(due / 1_000).toISOString()}`
  return `some of it lies ahead of this machine's clock: set the clock, or import again ${when}`
}
