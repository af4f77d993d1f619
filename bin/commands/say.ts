import type { Command } from 'commander'
import { jamsContract } from '../../plugins/jams/index.ts'
import { act, addCommand, textOption } from '../cli/context.ts'

export function addSay(program: Command): void {
  const command = addCommand(program, {
    usage: 'say <text...>',
    summary: 'say something to everybody in the jam',
    examples: ['say drop at bar 33', 'say --jam friday good night'],
  }).option('--jam <jam>', 'which jam (default: the one joined last)')
  act(command, async (context, words, options) => {
    const jam = textOption(options['jam'])
    const node = await context.node(jamsContract)
    const said = await node.perform.say({ text: words.join(' '), ...(jam !== undefined && { jam }) })
    context.print(said, () => 'said')
  })
}
