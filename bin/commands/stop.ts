import type { Command } from 'commander'
import { jamsContract } from '../../plugins/jams/index.ts'
import { act, addCommand } from '../cli/context.ts'
import { heardBy } from '../cli/hearing.ts'
import { addPlaceOptions, placeIn } from '../cli/place.ts'

export function addStop(program: Command): void {
  const command = addPlaceOptions(
    addCommand(program, {
      usage: 'stop <instance>',
      summary: 'stop an instance of yours, for everybody',
      examples: ['stop drums', 'stop bass --on 4bars'],
    }),
  )
  act(command, async (context, [instance = ''], options) => {
    const node = await context.node(jamsContract)
    const done = await node.perform.stop({
      instance,
      ...placeIn(options),
    })
    context.print(done, () => `${instance} stops: ${heardBy(done.hears, done.place.bar)}`)
  })
}
