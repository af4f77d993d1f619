import type { Command } from 'commander'
import { jamsContract } from '../../plugins/jams/index.ts'
import { act, addCommand, textOption } from '../cli/context.ts'

export function addStop(program: Command): void {
  const command = addCommand(program, {
    usage: 'stop <instance>',
    summary: 'stop an instance of yours, for everybody',
    examples: ['stop drums', 'stop bass --on 4bars'],
  })
    .option('--on <when>', 'now, beat, bar, 4bars or a bar number (default: bar)')
    .option('--jam <jam>', 'which jam (default: the one joined last)')
  act(command, async (context, [instance = ''], options) => {
    const on = textOption(options['on'])
    const jam = textOption(options['jam'])
    const node = await context.node(jamsContract)
    const done = await node.perform.stop({
      instance,
      ...(on !== undefined && { on }),
      ...(jam !== undefined && { jam }),
    })
    context.print(done, () => `${instance} stops at bar ${done.place.bar}`)
  })
}
