import type { Command } from 'commander'
import { connectionsContract } from '../../plugins/connections/index.ts'
import { gossipContract } from '../../plugins/gossip/index.ts'
import { act, addCommand } from '../cli/context.ts'
import { age, bytes, table } from '../cli/words.ts'

export function addPeers(program: Command): void {
  const command = addCommand(program, {
    usage: 'peers',
    summary: 'who is connected, how well, and who is dialled next',
    examples: ['peers', 'peers --json'],
  })
  act(command, async (context) => {
    const node = await context.node(connectionsContract)
    const { connected, waiting } = await node.connections.peers()
    const gossip = await (await context.node(gossipContract)).gossip.status()
    const peers = connected.map((row) => {
      // A link of gossip is opened a moment after the connection.
      const { owedFeeds = 0, owedEntries = 0 } = gossip.find(({ player }) => player === row.player) ?? {}
      return { ...row, owedFeeds, owedEntries }
    })
    context.print({ connected: peers, waiting }, () => {
      const lines = peers.map((row) => [
        row.shown,
        row.role,
        row.direction,
        age(Date.now() - row.since),
        bytes(row.bytesIn),
        bytes(row.bytesOut),
        row.roundTrip === undefined ? '-' : `${row.roundTrip.toFixed(1)} ms`,
        row.owedEntries === 0 ? '' : `${row.owedEntries} entries of ${row.owedFeeds}`,
        row.address.split('~')[0] ?? '',
      ])
      const waits = waiting.map((row) => [
        row.shown,
        row.reason,
        row.state === 'dialling' ? 'now' : `in ${age(row.nextIn)}`,
        row.failures,
        row.address.split('~')[0] ?? '',
        row.error?.replace(row.address, 'it') ?? '',
      ])
      return [
        lines.length === 0
          ? 'connected to nobody: `invite accept CODE` or `connect ADDRESS`;\nnodes on this network are found by themselves'
          : table(['player', 'role', 'way', 'for', 'received', 'sent', 'round trip', 'owed', 'address'], lines),
        ...(waits.length > 0 ? ['', table(['waits for', 'known', 'dialled', 'failed', 'address', ''], waits)] : []),
      ].join('\n')
    })
  })
}
