import type { Command } from 'commander'
import { feedsContract } from '../../plugins/feeds/index.ts'
import { act, addCommand } from '../cli/context.ts'

export function addFollow(program: Command): void {
  for (const [verb, on] of [
    ['follow', true],
    ['unfollow', false],
  ] as const) {
    const command = addCommand(program, {
      usage: `${verb} <player>`,
      summary: on ? "keep a player's feed and those they follow" : 'follow a player no more',
      examples: [`${verb} ada`, `${verb} @YmFz…=.ed25519`],
    })
    act(command, async (context, [player = '']) => {
      const node = await context.node(feedsContract)
      const changed = await node.feeds.follow({ player, on })
      context.print(changed, () => (on ? `you follow ${changed.shown} now` : `you no longer follow ${changed.shown}`))
    })
  }
}
