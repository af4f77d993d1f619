import { axisOf, framesWide, LEFT, MARGIN, RIGHT, WIDTH } from './axis.ts'
import { hatch } from './difference.ts'
import { least, most, rowsOf, type Row } from './layout.ts'
import { fitted, plainLine, widthOf } from './lettering.ts'
import { PAPER, STYLE } from './palette.ts'
import { drawPanel, type Drawn } from './panel.ts'
import { whoOf, type Sheet } from './sheet.ts'
import type { Picture } from './types.ts'
import { element, joined, text, type Markup } from './xml.ts'

/** Players in the legend, instances of each there, and lines of reasons. */
const MAX_PLAYERS = 18
const MAX_BROUGHT = 6
const MAX_REASONS = 16
const LEGEND_LINE = 28
/** Between panels. */
const GAP = 34
/** Shapes that lie closer than this are hardly apart. */
const HARDLY = 3

/**
 * Draws a jam: one SVG 1.1 document with no scripts and nothing outside of it, the same bytes for the same picture. However
 * long the jam and however many its instances, it stays below 2 MB for each rendition.
 */
export function drawPicture(picture: Picture): string {
  const { renditions, grid } = picture
  const from = least(renditions.map((one) => one.from))
  const to = most(renditions.map((one) => one.to))
  const axis = axisOf(grid, from, to)
  const rows = rowsOf(renditions, framesWide(axis, HARDLY))
  const talk = picture.talk.filter(({ frame }) => frame >= from && frame < to)
  const sheet: Sheet = {
    picture: { ...picture, talk },
    axis,
    rows,
    lane: laneHeight(rows),
    column: most(renditions.map(({ overview }) => overview.width)),
    full: loudest(picture),
    who: whoOf(picture.players),
  }
  const head = drawHead(sheet)
  const parts = [head.drawn]
  let y = head.bottom
  for (const rendition of renditions) {
    const panel = drawPanel(sheet, rendition, y)
    parts.push(panel.drawn)
    y = panel.bottom + GAP
  }
  const foot = drawFoot(picture, y)
  const height = Math.ceil(foot.bottom + MARGIN)
  return document(picture, height, joined([...parts, foot.drawn]))
}

function document({ title, renditions }: Picture, height: number, drawn: Markup): string {
  const size = { width: WIDTH, height, viewBox: `0 0 ${WIDTH} ${height}` }
  const svg = element(
    'svg',
    { xmlns: 'http://www.w3.org/2000/svg', ...size, role: 'img' },
    element('title', {}, text(plainLine(title))),
    element('style', {}, text(STYLE)),
    renditions.length > 1 ? hatch() : undefined,
    element('rect', { width: WIDTH, height, fill: PAPER }),
    drawn,
  )
  return `<?xml version="1.0" encoding="UTF-8"?>\n${svg}\n`
}

/** The fewer lanes, the higher: a picture of one instance fills a page too, and one of many is no tower. */
function laneHeight(rows: readonly Row[]): number {
  const lanes = rows.reduce((sum, row) => sum + row.lanes.length, 0)
  const heights = [
    [1, 220],
    [3, 120],
    [6, 88],
    [10, 64],
    [18, 46],
    [32, 32],
  ] as const
  return heights.find(([most]) => lanes <= most)?.[1] ?? 24
}

/** The highest peak of any instance: what is loud in one lane is as loud in the next. */
function loudest({ renditions }: Picture): number {
  const highest = most(
    renditions.flatMap(({ overview, instances }) =>
      instances.map(({ path }) => most(overview.envelope(path)?.peak ?? [])),
    ),
  )
  return highest > 0 ? highest : 1
}

function drawHead({ picture, who }: Sheet): Drawn {
  const { title, facts, players, renditions } = picture
  const shown = fitted(plainLine(title, 80), 54, WIDTH - 2 * MARGIN)
  const parts = [
    element('text', { class: 'title', x: MARGIN - 3, y: 104 }, text(shown)),
    element(
      'text',
      { class: 'facts', x: MARGIN, y: 138 },
      text(fitted(facts.map((fact) => plainLine(fact, 80)).join('  ·  '), 17, WIDTH - 2 * MARGIN)),
    ),
  ]
  let [x, y] = [MARGIN, 178]
  const put = (width: number, draw: (x: number, y: number) => Markup): void => {
    if (x > MARGIN && x + width > RIGHT) [x, y] = [MARGIN, y + LEGEND_LINE]
    parts.push(draw(x, y))
    x += width + 32
  }
  for (const { ref } of players.slice(0, MAX_PLAYERS)) {
    const { name, hue } = who(ref)
    const brought = broughtBy(picture, ref)
    const nameWidth = widthOf(name, 18)
    put(20 + nameWidth + widthOf(brought, 14) + 8, (left, base) =>
      element(
        'g',
        {},
        element('circle', { cx: left + 7, cy: base - 6, r: 7, fill: hue }),
        element(
          'text',
          { class: 'player', x: left + 22, y: base },
          text(name),
          brought === '' ? undefined : element('tspan', { class: 'brought', dx: 8 }, text(brought)),
        ),
      ),
    )
  }
  const more = players.length - MAX_PLAYERS
  if (more > 0)
    put(120, (left, base) => element('text', { class: 'brought', x: left, y: base }, text(`and ${more} more`)))
  if (renditions.length > 1)
    put(220, (left, base) =>
      element(
        'g',
        {},
        element('rect', { x: left, y: base - 13, width: 26, height: 14, fill: 'url(#differs)' }),
        element('text', { class: 'brought', x: left + 34, y: base }, text('not the same in both')),
      ),
    )
  return { drawn: joined(parts), bottom: y + 30 }
}

/** What a player's instances are called, as many as there is room for. */
function broughtBy({ renditions }: Picture, ref: string): string {
  const names = new Set<string>()
  for (const { instances } of renditions)
    for (const { path } of instances) if (path.startsWith(`${ref}/`)) names.add(plainLine(path.split('/')[2] ?? '', 24))
  const all = [...names]
  const more = all.length - MAX_BROUGHT
  return `${all.slice(0, MAX_BROUGHT).join(', ')}${more > 0 ? ` and ${more} more` : ''}`
}

function drawFoot({ reasons, credits }: Picture, top: number): Drawn {
  const parts: Markup[] = []
  let y = top
  const line = (what: string, value: Markup): void => {
    y += 20
    if (what !== '') parts.push(element('text', { class: 'side', x: LEFT - 14, y }, text(what)))
    parts.push(value)
  }
  reasons
    .slice(0, MAX_REASONS)
    .forEach((reason, nth) =>
      line(
        nth === 0 ? 'why' : '',
        element('text', { x: LEFT, y: y + 20 }, text(fitted(plainLine(reason), 12, RIGHT - LEFT))),
      ),
    )
  const more = reasons.length - MAX_REASONS
  if (more > 0) line('', element('text', { class: 'small', x: LEFT, y: y + 20 }, text(`and ${more} more`)))
  y += reasons.length > 0 ? 18 : 0
  parts.push(element('line', { class: 'line', x1: MARGIN, x2: RIGHT, y1: y, y2: y }))
  y += 6
  for (const [what, value] of credits)
    line(
      what,
      element('text', { class: 'hash', x: LEFT, y: y + 20 }, text(fitted(plainLine(value), 11.5, RIGHT - LEFT))),
    )
  return { drawn: joined(parts), bottom: y }
}
