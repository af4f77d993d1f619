import type { Command } from 'commander'
import { shortIdOf } from '../../lib/keys/index.ts'
import { feedsContract, type FeedRow, type Why } from '../../plugins/feeds/index.ts'
import { act, addCommand, textOption, type Context } from '../cli/context.ts'
import { called, playerNamed } from '../cli/player.ts'
import { fitted } from '../cli/screen.ts'
import { many, plain, since, table } from '../cli/words.ts'
import { addFeedsRefetch } from './feeds-refetch.ts'

export function addFeeds(program: Command): void {
  const command = addCommand(program, {
    usage: 'feeds',
    summary: 'the feeds that are here, and why',
    examples: ['feeds', 'feeds --why ben', 'feeds refetch ben', 'feeds --json'],
  }).option('--why <player>', 'say in words why the feed of a player is here, or why not')
  act(command, async (context, _args, options) => {
    const player = textOption(options['why'])
    if (player === undefined) await list(context)
    else await explain(context, player)
  })
  addFeedsRefetch(command)
}

async function list(context: Context): Promise<void> {
  const node = await context.node(feedsContract)
  const rows: FeedRow[] = []
  for await (const row of node.feeds.list()) rows.push(row)
  context.print(rows, () => {
    const cells = rows.map((row) => [
      called(row.shown),
      row.entries,
      since(row.newest),
      shortIdOf(row.player),
      row.why[0] ?? '',
      remarks(row),
    ])
    return fitted(table(['player', 'entries', 'newest', 'short id', 'why', ''], cells))
  })
}

async function explain(context: Context, player: string): Promise<void> {
  const node = await context.node(feedsContract)
  const answer = await node.feeds.why({ player: await playerNamed(context, player) })
  context.print(answer, () => sentences(answer).map(plain).join('\n'))
}

function sentences({ shown, drawn, words, entries, newest, trusted, most }: Why): string[] {
  const here =
    entries === 0 ? 'nothing of it is here yet' : `${many(entries, 'entry')} here, the newest ${since(newest)}`
  return [
    `${shown}: ${drawn ? 'drawn' : 'not drawn'}; ${here}`,
    ...words.map((why) => `  ${why}`),
    ...(most === undefined ? [] : [`  at most ${most} entries of it, until there is another reason`]),
    ...(trusted ? ['  trusted: its programs may run on this machine'] : []),
  ]
}

function remarks(row: FeedRow): string {
  const forked = row.lostBranches > 0 ? ['FORKED: its key is used in two places'] : []
  return [...(row.ignored ? ['ignored'] : []), ...forked].join(', ')
}
