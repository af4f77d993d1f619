import type { Command } from 'commander'
import type { Remote } from '../../lib/host/index.ts'
import { jamsContract, type ClockRow, type JamRow, type Shaped } from '../../plugins/jams/index.ts'
import { barOf } from '../cli/bars.ts'
import { act, addCommand, addGroup, numberOf, textOption } from '../cli/context.ts'
import { heardBy } from '../cli/hearing.ts'
import { addJamOption, addPlaceOptions, placeIn } from '../cli/place.ts'
import { fittedTable } from '../cli/screen.ts'

/** Instances that play no more, of which so many are shown. */
const MAX_STOPPED = 8
const SHAPE_WHENS = 'bar, 4bars or a bar number'

export function addJam(program: Command): void {
  const jam = addGroup(program, {
    usage: 'jam',
    summary: 'jams: named sessions that players share',
    examples: ['jam start friday --tempo 126', 'jam join ada:friday', 'jam show'],
  })
  addStartJam(jam)
  addFork(jam)
  addMembership(jam)
  addShape(jam)
  addList(jam)
  addShow(jam)
}

function addStartJam(jam: Command): void {
  const command = addCommand(jam, {
    usage: 'start <name>',
    summary: 'start a jam; the name cannot be used again',
    examples: ['jam start friday', 'jam start friday --tempo 126 --meter 7/8 --title "late"'],
  })
    .option('--tempo <bpm>', 'beats a minute (default: 112)')
    .option('--meter <n/d>', 'as 4/4 or 7/8 (default: 4/4)')
    .option('--title <text>', 'a title for people')
  act(command, async (context, [name = ''], options) => {
    const tempo = textOption(options['tempo'])
    const meter = textOption(options['meter'])
    const title = textOption(options['title'])
    const node = await context.node(jamsContract)
    const row = await node.jam.start({
      name,
      ...(tempo !== undefined && { tempo: numberOf(tempo, 'the tempo') }),
      ...(meter !== undefined && { meter }),
      ...(title !== undefined && { title }),
    })
    context.print(
      row,
      () =>
        `${row.name} has started: ${row.tempo} BPM, ${row.meter}; others join with \`jam join ${row.shown}:${row.name}\``,
    )
  })
}

function addFork(jam: Command): void {
  const command = addCommand(jam, {
    usage: 'fork <jam>',
    summary: 'start a jam of your own that begins as another stood at a bar, its players credited',
    examples: ['jam fork friday --from 17', 'jam fork ada:friday --from 17 --as late-friday'],
  })
    .requiredOption('--from <bar>', 'the bar that is its first, counted from 1')
    .option('--as <name>', 'what it is called (default: the other name with a number)')
    .option('--title <text>', 'a title for people (default: that of the other)')
  act(command, async (context, [name = ''], options) => {
    const bar = barOf(textOption(options['from']) ?? '', '--from')
    const as = textOption(options['as'])
    const title = textOption(options['title'])
    const node = await context.node(jamsContract)
    const row = await node.jam.fork({
      jam: name,
      bar,
      ...(as !== undefined && { name: as }),
      ...(title !== undefined && { title }),
    })
    context.print(
      row,
      () =>
        `${row.name} has started, ${forkedWords(row)}: ${row.tempo} BPM, ${row.meter}; \`jam show\` says what plays`,
    )
  })
}

function addMembership(jam: Command): void {
  const join = addCommand(jam, {
    usage: 'join <jam>',
    summary: 'ask to be let into a jam; it sounds here from then on',
    examples: ['jam join friday', 'jam join ada:friday'],
  })
  act(join, async (context, [name = '']) => {
    const node = await context.node(jamsContract)
    const row = await node.jam.join({ jam: name })
    const how =
      row.mine === 'waiting'
        ? 'asked; you hear it, and can play once a member has admitted you'
        : `you are in (${row.mine})`
    context.print(row, () => `${row.name}: ${how}`)
  })
  const admit = addJamOption(
    addCommand(jam, {
      usage: 'admit <player>',
      summary: 'let a player who asked into the jam',
      examples: ['jam admit ben'],
    }),
  )
  act(admit, async (context, [player = ''], options) => {
    const node = await context.node(jamsContract)
    const admitted = await node.jam.admit({ player, ...placeIn(options) })
    context.print(admitted, () => `${admitted.shown} is in`)
  })
  const remove = addJamOption(
    addCommand(jam, {
      usage: 'remove <player>',
      summary: 'put a player out of a jam of yours: what it plays stops, and nothing from now on counts',
      examples: ['jam remove ben', 'jam remove ben --jam friday'],
    }),
  )
  act(remove, async (context, [player = ''], options) => {
    const node = await context.node(jamsContract)
    const removed = await node.jam.remove({ player, ...placeIn(options) })
    context.print(removed, () => `${removed.shown} is out; \`jam admit\` lets a player back in`)
  })
  const leave = addJamOption(
    addCommand(jam, {
      usage: 'leave',
      summary: 'leave a jam: what you play in it stops',
      examples: ['jam leave', 'jam leave --jam friday'],
    }),
  )
  act(leave, async (context, _args, options) => {
    const node = await context.node(jamsContract)
    const row = await node.jam.leave(placeIn(options))
    context.print(row, () => `you have left ${row.name}`)
  })
}

