import type { Frames, PlayerRef } from '../base/index.ts'
import type { TagPoint } from '../jam/index.ts'
import { barAt, LEFT, RIGHT, type Axis } from './axis.ts'
import { fitted, plainLine, widthOf } from './lettering.ts'
import { CONTEXT, type Overview } from './overview.ts'
import type { PicturedTalk } from './types.ts'
import { element, joined, text, type Markup } from './xml.ts'

export const STRIP = 30
/** Tags that have a strip, and what is said that is shown in words and as dots. */
const MAX_STRIPS = 6
const MAX_SAID = 60
const MAX_DOTS = 240
const TALK_LINES = 3
const TALK_LINE = 18
/** Tags that come first where they are set. */
const FIRST = ['chord', 'density']

/** The tags of an overview that are drawn as strips. */
export function stripsOf(overview: Overview): readonly string[] {
  const rank = (name: string): number => (FIRST.indexOf(name) + FIRST.length + 1) % (FIRST.length + 1)
  const names = overview.tags.filter((name) => name !== CONTEXT)
  return names.sort((a, b) => rank(a) - rank(b)).slice(0, MAX_STRIPS)
}

interface Stretch {
  readonly value: TagPoint['value']
  readonly from: Frames
  readonly to: Frames
}

/** One tag over time: a line where it is figures, its values in words where any is a text. */
export function drawStrip(axis: Axis, name: string, points: readonly TagPoint[], top: number): Markup {
  const label = element('text', { class: 'side', x: LEFT - 14, y: top + 19 }, text(fitted(plainLine(name), 12, 120)))
  const stretches = stretchesOf(axis, points)
  const figures = stretches.every(({ value }) => typeof value === 'number')
  return joined([label, ...(figures ? drawFigures(axis, stretches, top) : drawWords(axis, stretches, top))])
}

function stretchesOf({ from, to }: Axis, points: readonly TagPoint[]): readonly Stretch[] {
  const stretches: { value: TagPoint['value']; from: Frames; to: Frames }[] = []
  points.forEach(({ frame, value }, i) => {
    const [begin, end] = [Math.max(from, frame), Math.min(to, points[i + 1]?.frame ?? to)]
    const last = stretches.at(-1)
    if (begin >= end) return
    if (last?.value === value) last.to = end
    else stretches.push({ value, from: begin, to: end })
  })
  return stretches
}

function drawWords(axis: Axis, stretches: readonly Stretch[], top: number): Markup[] {
  const ticks = stretches.map(({ from }) => `M${axis.x(from).toFixed(1)} ${top + 8}v14`).join('')
  const words = stretches.flatMap(({ value, from, to }) => {
    const shown = fitted(plainLine(String(value), 40), 11, axis.x(to) - axis.x(from) - 7)
    return shown === '' ? [] : [element('text', { class: 'value', x: axis.x(from) + 4, y: top + 19 }, text(shown))]
  })
  return [...(ticks === '' ? [] : [element('path', { class: 'line', d: ticks })]), ...words]
}

function drawFigures(axis: Axis, stretches: readonly Stretch[], top: number): Markup[] {
  const values = stretches.map(({ value }) => Number(value)).filter(Number.isFinite)
  if (values.length === 0) return []
  const [least, most] = [Math.min(...values), Math.max(...values)]
  const y = (value: number): number => top + 25 - (most > least ? ((value - least) / (most - least)) * 20 : 10)
  let d = ''
  for (const { value, from, to } of stretches) {
    if (!Number.isFinite(Number(value))) continue
    const height = y(Number(value)).toFixed(1)
    d += `${d === '' ? `M${axis.x(from).toFixed(1)} ${height}` : `V${height}`}H${axis.x(to).toFixed(1)}`
  }
  const bounds = least === most ? shown(least) : `${shown(least)} to ${shown(most)}`
  return [element('path', { class: 'step', d }, element('title', {}, text(bounds)))]
}

/** A figure in as few signs as tell it. */
const shown = (value: number): string => String(Number(value.toPrecision(4)))

/** How high talk is. */
export const talkHeight = (talk: readonly PicturedTalk[]): number =>
  talk.length === 0 ? 0 : (TALK_LINES + 1) * TALK_LINE

/** What players said, at its time: in words as long as there is room, else a dot that says it when pointed at. */
export function drawTalk(
  axis: Axis,
  talk: readonly PicturedTalk[],
  who: (player: PlayerRef) => { readonly name: string; readonly hue: string },
  top: number,
): Markup {
  const ends = new Array<number>(TALK_LINES).fill(-Infinity)
  let words = 0
  const drawn = talk.slice(0, MAX_DOTS).map(({ frame, player, text: said }) => {
    const { name, hue } = who(player)
    const x = axis.x(frame)
    const line = fitted(`${name}: ${plainLine(said, 60)}`, 12, RIGHT - x - 12)
    const at = words < MAX_SAID ? ends.findIndex((end) => end < x) : -1
    const fits = line !== '' && at >= 0
    // Dots have a line of their own, below the words.
    const y = top + 14 + (fits ? at : TALK_LINES) * TALK_LINE
    if (fits) {
      ends[at] = x + widthOf(line, 12) + 16
      words++
    }
    return element(
      'g',
      { fill: hue },
      element('title', {}, text(`${name}, bar ${barAt(axis, frame)}: ${plainLine(said)}`)),
      element('circle', { cx: x, cy: y, r: fits ? 3 : 2 }),
      fits ? element('text', { class: 'said', x: x + 8, y: y + 4 }, text(line)) : undefined,
    )
  })
  return joined([element('text', { class: 'side', x: LEFT - 14, y: top + 18 }, text('said')), ...drawn])
}
