import type { Command } from 'commander'
import { jamsContract } from '../../plugins/jams/index.ts'
import { act, addCommand, settingOf, textOption } from '../cli/context.ts'
import { barsOf } from '../cli/bars.ts'
import { heardBy } from '../cli/hearing.ts'
import { addPlaceOptions, placeIn } from '../cli/place.ts'

export function addParam(program: Command): void {
  const command = addPlaceOptions(
    addCommand(program, {
      usage: 'param <instance> <setting>',
      summary: 'change a parameter of an instance of yours, for everybody',
      examples: ['param bass cutoff=900', 'param drums gain=-6 --over 8bars', 'param drums room=0.3 --on 4bars'],
    }),
  ).option('--over <bars>', 'go there over so many bars, as 8bars')
  act(command, async (context, [instance = '', setting = ''], options) => {
    const [name, value] = settingOf(setting)
    const over = textOption(options['over'])
    const node = await context.node(jamsContract)
    const done = await node.perform.param({
      instance,
      name,
      value,
      ...(over !== undefined && { overBars: barsOf(over) }),
      ...placeIn(options),
    })
    context.print(
      done,
      () =>
        `${instance} ${name} ${value}${over === undefined ? '' : ` over ${over}`}: ${heardBy(done.hears, done.place.bar)}`,
    )
  })
}