function addShape(jam: Command): void {
  addShaping(
    jam,
    {
      usage: 'tempo <bpm>',
      summary: 'change the tempo of a jam of yours',
      examples: ['jam tempo 126 --on bar', 'jam tempo 90 --on 33'],
    },
    async (node, place, bpm) => {
      const tempo = numberOf(bpm, 'the tempo')
      return { what: `${tempo} BPM`, done: { ...(await node.jam.tempo({ tempo, ...place })), tempo } }
    },
  )
  addShaping(
    jam,
    {
      usage: 'meter <n/d>',
      summary: 'change the meter of a jam of yours',
      examples: ['jam meter 7/8 --on 33', 'jam meter 4/4 --on 4bars'],
    },
    async (node, place, meter) => ({ what: meter, done: { ...(await node.jam.meter({ meter, ...place })), meter } }),
  )
  addShaping(
    jam,
    {
      usage: 'end',
      summary: 'end a jam of yours: everything stops there, tails ring out',
      examples: ['jam end', 'jam end --on 65'],
    },
    async (node, place) => ({ what: 'the jam ends', done: await node.jam.end(place) }),
  )
}

/** A change of a whole jam, by its starter: said is what changes, and who hears it from which bar. */
function addShaping(
  jam: Command,
  words: Parameters<typeof addCommand>[1],
  shape: (
    node: Remote<typeof jamsContract>,
    place: ReturnType<typeof placeIn>,
    text: string,
  ) => Promise<{ readonly what: string; readonly done: Shaped }>,
): void {
  const command = addPlaceOptions(addCommand(jam, words), SHAPE_WHENS)
  act(command, async (context, [text = ''], options) => {
    const { what, done } = await shape(await context.node(jamsContract), placeIn(options), text)
    context.print(done, () => `${what}: ${heardBy(done.hears, done.bar)}`)
  })
}

function addList(jam: Command): void {
  const command = addCommand(jam, { usage: 'list', summary: 'the jams that are known here', examples: ['jam list'] })
  act(command, async (context) => {
    const node = await context.node(jamsContract)
    const rows = await node.jam.list()
    context.print(rows, () => {
      if (rows.length === 0) return 'none yet: `jam start NAME`'
      const cells = rows.map((row) => [
        row.current ? '*' : '',
        row.name,
        row.shown,
        row.mine,
        row.members,
        `${row.tempo} ${row.meter}`,
        row.ended ? 'over' : `bar ${row.bar}`,
      ])
      return fittedTable(['', 'jam', 'started by', 'you', 'members', 'tempo', 'now'], cells)
    })
  })
}

function addShow(jam: Command): void {
  const command = addCommand(jam, {
    usage: 'show [jam]',
    summary: 'who is in a jam and what plays',
    examples: ['jam show', 'jam show friday'],
  })
  act(command, async (context, [name]) => {
    const node = await context.node(jamsContract)
    const shown = await node.jam.show(name === undefined ? {} : { jam: name })
    context.print(shown, () => {
      const over = shown.instances.filter((row) => row.stopped)
      const hidden = new Set(over.slice(0, -MAX_STOPPED))
      const instances = shown.instances
        .filter((row) => !hidden.has(row))
        .map((row) => [
          row.called ?? row.instance,
          row.shown,
          row.generator,
          row.bar < 1 ? 'before' : `bar ${row.bar}`,
          row.until === undefined ? (row.stopped ? 'stopped' : '') : `until bar ${row.until}`,
        ])
      return [
        heading(shown),
        ...(shown.from ? [`${forkedWords(shown)}${missingWords(shown.from.missing)}`] : []),
        `members: ${shown.players.map((player) => player.shown + (player.counts ? '' : ' (gone)')).join(', ')}`,
        ...(shown.waiting.length > 0
          ? [`waiting to be admitted: ${shown.waiting.map((player) => player.shown).join(', ')}`]
          : []),
        `time: ${timeOf(shown.clock)}`,
        instances.length > 0
          ? fittedTable(['instance', 'player', 'generator', 'from', ''], instances)
          : 'nothing plays: `play GENERATOR`',
        ...(hidden.size > 0 ? [`${hidden.size + shown.stoppedBefore} more have been stopped or replaced before`] : []),
        ...shown.refused.slice(-5).map((refused) => `does not count: ${refused.message} (${refused.code})`),
      ].join('\n')
    })
  })
}

/** Whose time a jam has here. */
function timeOf({ from, shown, offset = 0, error = 0 }: ClockRow): string {
  if (from === 'self') return "this machine's"
  if (shown === undefined) return "as the starter's clock claims: no member that knows better is linked"
  const apart = `${Math.abs(offset).toFixed(1)} ms ${offset < 0 ? 'behind' : 'ahead of'} this machine's clock`
  return `from ${shown}: the starter's clock is ${apart}, within ${error.toFixed(1)} ms`
}

const heading = (row: JamRow): string =>
  `${row.name}${row.title === undefined ? '' : ` "${row.title}"`} by ${row.shown}: ${row.tempo} BPM, ${row.meter}, ${row.ended ? 'over' : `bar ${row.bar}`}`

const forkedWords = ({ from }: JamRow): string =>
  from ? `forked from ${from.shown}:${from.name} at bar ${from.bar}` : ''
const missingWords = (missing: number): string =>
  missing > 0 ? `; ${missing} of the entries that it begins with are not here: they come with their players' feeds` : ''
