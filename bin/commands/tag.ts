import type { Command } from 'commander'
import { jamsContract } from '../../plugins/jams/index.ts'
import { soundContract } from '../../plugins/sound/index.ts'
import { act, addCommand, addGroup, textOption, valueOf } from '../cli/context.ts'

export function addTag(program: Command): void {
  const tag = addGroup(program, {
    usage: 'tag',
    summary: 'tags: named values that generators follow',
    examples: ['tag set context drop', 'tag get chord'],
  })
  const set = addCommand(tag, {
    usage: 'set <name> <value>',
    summary: 'set a tag of yours, for everybody in the jam',
    examples: ['tag set context drop --on bar', 'tag set density 0.8 --on 4bars'],
  })
    .option('--on <when>', 'now, beat, bar, 4bars or a bar number (default: bar)')
    .option('--jam <jam>', 'which jam (default: the one joined last)')
  act(set, async (context, [name = '', value = ''], options) => {
    const on = textOption(options['on'])
    const jam = textOption(options['jam'])
    const node = await context.node(jamsContract)
    const done = await node.perform.tag({
      name,
      value: valueOf(value),
      ...(on !== undefined && { on }),
      ...(jam !== undefined && { jam }),
    })
    context.print(done, () => `${name} is ${value} from bar ${done.place.bar}`)
  })
  const get = addCommand(tag, {
    usage: 'get <path>',
    summary: 'the newest value of a tag in the jam that sounds here',
    examples: ['tag get chord', 'tag get jam/context', 'tag get ada/context'],
  })
  act(get, async (context, [path = '']) => {
    const node = await context.node(soundContract)
    const found = await node.tags.get({ path })
    context.print(found, () => (found.value === undefined ? `${path} has not been set` : String(found.value)))
  })
}
