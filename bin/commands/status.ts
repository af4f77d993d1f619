import type { Command } from 'commander'
import { connectionsContract } from '../../plugins/connections/index.ts'
import { nodeContract } from '../../plugins/node/index.ts'
import { soundContract } from '../../plugins/sound/index.ts'
import { act, addCommand } from '../cli/context.ts'
import { age, bytes, decibels, table } from '../cli/words.ts'

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
    context.print({ node, connections, sound }, () => {
      const lines = [
        `${node.shown}  ${node.identity}`,
        `up ${age(Date.now() - node.since)}, process ${node.pid}, ${bytes(node.memoryBytes)}, marmalade ${node.version}`,
        `${node.feeds} feeds, ${node.entries} entries in ${node.home}`,
        ...node.addresses.map((address) => `listens on ${address}`),
        `sound: ${sound.state}${sound.why === undefined ? '' : ` (${sound.why})`} through ${sound.sink}` +
          (sound.master ? `, peak ${decibels(sound.master.peak)}` : '') +
          `, ${sound.underruns} underruns, ${sound.late} late`,
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
      return [...lines, '', table(['player', 'role', 'way', 'for', 'in', 'out'], rows)].join('\n')
    })
  })
}
