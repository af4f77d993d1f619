/** DEMO's table "Measured, not claimed", from samples. */
import { SAMPLE_RATE, TICKS_PER_BEAT } from '../../lib/base/index.ts'
import { Chain } from '../../lib/mix/chain.ts'
import { decibelsOf } from '../../lib/mix/levels.ts'
import { LoudnessMeter } from '../../lib/mix/loudness.ts'
import { onsets } from '../../lib/mix/onsets.ts'
import type { Part, Rendered } from './render.ts'
import { bandLevels } from './spectrum.ts'

export interface Row {
  readonly what: string
  readonly wanted: string
  readonly measured: string
  readonly holds: boolean
}

/** Steps that onsets are held against, in pairs counted from the bar. */
export interface Steps {
  readonly beats: number
  /** Where in a pair the second lies: 0.5 straight. */
  readonly swing: number
}

/** What a table needs to know of a tune. */
export interface About {
  /** Bars from 1, `to` not included. */
  readonly sections: readonly { readonly name: string; readonly from: number; readonly to: number }[]
  readonly lattice: readonly Steps[]
  /** Whether a part's sounds strike: those of a pad swell. */
  readonly strikes: (part: string) => boolean
  /** Whether something of a part is to be heard in a whole bar. */
  readonly plays: (part: string, bar: number) => boolean
}

export const FIRST_LIGHT: About = {
  sections: [{ name: 'drop', from: 17, to: 25 }],
  lattice: [{ beats: 0.25, swing: 0.5 }],
  strikes: (part) => part !== 'chords',
  plays: () => true,
}

/** Every row of the table; the same on every machine. */
export function measure(rendered: Rendered, about: About): Row[] {
  const { left, right, bar, parts, limited } = rendered
  const meter = new LoudnessMeter()
  meter.push(left, right)
  const { loudness, peak, mean } = meter.levels()
  const sections = about.sections.map((one) => ({ ...one, lufs: meter.integrated(bar(one.from), bar(one.to)) }))
  const loudest = sections.reduce((most, one) => (one.lufs > most.lufs ? one : most))
  const under = loudest.lufs - meter.integrated(bar(1), bar(5))
  const [bright = -Infinity] = bandLevels(left, right, bar(loudest.from), bar(loudest.to), [[2_000, 8_000]])
  const { off, where } = worstOf(parts.map((part) => worstOnset(part, rendered, about)))
  const quiet = Math.min(...parts.map((part) => quietestBar(part, rendered, about)))
  const click = clickOfSine()
  return [
    row('loudness', '-16 LUFS within 2', `${loudness.toFixed(1)} LUFS`, Math.abs(loudness + 16) <= 2),
    row('peak', 'at most -1 dBFS', `${peak.toFixed(2)} dBFS`, peak <= -0.999),
    row('limiter takes', 'at most 1 dB', `${limited.toFixed(2)} dB`, limited <= 1),
    row('mean', 'below 0.001', mean.toExponential(1), mean < 0.001),
    row(`first four bars under the ${loudest.name}`, 'at least 6 LU', `${under.toFixed(1)} LU`, under >= 6),
    row(`2 to 8 kHz in the ${loudest.name}, of the whole`, 'above -20 dB', `${bright.toFixed(1)} dB`, bright > -20),
    row('onsets off the grid', 'at most 5 ms', `${off.toFixed(2)} ms (${where})`, off <= 5),
    row('quietest bar of a sounding instance, peak', 'above -80 dBFS', `${quiet.toFixed(1)} dBFS`, quiet > -80),
    row(
      '100 Hz at -6 dBFS cut in mid-cycle, above 5 kHz in 10 ms',
      'below -60 dBFS',
      `${click.toFixed(1)} dBFS`,
      click < -60,
    ),
  ]
}

/** Replay against real time: of this machine, so no part of the table. */
export function speedOf({ bar, bars, cpu }: Rendered): Row {
  const speed = bar(bars + 1) / SAMPLE_RATE / cpu
  return row('replay on one core', 'above 40 x real time', `${speed.toFixed(0)} x`, speed > 40)
}

