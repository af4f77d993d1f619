import type { Command } from 'commander'
import { jamsContract } from '../../plugins/jams/index.ts'
import { act, addCommand, settingOf, tagOf, textOption } from '../cli/context.ts'
import { barsOf } from '../cli/bars.ts'
import { heardBy } from '../cli/hearing.ts'
import { addPlaceOptions, placeIn } from '../cli/place.ts'

export function addPlay(program: Command): void {
  const command = addPlaceOptions(
    addCommand(program, {
      usage: 'play <generator>',
      summary: 'play a generator of yours, for everybody in the jam',
      examples: [
        'play drums',
        'play bass --on 4bars --param cutoff=700 --param gain=-3',
        'play drums --replace drums',
        'play arp --when context=drop --for 8bars',
      ],
    }),
  )
    .option('--as <name>', 'what to call this instance (default: the generator, numbered)')
    .option('--param <name=number...>', 'a parameter that it starts with (may be repeated)')
    .option('--for <bars>', 'play it for so many bars, as 8bars')
    .option('--replace <instance>', 'an instance of yours that stops where this one starts')
    .option('--when <tag=value>', 'wait for the bar at which the tag has that value')
  act(command, async (context, [generator = ''], options) => {
    const as = textOption(options['as'])
    const bars = textOption(options['for'])
    const replaces = textOption(options['replace'])
    const when = textOption(options['when'])
    const params = Array.isArray(options['param']) ? (options['param'] as string[]).map(settingOf) : []
    const node = await context.node(jamsContract)
    const done = await node.perform.play({
      generator,
      ...(as !== undefined && { as }),
      ...(params.length > 0 && { params: Object.fromEntries(params) }),
      ...(bars !== undefined && { bars: barsOf(bars) }),
      ...(replaces !== undefined && { replaces }),
      ...(when !== undefined && { when: tagOf(when) }),
      ...placeIn(options),
    })
    context.print(done, () => `${done.instance}: ${heardBy(done.hears, done.place.bar)}`)
  })
}
