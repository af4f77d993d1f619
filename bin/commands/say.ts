import type { Command } from 'commander'
import { jamsContract } from '../../plugins/jams/index.ts'
import { act, addCommand } from '../cli/context.ts'
import { addJamOption, placeIn } from '../cli/place.ts'

export function addSay(program: Command): void {
  const command = addJamOption(
    addCommand(program, {
      usage: 'say <text...>',
      summary: 'say something to everybody in the jam',
      examples: ['say drop at bar 33', 'say --jam friday good night'],
    }),
  )
  act(command, async (context, words, options) => {
    const node = await context.node(jamsContract)
    const said = await node.perform.say({ text: words.join(' '), ...placeIn(options) })
    context.print(said, () => 'said')
  })
}
