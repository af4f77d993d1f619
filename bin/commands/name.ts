import type { Command } from 'commander'
import { playersContract } from '../../plugins/players/index.ts'
import { act, addCommand } from '../cli/context.ts'

export function addName(program: Command): void {
  const command = addCommand(program, {
    usage: 'name <name>',
    summary: 'say what you are called',
    examples: ['name ada', 'name ada --about "live coding since tea time"'],
  })
    .option('--about <text>', 'what you are about')
    .option('--address <address...>', 'addresses that anybody may know (none where it is left out)')
  act(command, async (context, [name = ''], { about, address }) => {
    const node = await context.node(playersContract)
    const said = await node.identify({
      name,
      ...(typeof about === 'string' && { about }),
      ...(Array.isArray(address) && { addresses: address as string[] }),
    })
    context.print(said, () => `you are ${name}`)
  })
}
