import type { Command } from 'commander'
import { jamsContract } from '../../plugins/jams/index.ts'
import { act, addCommand, settingOf, textOption } from '../cli/context.ts'
import { barsOf } from '../cli/bars.ts'

export function addParam(program: Command): void {
  const command = addCommand(program, {
    usage: 'param <instance> <setting>',
    summary: 'change a parameter of an instance of yours, for everybody',
    examples: ['param bass cutoff=900', 'param drums gain=-6 --over 8bars', 'param drums room=0.3 --on 4bars'],
  })
    .option('--on <when>', 'now, beat, bar, 4bars or a bar number (default: bar)')
    .option('--over <bars>', 'go there over so many bars, as 8bars')
    .option('--jam <jam>', 'which jam (default: the one joined last)')
  act(command, async (context, [instance = '', setting = ''], options) => {
    const [name, value] = settingOf(setting)
    const on = textOption(options['on'])
    const over = textOption(options['over'])
    const jam = textOption(options['jam'])
    const node = await context.node(jamsContract)
    const done = await node.perform.param({
      instance,
      name,
      value,
      ...(on !== undefined && { on }),
      ...(over !== undefined && { overBars: barsOf(over) }),
      ...(jam !== undefined && { jam }),
    })
    context.print(done, () => `${instance}: ${name} ${value} from bar ${done.place.bar}`)
  })
}
