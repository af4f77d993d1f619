import { decibelsOf } from '../../lib/mix/index.ts'
import { styled, type Look, type Span } from '../terminal/index.ts'

/** What the end of a meter that is silent stands for; the other is 0 dBFS. */
const LEAST = -48
/** From here on it is loud, and too loud. */
const LOUD = -12
const TOO_LOUD = -3

/** Of 0 to 1. */
export const shareOf = (level: number): number => clamp((decibelsOf(level) - LEAST) / -LEAST)
const clamp = (share: number): number => Math.max(0, Math.min(1, share))

/** A meter from left to right: solid up to the RMS, shaded up to the peak. */
export function meter([peak, rms]: readonly [number, number], columns: number, silent: boolean): Span[] {
  const solid = Math.round(shareOf(rms) * columns)
  const shaded = Math.max(solid, Math.round(shareOf(peak) * columns))
  const cells = Array.from({ length: columns }, (_, at) => (at < solid ? '█' : at < shaded ? '▒' : '·'))
  const spans: Span[] = []
  let from = 0
  for (const [look, to] of zones(columns)) {
    const lit = cells.slice(from, Math.min(to, shaded)).join('')
    if (lit !== '') spans.push(styled(lit, silent ? 'gray' : look))
    from = to
  }
  const dark = cells.slice(shaded).join('')
  return dark === '' ? spans : [...spans, styled(dark, 'gray')]
}

/** How a meter's cells look, up to which. */
const zones = (cells: number): [Look, number][] => [
  ['green', Math.round(((LOUD - LEAST) / -LEAST) * cells)],
  ['yellow', Math.round(((TOO_LOUD - LEAST) / -LEAST) * cells)],
  ['red', cells],
]

/** How a cell of a meter looks that has so many, counted from the silent end. */
export const lookOf = (cell: number, cells: number): Look => zones(cells).find(([, to]) => cell < to)?.[0] ?? 'red'

/** A level in dBFS: `-9.3`; nothing where it is silent. */
export function figure(level: number): string {
  const decibels = decibelsOf(level)
  return level > 0 && decibels > -100 ? decibels.toFixed(1) : ''
}
