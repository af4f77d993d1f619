import type { Command } from 'commander'
import { jamsContract } from '../../plugins/jams/index.ts'
import { soundContract, type TagRow } from '../../plugins/sound/index.ts'
import { barOption } from '../cli/bars.ts'
import { act, addCommand, addGroup, numberOf, textOption, valueOf } from '../cli/context.ts'
import { heardBy } from '../cli/hearing.ts'
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
    context.print(done, () => `${name} ${value}: ${heardBy(done.hears, done.place.bar)}`)
  })
  addReading(tag)
}

function addReading(tag: Command): void {
  const get = addCommand(tag, {
    usage: 'get <path>',
    summary: 'the newest value of a tag in the jam that sounds here, or what it was before',
    examples: [
      'tag get chord',
      'tag get jam/context',
      'tag get ada/context --last 8',
      'tag get chord --from 17 --to 25',
    ],
  })
    .option('--last <count>', 'its last points, oldest first')
    .option('--from <bar>', 'its points from a bar on')
    .option('--to <bar>', 'its points before a bar')
  act(get, async (context, [path = ''], options) => {
    const asked = askedPoints(options)
    const node = await context.node(soundContract)
    const found = await node.tags.get({ path })
    if (!asked) {
      context.print(found, () => (found.value === undefined ? `${path} has not been set` : plain(String(found.value))))
      return
    }
    const points: TagRow[] = []
    for await (const row of node.tags.history({ path, ...asked })) points.push(row)
    context.print({ ...found, points }, () => points.map(lineOf).join('\n') || `no points of ${path} are here`)
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

/** Which points are asked for, if any. */
function askedPoints(options: Record<string, unknown>): { last?: number; from?: number; to?: number } | undefined {
  const last = textOption(options['last'])
  const from = barOption(options['from'], '--from')
  const to = barOption(options['to'], '--to')
  if (last === undefined && from === undefined && to === undefined) return undefined
  return {
    ...(last !== undefined && { last: numberOf(last, '--last') }),
    ...(from !== undefined && { from }),
    ...(to !== undefined && { to }),
  }
}

/** A point: its frame, where it was set, its value. */
function lineOf({ path, value, frame, missed = 0 }: TagRow): string {
  const gap = missed > 0 ? `(${missed} more before it)` : ''
  return plain(`${frame} ${path} ${value} ${gap}`.trimEnd())
}
