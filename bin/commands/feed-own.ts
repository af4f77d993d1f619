import { createInterface } from 'node:readline/promises'
import type { Command } from 'commander'
import { MarmaladeError, isEntryKey, type EntryKey } from '../../lib/base/index.ts'
import { standsFor } from '../../lib/feed/index.ts'
import { feedsContract, rebaseOwn, type EntryRow, type RebasedRow } from '../../plugins/feeds/index.ts'
import { act, addCommand, type Context } from '../cli/context.ts'
import { entriesOf } from '../cli/entries.ts'
import { openOffline } from '../cli/offline.ts'
import { beginning, begins, isPrefix, shortOf } from '../cli/prefix.ts'

/** `feed rebase`: one's own feed without some entries. */
export function addFeedRebase(feed: Command): void {
  const command = addCommand(feed, {
    usage: 'rebase',
    summary: 'drop entries from your own feed; those after them are published again',
    examples: [
      'feed rebase --drop IH99NHKN',
      'feed rebase --drop IH99NHKN Jg6EHsOT --yes --json',
      'feed rebase --ahead',
    ],
  })
    .option('--drop <key...>', 'entries to drop: their keys or how those begin, as `feed` shows them')
    .option('--ahead', 'write anew what your feed has from a time when the clock was ahead')
    .option('--yes', 'do not ask')
  act(command, async (context, _args, { drop, ahead, yes }) => {
    const keys = await keysOf(context, drop)
    if (keys.length === 0 && ahead !== true)
      throw new MarmaladeError('USAGE', 'say which entries: `feed rebase --drop KEY`, as `feed` shows it')
    if (yes !== true) await confirm(context, keys)
    const { dropped, kept, head } = await rebase(context, keys)
    context.print({ dropped, kept, head }, () =>
      [
        `${dropped.length} dropped, ${kept} published again: your feed ends at ${shortOf(head.key)}`,
        'connected nodes drop them at once, others when they next meet one that has',
      ].join('\n'),
    )
  })
}

/** `feed resume`: goes on after a restore that no peer has confirmed. */
export function addFeedResume(feed: Command): void {
  const command = addCommand(feed, {
    usage: 'resume',
    summary: 'go on with your feed after this home was restored from a backup or copied',
    examples: ['feed resume', 'feed resume --insist'],
  }).option('--insist', 'although no peer has told what it has of your feed')
  act(command, async (context, _args, { insist }) => {
    const restored = insist === true ? await resume(context) : await isRestored(context)
    if (restored)
      throw new MarmaladeError(
        'FEED_RESTORED',
        'no peer has told yet what it has of your feed: `connect` to one, or `feed resume --insist` where nobody has newer entries',
      )
    context.print({ restored }, () => 'your feed goes on: nothing holds it back')
  })
}

async function isRestored(context: Context): Promise<boolean> {
  const node = await context.nodeIfRunning(feedsContract)
  if (node) return (await node.feeds.health()).restored
  const home = await openOffline(context)
  try {
    return home.store.own.restored
  } finally {
    await home.close()
  }
}

async function resume(context: Context): Promise<boolean> {
  const node = await context.nodeIfRunning(feedsContract)
  if (node) return (await node.feeds.resume()).restored
  const home = await openOffline(context)
  try {
    await home.store.own.resume()
    return home.store.own.restored
  } finally {
    await home.close()
  }
}

/** @throws USAGE for what is no key and no beginning of one, PREFIX_AMBIGUOUS, REBASE_UNKNOWN */
async function keysOf(context: Context, drop: unknown): Promise<EntryKey[]> {
  const texts = Array.isArray(drop) ? (drop as unknown[]).map(String) : []
  const known = texts.every(isEntryKey) ? [] : await ownKeys(context, texts)
  return texts.map((text) => {
    if (isEntryKey(text)) return text
    if (!isPrefix(text))
      throw new MarmaladeError(
        'USAGE',
        `${text} is no key of an entry, nor 4 characters that one begins with: see \`feed\``,
      )
    const key = beginning(text, known)
    if (key === undefined)
      throw new MarmaladeError('REBASE_UNKNOWN', `${text} names nothing in your feed: see \`feed\``)
    return key
  })
}

/** Of what an entry of one's own feed can be dropped by (its own key, that of the original which it stands for): what begins so. */
async function ownKeys(context: Context, texts: readonly string[]): Promise<{ id: string; meant: EntryKey }[]> {
  const known: { id: string; meant: EntryKey }[] = []
  for await (const row of entriesOf(context)) {
    const { key: meant } = row
    for (const id of [meant, originalOfRow(row).key])
      if (texts.some((text) => begins(text, id))) known.push({ id, meant })
  }
  return known
}

async function rebase(context: Context, drop: EntryKey[]): Promise<RebasedRow> {
  const node = await context.nodeIfRunning(feedsContract)
  if (node) return node.feeds.rebase({ drop })
  const home = await openOffline(context)
  try {
    return await rebaseOwn(home.store, drop)
  } finally {
    await home.close()
  }
}

/** What goes, in words, and whether that is meant. @throws USAGE where nobody can be asked, CANCELLED where it is not */
async function confirm(context: Context, keys: readonly EntryKey[]): Promise<void> {
  if (context.json || !process.stdin.isTTY || !process.stderr.isTTY)
    throw new MarmaladeError('USAGE', 'nobody can be asked here: add --yes')
  const consequences = await consequencesOf(context, keys)
  process.stderr.write(`${consequences.join('\n')}\n`)
  const asking = createInterface({ input: process.stdin, output: process.stderr })
  try {
    const answer = await asking.question('Drop them? [y/N] ')
    if (!/^y(es)?$/i.test(answer.trim())) throw new MarmaladeError('CANCELLED', 'nothing was dropped')
  } finally {
    asking.close()
  }
}

async function consequencesOf(context: Context, keys: readonly EntryKey[]): Promise<string[]> {
  const words = ['Dropped entries go from every node that hears of it; copies that somebody made by hand do not.']
  const dropped = new Set(keys)
  for await (const row of entriesOf(context)) {
    const original = originalOfRow(row)
    if (dropped.has(row.key) || dropped.has(original.key)) words.push(consequence(original.payload))
  }
  return [...new Set(words)]
}

/** What is shown is the owner's own entry, whose shape its node has checked. */
const originalOfRow = (row: Pick<EntryRow, 'key' | 'comparable' | 'payload'>) =>
  standsFor(row as Parameters<typeof standsFor>[0])

function consequence(payload: unknown): string {
  const { type, action, name } = payload as { type?: unknown; action?: unknown; name?: unknown }
  if (type === 'jam' && action === 'start') return 'A jam loses its start: nobody can replay it any more.'
  if (type === 'jam') return 'A jam changes for all: who belongs to it, its tempo or its end.'
  if (type === 'generator') return `What plays ${String(name)} in any jam falls silent in replays.`
  if (type === 'play') return 'An instance goes from a jam, with everything that was said to it.'
  if (type === 'follow' || type === 'block') return 'You follow or block as you did before that entry.'
  return `A ${String(type)} goes.`
}
