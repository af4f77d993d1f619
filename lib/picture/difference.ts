import type { Frames } from '../base/index.ts'
import { barAt, framesWide, type Axis } from './axis.ts'
import { INK } from './palette.ts'
import type { Picture } from './types.ts'
import { element, text, type Markup } from './xml.ts'

/** What is hatched where two renditions differ. */
const HATCH = 'differs'

/** To be defined once in a picture of two. */
export const hatch = (): Markup =>
  element(
    'defs',
    {},
    element(
      'pattern',
      { id: HATCH, width: 6, height: 6, patternUnits: 'userSpaceOnUse', patternTransform: 'rotate(45)' },
      element('line', { x1: 0, y1: 0, x2: 0, y2: 6, stroke: INK, 'stroke-width': 1.6, 'stroke-opacity': 0.45 }),
    ),
  )

interface Where {
  readonly top: number
  readonly height: number
}

/** Hatches the bars in which any of these is not the same in both; bars that lie close together as one. */
export function drawDifference(
  axis: Axis,
  { differences }: Pick<Picture, 'differences'>,
  paths: readonly string[],
  { top, height }: Where,
): Markup[] {
  const wanted = new Set(paths)
  const bars = new Set<number>()
  for (const { path, bars: differing } of differences) if (wanted.has(path)) for (const bar of differing) bars.add(bar)
  const near = framesWide(axis, 2)
  const runs: { from: Frames; to: Frames }[] = []
  for (const bar of [...bars].sort((a, b) => a - b)) {
    const [from, to] = [axis.grid.frameOfBar(bar), axis.grid.frameOfBar(bar + 1)]
    const last = runs.at(-1)
    if (last && from <= last.to + near) last.to = to
    else runs.push({ from, to })
  }
  return runs.flatMap(({ from, to }) => {
    const [x, end] = [axis.x(from), axis.x(to)]
    if (end <= x) return []
    const said = `not the same in both from bar ${barAt(axis, from)} to before bar ${barAt(axis, to)}`
    const where = { x, y: top, width: Math.max(2, end - x), height, fill: `url(#${HATCH})` }
    return [element('rect', where, element('title', {}, text(said)))]
  })
}
