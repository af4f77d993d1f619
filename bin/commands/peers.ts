import type { Command } from 'commander'
import { connectionsContract } from '../../plugins/connections/index.ts'
import { gossipContract } from '../../plugins/gossip/index.ts'
import { act, addCommand } from '../cli/context.ts'
import { called } from '../cli/player.ts'
import { fitted } from '../cli/screen.ts'
import { age, bytes, many, table } from '../cli/words.ts'

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
      const isOwing = peers.some(({ owedEntries }) => owedEntries > 0)
      const lines = peers.map((row) => [
        called(row.shown),
        row.role,
        age(Date.now() - row.since),
        bytes(row.bytesIn),
        bytes(row.bytesOut),
        row.roundTrip === undefined ? '-' : `${row.roundTrip.toFixed(1)} ms`,
        ...(isOwing ? [row.owedEntries === 0 ? '' : `${row.owedEntries} of ${many(row.owedFeeds, 'feed')}`] : []),
        `${row.direction === 'in' ? 'from' : 'to'} ${placeOf(row.address)}`,
      ])
      const waits = waiting.map((row) => [
        called(row.shown),
        row.reason,
        row.state === 'dialling' ? 'now' : `in ${age(row.nextIn)}`,
        row.failures,
        placeOf(row.address),
        row.error?.replace(row.address, 'it') ?? '',
      ])
      const owed = isOwing ? ['owed'] : []
      return [
        lines.length === 0
          ? 'connected to nobody: `invite accept CODE` or `connect ADDRESS`;\nnodes on this network are found by themselves'
          : fitted(table(['player', 'role', 'for', 'received', 'sent', 'round trip', ...owed, 'address'], lines)),
        ...(waits.length > 0
          ? ['', fitted(table(['waits for', 'known', 'dialled', 'failed', 'address', ''], waits))]
          : []),
      ].join('\n')
    })
  })
}

/** Host and port of an address. */
const placeOf = (address: string): string => (address.split('~')[0] ?? '').replace(/^net:/, '')
