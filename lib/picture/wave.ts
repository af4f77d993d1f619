import type { Frames } from '../base/index.ts'
import { LEFT, type Axis } from './axis.ts'
import type { Envelope } from './overview.ts'
import { element, type Markup } from './xml.ts'

/** Steps from the middle of a waveform to its edge at most: what is drawn is whole steps, which keeps paths short. */
const MAX_STEPS = 96

/** Several envelopes as one: the highest peak, the power of all. */
export function mergedEnvelope(envelopes: readonly Envelope[]): Envelope | undefined {
  const [only, ...more] = envelopes
  if (!only || more.length === 0) return only
  const first = envelopes.reduce((least, one) => Math.min(least, one.first), Infinity)
  const end = envelopes.reduce((most, one) => Math.max(most, one.first + one.peak.length), 0)
  const peak = new Array<number>(end - first).fill(0)
  const power = new Array<number>(end - first).fill(0)
  for (const one of envelopes) {
    one.peak.forEach((value, i) => {
      const at = one.first + i - first
      const rms = one.rms[i] ?? 0
      peak[at] = Math.max(peak[at] ?? 0, value)
      power[at] = (power[at] ?? 0) + rms * rms
    })
  }
  return { first, peak, rms: power.map((sum) => Math.sqrt(sum)) }
}

/** The part of an envelope from a column to before another; undefined where it has none. */
export function part({ first, peak, rms }: Envelope, from: number, to: number): Envelope | undefined {
  const [a, b] = [Math.max(0, from - first), Math.max(0, to - first)]
  if (a >= Math.min(b, peak.length)) return undefined
  return { first: first + a, peak: peak.slice(a, b), rms: rms.slice(a, b) }
}

interface Place {
  readonly axis: Axis
  /** Frames of a column. */
  readonly width: Frames
  /** The middle, and how far up and down it goes. */
  readonly middle: number
  readonly half: number
  /** What goes so far. */
  readonly full: number
}

/** Peaks, and over them the RMS where it is asked for, mirrored about the middle. */
export function drawWave(
  { first, peak, rms }: Envelope,
  { axis, width, middle, half, full }: Place,
  classes: { readonly peak: string; readonly rms?: string },
): Markup[] {
  const steps = Math.max(1, Math.min(MAX_STEPS, Math.round(half * 2)))
  const left = LEFT + (first * width - axis.from) * axis.each
  const at = `translate(${decimals(left, 2)} ${decimals(middle, 2)}) scale(${decimals(width * axis.each, 5)} ${decimals(half / steps, 5)})`
  const drawn = (values: readonly number[], className: string): Markup[] => {
    const d = outline(values.map((value) => Math.round((Math.min(value, full) / full) * steps)))
    return d === '' ? [] : [element('path', { class: className, transform: at, d })]
  }
  return [...drawn(peak, classes.peak), ...(classes.rms === undefined ? [] : drawn(rms, classes.rms))]
}

const decimals = (value: number, places: number): string => String(Number(value.toFixed(places)))

/** A closed path around each run of columns that are not nothing: one unit a column, as high and deep as the values. */
function outline(values: readonly number[]): string {
  let d = ''
  for (let from = 0; from < values.length;) {
    if (values[from] === 0) {
      from++
      continue
    }
    let to = from
    while (to < values.length && values[to] !== 0) to++
    d += run(values, from, to)
    from = to
  }
  return d
}

/** Each column's value at its left edge, the last one's at its right edge too. */
function run(values: readonly number[], from: number, to: number): string {
  const heights = [...values.slice(from, to), values[to - 1] ?? 0]
  const top = heights.map((height, i): Point => [from + i, -height])
  const bottom = heights.map((height, i): Point => [from + i, height]).reverse()
  const points = corners([...top, ...bottom])
  const [[x, y] = [0, 0], ...more] = points
  let d = `M${x} ${y}l`
  let [px, py] = [x, y]
  for (const [nx, ny] of more) {
    d += `${d.endsWith('l') || nx < px ? '' : ' '}${nx - px}${ny < py ? '' : ' '}${ny - py}`
    ;[px, py] = [nx, ny]
  }
  return `${d}z`
}

type Point = readonly [x: number, y: number]

/** Without the points that lie on a level line between their neighbours. */
const corners = (points: readonly Point[]): readonly Point[] =>
  points.filter(([, y], i) => {
    const [before, after] = [points[i - 1], points[i + 1]]
    return !before || !after || before[1] !== y || after[1] !== y
  })
