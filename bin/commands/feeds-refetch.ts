import type { Command } from 'commander'
import { discardKept, gossipContract, type Refetched } from '../../plugins/gossip/index.ts'
import { act, addCommand, type Context } from '../cli/context.ts'
import { openOffline } from '../cli/offline.ts'
import { many, plain } from '../cli/words.ts'

/** `feeds refetch`: another player's feed, of which something is damaged here, once more from peers. */
export function addFeedsRefetch(feeds: Command): void {
  const command = addCommand(feeds, {
    usage: 'refetch <player>',
    summary: "delete what is here of another player's feed, and draw it anew from peers",
    examples: ['feeds refetch ben', 'feeds refetch ben --yes'],
  }).option('--yes', 'although no connected peer says that it has all of it, or chains that lost would go with it')
  act(command, async (context, [player = ''], { yes }) => {
    const gone = await refetch(context, player, yes === true)
    context.print(gone, () => words(gone))
  })
}

type Gone = Refetched & { readonly node: 'runs' | 'does not run' }

async function refetch(context: Context, player: string, insist: boolean): Promise<Gone> {
  const node = await context.nodeIfRunning(gossipContract)
  if (node) return { ...(await node.gossip.refetch({ player, insist })), node: 'runs' }
  const home = await openOffline(context)
  const { store, directory } = home
  try {
    const id = directory.resolve(player)
    const shown = directory.shown(id)
    // Offline nobody can be asked, and whether it is drawn shows when the node runs.
    const feed = { player: id, shown, drawn: true, holders: [] }
    const { count } = await discardKept(store, feed, insist ? 'insist' : 'careful')
    return { player: id, shown, entries: count, holders: [], node: 'does not run' }
  } finally {
    await home.close()
  }
}

function words({ shown, entries, holders, node }: Gone): string {
  const gone = `${many(entries, 'entry')} of ${plain(shown)} deleted`
  if (node === 'does not run') return `${gone}: they are drawn anew once the node runs and meets a peer that has them`
  const from =
    holders.length > 0 ? `${holders.length} connected that claim to have all` : 'none connected that claim to have it'
  return `${gone}, drawn anew from peers (${from}): \`feeds --why\` says how far that is`
}
