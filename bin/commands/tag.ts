import type { Command } from 'commander'
import { jamsContract } from '../../plugins/jams/index.ts'
import { soundContract, type TagRow } from '../../plugins/sound/index.ts'
import { act, addCommand, addGroup, numberOf, textOption, valueOf } from '../cli/context.ts'
import { addPlaceOptions, placeIn } from '../cli/place.ts'
import { plain } from '../cli/words.ts'

export function addTag(program: Command): void {
  const tag = addGroup(program, {
    usage: 'tag',
    summary: 'tags: named values that generators follow',
    examples: ['tag set context drop', 'tag get chord', 'tag watch note/kick', 'tag until context drop'],
  })
  const set = addPlaceOptions(
    addCommand(tag, {
      usage: 'set <name> <value>',
      summary: 'set a tag of yours, for everybody in the jam',
      examples: ['tag set context drop --on bar', 'tag set density 0.8 --on 4bars'],
    }),
  )
  act(set, async (context, [name = '', value = ''], options) => {
    const node = await context.node(jamsContract)
    const done = await node.perform.tag({
      name,
      value: valueOf(value),
      ...placeIn(options),
    })
    context.print(done, () => `${name} is ${value} from bar ${done.place.bar}`)
  })
  addReading(tag)
}

function addReading(tag: Command): void {
  const get = addCommand(tag, {
    usage: 'get <path>',
    summary: 'the newest value of a tag in the jam that sounds here',
    examples: ['tag get chord', 'tag get jam/context', 'tag get ada/context --last 8'],
  }).option('--last <count>', 'its last points as well, up to 256, oldest first')
  act(get, async (context, [path = ''], options) => {
    const last = textOption(options['last'])
    const node = await context.node(soundContract)
    const found = await node.tags.get({ path, ...(last !== undefined && { last: numberOf(last, '--last') }) })
    const newest = found.value === undefined ? `${path} has not been set` : plain(String(found.value))
    context.print(found, () => found.points?.map(lineOf).join('\n') ?? newest)
  })
  const watch = addCommand(tag, {
    usage: 'watch <path>',
    summary: 'each value of a tag from now on, a line each; of notes (`note/kick`) their pitches',
    examples: ['tag watch chord', "tag watch '*/drums/*/kick'", 'tag watch note/kick --count 4'],
  }).option('--count <count>', 'so many, then end')
  act(watch, async (context, [path = ''], options) => {
    const count = textOption(options['count'])
    const node = await context.node(soundContract)
    let left = count === undefined ? Infinity : numberOf(count, '--count')
    for await (const row of node.tags.watch({ path })) {
      context.print(row, () => lineOf(row))
      if (--left <= 0) return
    }
  })
  const until = addCommand(tag, {
    usage: 'until <path> [value]',
    summary: 'wait until a tag has a value, or any value at all',
    examples: ['tag until jam/context drop', 'tag until cue'],
  })
  act(until, async (context, [path = '', value]) => {
    const node = await context.node(soundContract)
    const reached = await node.tags.until({ path, ...(value !== undefined && { value: valueOf(value) }) })
    context.print(reached, () => `${path} is ${plain(String(reached.value))}`)
  })
}

/** A point: its frame, where it was set, its value. */
function lineOf({ path, value, frame, missed = 0 }: TagRow): string {
  const gap = missed > 0 ? `(${missed} more before it)` : ''
  return plain(`${frame} ${path} ${value} ${gap}`.trimEnd())
}