const row = (what: string, wanted: string, measured: string, holds: boolean): Row => ({ what, wanted, measured, holds })

function peakOf(left: Float32Array, right: Float32Array, from: number, to: number): number {
  let peak = 0
  for (let i = from; i < to; i++) peak = Math.max(peak, Math.abs(left[i] ?? 0), Math.abs(right[i] ?? 0))
  return peak
}

/** Milliseconds by which an onset is off the grid, and in which bar of which part. */
interface Onset {
  readonly off: number
  readonly where: string
}

const worstOf = (onsets: readonly Onset[]): Onset =>
  onsets.reduce((most, one) => (one.off > most.off ? one : most), { off: 0, where: 'none' })

/** The onset that is furthest from the grid, of what strikes. */
function worstOnset({ generator, left, right }: Part, { bar, bars, grid }: Rendered, about: About): Onset {
  if (!about.strikes(generator)) return worstOf([])
  const from = bar(1)
  const found = onsets(left.subarray(from, bar(bars + 1)), right.subarray(from, bar(bars + 1)))
  const off = found.map((onset) => {
    const beat = grid.beatOfFrame(onset + from)
    const nth = Math.floor(grid.barOfBeat(beat))
    const barStart = grid.tickOfBar(nth) / TICKS_PER_BEAT
    const near = about.lattice
      .flatMap((steps) => places(beat - barStart, steps))
      .map((place) => (Math.abs(onset + from - grid.frameOfBeat(barStart + place)) * 1000) / SAMPLE_RATE)
    return { off: Math.min(...near), where: `${generator}, bar ${nth + 1}` }
  })
  return worstOf(off)
}

/** Those next to a beat of the bar. */
function places(beat: number, { beats, swing }: Steps): number[] {
  const first = Math.floor(beat / (2 * beats)) * 2 * beats
  return [first, first + swing * 2 * beats, first + 2 * beats]
}

/** dBFS of the peak in the quietest whole bar of a part in which it has something to play; infinite without any. */
function quietestBar({ generator, start, left, right }: Part, { bar, bars }: Rendered, { plays }: About): number {
  let least = Infinity
  for (let n = 1; n <= bars; n++)
    if (bar(n) >= start && plays(generator, n)) least = Math.min(least, peakOf(left, right, bar(n), bar(n + 1)))
  return least < Infinity ? decibelsOf(least) : Infinity
}

/** The loudest sample above 5 kHz within 10 ms of either end of a sine that an instance's chain starts and stops. */
function clickOfSine(): number {
  const chain = new Chain(0, 0)
  const frames = 9_600
  const stop = 4_931
  const sine = Float32Array.from(
    { length: frames },
    (_, i) => 0.5 * Math.sin((2 * Math.PI * 100 * i) / SAMPLE_RATE + 1),
  )
  const out = new Float32Array(frames * 2)
  const other = new Float32Array(frames * 2)
  chain.run(sine, sine, out, other, 480, stop)
  chain.release()
  chain.run(sine.subarray(stop), sine.subarray(stop), out, other, 480 + stop, frames - stop)
  const high = highPass(highPass(out, 0.5412), 1.3066)
  return decibelsOf(Math.max(peakOf(high, high, 0, 960), peakOf(high, high, stop, 480 + stop + 720)))
}

/** Two of these, Q .5412 and 1.3066, are a Butterworth of fourth order at 5 kHz. Source: RBJ's Audio EQ Cookbook. */
function highPass(x: Float32Array, q: number): Float32Array {
  const w = (2 * Math.PI * 5_000) / SAMPLE_RATE
  const alpha = Math.sin(w) / (2 * q)
  const c = Math.cos(w)
  const a0 = 1 + alpha
  const y = new Float32Array(x.length)
  for (let i = 0; i < x.length; i++) {
    const input = ((1 + c) / 2) * ((x[i] ?? 0) - 2 * (x[i - 1] ?? 0) + (x[i - 2] ?? 0))
    y[i] = (input + 2 * c * (y[i - 1] ?? 0) - (1 - alpha) * (y[i - 2] ?? 0)) / a0
  }
  return y
}
