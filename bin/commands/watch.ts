import type { Command } from 'commander'
import { MarmaladeError } from '../../lib/base/index.ts'
import { jamsContract } from '../../plugins/jams/index.ts'
import { soundContract } from '../../plugins/sound/index.ts'
import { watchContract } from '../../plugins/watch/index.ts'
import { act, addCommand, numberOf, textOption } from '../cli/context.ts'
import { addJamOption } from '../cli/place.ts'

/** What a frame that is printed has where the terminal does not say. */
const COLUMNS = 80
const ROWS = 24

export function addWatch(program: Command): void {
  const command = addJamOption(
    addCommand(program, {
      usage: 'watch',
      summary: 'a jam live in the terminal: meters, players, tags, talk; keys play, stop, mix and say',
      examples: ['watch', 'watch --jam friday', 'watch --once --size 120x40'],
    }),
  )
    .option('--once', 'print one frame as text, and end')
    .option('--size <columns x rows>', 'of that frame (default: 80x24)')
  act(command, async (context, _args, options) => {
    const jam = textOption(options['jam'])
    const size = sizeOf(textOption(options['size']))
    const once = context.json || options['once'] === true
    // Loaded here: other commands need no terminal.
    const { isTerminal } = await import('../terminal/index.ts')
    if (!once && !isTerminal())
      throw new MarmaladeError(
        'USAGE',
        'watch needs a terminal: without one use `--once` (a frame as text) or `--json`',
      )
    const watch = await context.node(watchContract)
    const { firstOf, runWatch, textOf } = await import('../watch/run.ts')
    if (once) {
      const watched = await firstOf(watch, jam)
      context.print(watched, () => textOf(watched, size.columns, size.rows))
      return
    }
    const [jams, sound] = [await context.node(jamsContract), await context.node(soundContract)]
    await runWatch({ watch, jams, sound }, jam)
  })
}

/** @throws USAGE */
function sizeOf(text: string | undefined): { readonly columns: number; readonly rows: number } {
  if (text === undefined) return { columns: COLUMNS, rows: ROWS }
  const [columns = '', rows = '', ...rest] = text.split('x')
  const size = { columns: numberOf(columns, 'the width'), rows: numberOf(rows, 'the height') }
  const isSize = (count: number): boolean => Number.isInteger(count) && count >= 1 && count <= 1_000
  if (rest.length > 0 || !isSize(size.columns) || !isSize(size.rows))
    throw new MarmaladeError('USAGE', `${text} is no size: write it as 120x40`)
  return size
}
