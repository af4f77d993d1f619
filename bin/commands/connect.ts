import type { Command } from 'commander'
import { connectionsContract } from '../../plugins/connections/index.ts'
import { act, addCommand } from '../cli/context.ts'

export function addConnect(program: Command): void {
  const command = addCommand(program, {
    usage: 'connect <address>',
    summary: 'connect to another node, and stay connected while this one runs',
    examples: ['connect net:192.168.1.7:2468~shs:YmFz…=', 'connect --keep net:node.example.org:2468~shs:YmFz…='],
  }).option('--keep', 'remember the address for later runs')
  act(command, async (context, [address = ''], { keep }) => {
    const node = await context.node(connectionsContract)
    const found = await node.connections.connect({ address, keep: keep === true })
    context.print(found, () => `connected to ${found.shown}; \`follow ${found.shown}\` to hear them from now on`)
  })
}
