import type { Command } from 'commander'
import { bundlesContract } from '../../plugins/bundles/index.ts'
import { blobsContract } from '../../plugins/blobs/index.ts'
import { connectionsContract } from '../../plugins/connections/index.ts'
import { feedsContract } from '../../plugins/feeds/index.ts'
import { nodeContract } from '../../plugins/node/index.ts'
import { soundContract } from '../../plugins/sound/index.ts'
import { act, addCommand } from '../cli/context.ts'
import { sizesLine } from '../cli/sizes.ts'
import { age, bytes, decibels, table } from '../cli/words.ts'
import { many } from '../cli/work.ts'

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
    const store = await (await context.node(bundlesContract)).bundle.sizes()
    const feed = await (await context.node(feedsContract)).feeds.health()
    context.print({ node, connections, sound, feed, blobs, store }, () => {
      const lines = [
        `${node.shown}  ${node.identity}`,
        `up ${age(Date.now() - node.since)}, process ${node.pid}, ${bytes(node.memoryBytes)}, marmalade ${node.version}`,
        `${many(node.feeds, 'feed')}, ${many(node.entries, 'entry')} in ${node.home}`,
        ...(store.bytes ? [`database: ${sizesLine(store.bytes)}`] : []),
        `${many(blobs.blobs, 'blob')}, ${bytes(blobs.bytes)}${blobs.quota === 0 ? '' : ` of ${bytes(blobs.quota)}`}`,
        ...node.addresses.map((address) => `listens on ${address}`),
        `sound: ${sound.state}${sound.why === undefined ? '' : ` (${sound.why})`} through ${sound.sink}` +
          (sound.master ? `, peak ${decibels(sound.master.peak)}` : '') +
          `, ${sound.underruns} underruns, ${sound.late} late`,
        ...feed.words,
      ]
      if (connections.length === 0) return [...lines, 'connected to nobody: `connect ADDRESS`'].join('\n')
      const rows = connections.map((c) => [
        c.shown,
        c.role,
        c.direction,
        age(Date.now() - c.since),
        bytes(c.bytesIn),
        bytes(c.bytesOut),
      ])
      return [...lines, '', table(['player', 'role', 'way', 'for', 'received', 'sent'], rows)].join('\n')
    })
  })
}
