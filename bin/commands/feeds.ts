import type { Command } from 'commander'
import { feedsContract, type FeedRow } from '../../plugins/feeds/index.ts'
import { act, addCommand } from '../cli/context.ts'
import { since, table } from '../cli/words.ts'

export function addFeeds(program: Command): void {
  const command = addCommand(program, {
    usage: 'feeds',
    summary: 'the feeds that are here, and why',
    examples: ['feeds', 'feeds --json'],
  })
  act(command, async (context) => {
    const node = await context.node(feedsContract)
    const rows: FeedRow[] = []
    for await (const row of node.feeds.list()) rows.push(row)
    context.print(rows, () => {
      const cells = rows.map((row) => [
        row.shown,
        row.entries,
        since(row.newest),
        row.why.join(', '),
        forked(row),
        row.player,
      ])
      return table(['player', 'entries', 'newest', 'why', '', 'identity'], cells)
    })
  })
}

const forked = (row: FeedRow): string => (row.lostBranches > 0 ? 'FORKED: its key is used in two places' : '')
