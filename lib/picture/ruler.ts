import type { Bars, Frames } from '../base/index.ts'
import type { TagPoint } from '../jam/index.ts'
import { LEFT, RIGHT, type Axis } from './axis.ts'
import { fitted, plainLine, widthOf } from './lettering.ts'
import { SHADE } from './palette.ts'
import { element, joined, text, type Markup } from './xml.ts'

/** Heights of the line of sections and of that of bars. */
export const RULER = 44
/** Units between bar lines, and between bar numbers, at least. */
const LINES_APART = 7
const NUMBERS_APART = 46
/** Changes of tempo and meter, and sections, that are drawn. */
const MAX_POINTS = 80

/** What lies behind rows: sections as bands, bars as lines. */
export function drawGround(axis: Axis, context: readonly TagPoint[], top: number, bottom: number): Markup {
  const bands = sectionsOf(axis, context).flatMap(({ from, to }, i) => {
    const [x, width] = [axis.x(from), axis.x(to) - axis.x(from)]
    return i % 2 === 1 ? [element('rect', { x, y: top, width, height: bottom - top, fill: SHADE })] : []
  })
  const { lines, numbers } = stepsOf(axis)
  const d = { line: '', faint: '' }
  for (const { bar, x } of barsEvery(axis, lines))
    d[bar % numbers === 0 ? 'line' : 'faint'] += `M${x.toFixed(1)} ${top}V${bottom}`
  const rules = (['faint', 'line'] as const).flatMap((name) =>
    d[name] === '' ? [] : [element('path', { class: name, d: d[name] })],
  )
  return joined([...bands, ...rules])
}

/** Sections, bars, tempo and meter, in `RULER` units above `bottom`. */
export function drawRuler(axis: Axis, context: readonly TagPoint[], bottom: number): Markup {
  const sections = sectionsOf(axis, context).flatMap(({ from, to, name }) => {
    const room = axis.x(to) - axis.x(from) - 8
    const shown = fitted(name.toUpperCase(), 13, room)
    if (shown === '') return []
    return [element('text', { class: 'section', x: axis.x(from) + 4, y: bottom - 24 }, text(shown))]
  })
  const numbers = [...barsEvery(axis, stepsOf(axis).numbers)].map(({ bar, x }) =>
    element('text', { class: 'bar', x, y: bottom - 6 }, text(String(bar + 1))),
  )
  const rule = element('line', { class: 'line', x1: LEFT, x2: RIGHT, y1: bottom, y2: bottom })
  return joined([rule, ...sections, ...numbers, ...drawChanges(axis, bottom - 38)])
}

/** Where tempo or meter changes after the beginning, which the facts say. */
function drawChanges(axis: Axis, y: number): Markup[] {
  const drawn: Markup[] = []
  let end = -Infinity
  let before = axis.grid.pointAt(axis.from)
  for (const point of axis.grid.points) {
    if (point.frame <= axis.from || point.frame >= axis.to) continue
    const said = [
      ...(point.tempo === before.tempo ? [] : [`${point.tempo} bpm`]),
      ...(point.meter === before.meter ? [] : [point.meter]),
    ].join(' ')
    before = point
    const x = axis.x(point.frame)
    if (said === '' || x < end || drawn.length >= MAX_POINTS) continue
    end = x + widthOf(said, 11) + 12
    drawn.push(
      element('path', { d: `M${x.toFixed(1)} ${y - 8}l6 4l-6 4z` }),
      element('text', { class: 'tempo', x: x + 9, y }, text(said)),
    )
  }
  return drawn
}

interface Section {
  readonly name: string
  readonly from: Frames
  readonly to: Frames
}

/** Sections of the piece, those that follow each other under one name as one. */
function sectionsOf({ from, to }: Axis, context: readonly TagPoint[]): readonly Section[] {
  const sections: { name: string; from: Frames; to: Frames }[] = []
  context.forEach(({ frame, value }, i) => {
    const [begin, end] = [Math.max(from, frame), Math.min(to, context[i + 1]?.frame ?? to)]
    if (begin >= end) return
    const name = plainLine(String(value), 40)
    const last = sections.at(-1)
    if (last?.name === name) last.to = end
    else sections.push({ name, from: begin, to: end })
  })
  return sections.slice(0, MAX_POINTS)
}

/** Bars from one line to the next, and from one number to the next: powers of two. */
function stepsOf(axis: Axis): { readonly lines: Bars; readonly numbers: Bars } {
  const bars = Math.max(1, axis.grid.barOfFrame(axis.to) - axis.grid.barOfFrame(axis.from))
  const each = (RIGHT - LEFT) / bars
  const stepOf = (least: number): Bars => {
    let step = 1
    while (step * each < least) step *= 2
    return step
  }
  return { lines: stepOf(LINES_APART), numbers: stepOf(NUMBERS_APART) }
}

/** Bar lines within the axis, bars counted from 0: every so many. */
function* barsEvery(axis: Axis, step: Bars): Generator<{ readonly bar: Bars; readonly x: number }> {
  const { grid, from, to } = axis
  const last = grid.barOfFrame(to)
  for (let bar = Math.ceil(grid.barOfFrame(from) / step) * step; bar <= last; bar += step) {
    const frame = grid.frameOfBar(bar)
    if (frame >= from && frame <= to) yield { bar, x: axis.x(frame) }
  }
}
