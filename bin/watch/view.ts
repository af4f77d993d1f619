import { cutLine, lineColumns, styled, type Line, type Place, type Prompt } from '../terminal/index.ts'
import { faderRows } from './faders.ts'
import { header, spread } from './header.ts'
import { helpRows, HINTS } from './help.ts'
import type { Model } from './model.ts'
import type { Pick } from './pick.ts'
import { instanceRows, ROW_HEADING } from './rows.ts'
import { sideRows } from './side.ts'

/** What is seen besides the jam. */
export interface Ui {
  readonly pick: Pick
  readonly view: 'jam' | 'faders' | 'help'
  /** What the last key came to. */
  readonly message: { readonly text: string; readonly bad: boolean } | undefined
  readonly prompt: Prompt | undefined
}

export interface Frame {
  readonly lines: readonly Line[]
  readonly cursor: Place | undefined
}

/** Smaller screens show that they are. */
const LEAST_COLUMNS = 40
const LEAST_ROWS = 10
/** Narrower ones show players, tags and talk below, where there is room. */
const LEAST_BESIDE = 72
/** What stands at the right has so many columns, more where there is room. */
const SIDE = 29
const SIDE_MOST = 60

/** Everything on a screen of so many columns and rows. */
export function frameOf(model: Model, ui: Ui, columns: number, rows: number): Frame {
  if (columns < LEAST_COLUMNS || rows < LEAST_ROWS) {
    const words = `${columns}x${rows} is too small: ${LEAST_COLUMNS}x${LEAST_ROWS} at least`
    return { lines: [[words]], cursor: undefined }
  }
  const top = header(model, columns)
  const room = rows - top.length - 2
  const body = bodyOf(model, ui, columns, room)
  const filled = Array.from({ length: room }, (_, at): Line => body[at] ?? [])
  const foot = footOf(model, ui, columns)
  return {
    lines: [...top, ...filled, foot.line, hints(ui, columns)].map((line) => cutLine(line, columns)),
    cursor: foot.column === undefined ? undefined : { row: rows - 2, column: foot.column },
  }
}

function bodyOf(model: Model, ui: Ui, columns: number, rows: number): Line[] {
  if (ui.view === 'help') return helpRows(columns, rows)
  if (ui.view === 'faders') return faderRows(model, ui.pick, columns, rows)
  const hasSide = columns >= LEAST_BESIDE
  const side = hasSide ? Math.max(SIDE, Math.min(SIDE_MOST, Math.floor(columns * 0.36))) : 0
  const width = hasSide ? columns - side - 2 : columns
  const sounding = model.instances.filter(({ state }) => state === 'sounds').length
  const title = ` INSTANCES ${sounding}${model.instances.length > sounding ? `, ${model.instances.length - sounding} to come` : ''}`
  const heading = spread([styled(title, 'cyan')], [styled(ROW_HEADING, 'gray')], width)
  const rowsOf = (most: number): Line[] => [heading, ...instanceRows(model, ui.pick, width, most - 1)]
  if (!hasSide) {
    const above = rowsOf(rows - 1)
    const left = rows - above.length
    if (left >= 7) return [...above, [], ...sideRows(model, columns, left - 1)]
    const blank = Array.from({ length: left - 1 }, (): Line => [])
    return [...above, ...blank, [styled(` players, tags and talk: from ${LEAST_BESIDE} columns on`, 'yellow')]]
  }
  const left = rowsOf(rows)
  const right = sideRows(model, side, rows)
  return Array.from({ length: rows }, (_, at): Line => {
    const line = left[at] ?? []
    const rest = ' '.repeat(Math.max(0, width - lineColumns(line)))
    return [...line, rest, styled('│', 'gray'), ' ', ...(right[at] ?? [])]
  })
}

function footOf(model: Model, { prompt, message, pick }: Ui, columns: number): { line: Line; column?: number } {
  if (prompt) return prompt.view(columns)
  if (message)
    return { line: [' ', styled(message.text, ...(message.bad ? (['bold', 'red'] as const) : (['bold'] as const)))] }
  const target = pick.target(model)
  if (!target) return { line: [] }
  const { gain, pan, mute, solo } = model.setting(target.name)
  const words = [
    ...(gain === 0 ? [] : [`${gain > 0 ? '+' : ''}${gain} dB`]),
    ...(pan === 0 ? [] : [`pan ${pan}`]),
    ...(mute ? ['muted'] : []),
    ...(solo ? ['solo'] : []),
  ]
  return { line: [styled(` ${target.shown}`, 'cyan'), ` ${words.join(', ')}`] }
}

/** As many as there is room for; the last ones always. */
function hints({ prompt }: Ui, columns: number): Line {
  if (prompt) return [styled(' enter does it, escape leaves it', 'gray')]
  const last = HINTS.slice(-2)
  const chosen: (readonly [string, string])[] = []
  const wide = (all: readonly (readonly [string, string])[]): number =>
    all.reduce((sum, [key, what]) => sum + key.length + what.length + 2, 1)
  for (const hint of HINTS.slice(0, -2)) if (wide([...chosen, hint, ...last]) <= columns) chosen.push(hint)
  return [
    ' ',
    ...[...chosen, ...last].flatMap(([key, what]) => [styled(key, 'bold', 'cyan'), styled(` ${what} `, 'gray')]),
  ]
}
