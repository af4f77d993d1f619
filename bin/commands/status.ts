import { networkInterfaces } from 'node:os'
import type { Command } from 'commander'
import { toHandOut } from '../../lib/peers/index.ts'
import { bundlesContract } from '../../plugins/bundles/index.ts'
import { blobsContract } from '../../plugins/blobs/index.ts'
import { connectionsContract } from '../../plugins/connections/index.ts'
import { feedsContract } from '../../plugins/feeds/index.ts'
import { nodeContract } from '../../plugins/node/index.ts'
import { soundContract } from '../../plugins/sound/index.ts'
import { act, addCommand } from '../cli/context.ts'
import { onDisk, sizesLine } from '../cli/sizes.ts'
import { called } from '../cli/player.ts'
import { cardWords, lufs, nudgeWords } from '../cli/meters.ts'
import { age, bytes, decibels, many, plain } from '../cli/words.ts'

export function addStatus(program: Command): void {
  const command = addCommand(program, {
    usage: 'status',
    summary: 'how the node is: who is connected, what sounds',
    examples: ['status', 'status --json'],
  })
  act(command, async (context) => {
    const node = await (await context.node(nodeContract)).node.status()
    const connections = await (await context.node(connectionsContract)).connections.list()
    const sound = await (await context.node(soundContract)).sound.status()
    const blobs = await (await context.node(blobsContract)).blobs.usage()
    const store = await onDisk(context.home, await (await context.node(bundlesContract)).bundle.sizes())
    const feed = await (await context.node(feedsContract)).feeds.health()
    context.print({ node, connections, sound, feed, blobs, store }, () => {
      const lines = [
        `${node.shown}  ${node.identity}`,
        `up ${age(Date.now() - node.since)}, process ${node.pid}, ${bytes(node.memoryBytes)}, marmalade ${node.version}`,
        `${many(node.feeds, 'feed')}, ${many(node.entries, 'entry')} in ${node.home}`,
        `database: ${sizesLine(store)}`,
        `${many(blobs.blobs, 'blob')}, ${bytes(blobs.bytes)}${blobs.quota === 0 ? '' : ` of ${bytes(blobs.quota)}`}`,
        ...toHandOut(node.addresses, networkInterfaces()).map((address) => `listens on ${address}`),
        `sound: ${sound.state}${sound.why === undefined ? '' : ` (${sound.why})`} through ${sound.sink}` +
          (sound.master ? `, peak ${decibels(sound.master.peak)}` : '') +
          (sound.loudness?.shortTerm === undefined ? '' : `, ${lufs(sound.loudness.shortTerm)}`) +
          `, ${sound.underruns} underruns, ${sound.late} late`,
        ...sound.cards.map(cardWords),
        ...(sound.nudge === 0 ? [] : [`you hear ${nudgeWords(sound.nudge)}`]),
        ...feed.words,
      ]
      return [...lines, connectedWords(connections.map(({ shown }) => called(shown)))].join('\n')
    })
  })
}

/** Names told in `status`; `peers` has all. */
const MOST_NAMED = 5

function connectedWords(names: readonly string[]): string {
  if (names.length === 0) return 'connected to nobody: `invite accept CODE` or `connect ADDRESS`'
  const more = names.length > MOST_NAMED ? ` and ${names.length - MOST_NAMED} more` : ''
  return `connected to ${plain(names.slice(0, MOST_NAMED).join(', '))}${more}: \`peers\` says how well`
}
