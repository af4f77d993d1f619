import { LEFT, MARGIN } from './axis.ts'
import { drawShape } from './clip.ts'
import { drawDifference } from './difference.ts'
import { most } from './layout.ts'
import { fitted, plainLine } from './lettering.ts'
import { CONTEXT, MIX } from './overview.ts'
import { INK, SOFT } from './palette.ts'
import { drawGround, drawRuler, RULER } from './ruler.ts'
import type { Sheet } from './sheet.ts'
import { drawStrip, drawTalk, STRIP, stripsOf, talkHeight } from './strips.ts'
import type { PicturedRendition } from './types.ts'
import { drawWave } from './wave.ts'
import { element, joined, text, type Markup } from './xml.ts'

const LANE_GAP = 4
const ROW_GAP = 10
const TITLE = 30
/** What comes back of the buses that instances share, and the mix: rows below those of tracks, and their heights. */
const SUMS = [
  { path: 'room', height: 30, color: SOFT },
  { path: 'echo', height: 30, color: SOFT },
  { path: MIX, height: 64, color: INK },
] as const

/** A drawing, and where it ends. */
export interface Drawn {
  readonly drawn: Markup
  readonly bottom: number
}

/** One rendition from `top` on: ruler, tracks, returns, the mix, tags, and what was said where it is the last. */
export function drawPanel(sheet: Sheet, rendition: PicturedRendition, top: number): Drawn {
  const { picture, axis } = sheet
  const { overview, title } = rendition
  const context = overview.points(CONTEXT)
  const ground = top + (title === undefined ? 0 : TITLE) + RULER
  const rows = drawRows(sheet, rendition, ground + ROW_GAP)
  const parts = [drawRuler(axis, context, ground), rows.drawn]
  if (title !== undefined)
    parts.push(element('text', { class: 'panel', x: LEFT, y: top + 18 }, text(plainLine(title, 150))))
  let y = rows.bottom
  for (const sum of SUMS) {
    const drawn = drawSum(sheet, rendition, { ...sum, top: y })
    if (!drawn) continue
    parts.push(drawn)
    y += sum.height + LANE_GAP
  }
  for (const tag of stripsOf(overview)) {
    parts.push(drawStrip(axis, tag, overview.points(tag), y))
    y += STRIP
  }
  if (rendition === picture.renditions.at(-1) && picture.talk.length > 0) {
    parts.push(drawTalk(axis, picture.talk, sheet.who, y))
    y += talkHeight(picture.talk)
  }
  return { drawn: joined([drawGround(axis, context, ground, y), ...parts]), bottom: y }
}

function drawRows(sheet: Sheet, rendition: PicturedRendition, top: number): Drawn {
  const { rows, lane: height } = sheet
  const parts: Markup[] = []
  let y = top
  for (const { track, lanes } of rows) {
    parts.push(label(track, y + height / 2, height))
    for (const shapes of lanes) {
      for (const shape of shapes) parts.push(drawShape(sheet, rendition, shape, { top: y, height }))
      y += height + LANE_GAP
    }
    y += ROW_GAP - LANE_GAP
  }
  return { drawn: joined(parts), bottom: y }
}

/** The name of a row beside its first lane, no larger than the lane. */
function label(track: string, middle: number, height: number): Markup {
  const size = height < 20 ? 11 : 14
  const shown = fitted(plainLine(track), size + 1, LEFT - 14 - MARGIN)
  return element(
    'text',
    { class: 'track', x: LEFT - 14, y: middle + size / 3, style: `font-size:${size}px` },
    text(shown),
  )
}

interface Sum {
  readonly path: string
  readonly top: number
  readonly height: number
  readonly color: string
}

/** A return, or the mix, each as large as it gets; undefined where it was never heard. */
function drawSum({ axis, picture, column }: Sheet, { overview }: PicturedRendition, sum: Sum): Markup | undefined {
  const { path, top, height, color } = sum
  const envelope = overview.envelope(path, column)
  if (!envelope) return undefined
  const full = most(envelope.peak)
  const place = { axis, width: column, middle: top + height / 2, half: height / 2 - 2, full }
  return element(
    'g',
    { fill: color },
    element('text', { class: 'side', x: LEFT - 14, y: top + height / 2 + 4 }, text(path)),
    ...(full > 0 ? drawWave(envelope, place, { peak: 'peak', rms: 'rms' }) : []),
    ...drawDifference(axis, picture, [path], { top, height }),
  )
}
