import { SAMPLE_RATE, type Frames } from '../base/index.ts'
import { BUDGET } from '../generators/index.ts'
import { LoudnessMeter, TruePeak, decibelsOf } from '../mix/index.ts'
import { clicksOf, type Clicks } from './clicks.ts'
import { firstDifference, Recording } from './recording.ts'
import { runTrialIn } from './trial-again.ts'
import { runTrial, type TakeRaw, type Trial, type TrialInit } from './trial.ts'
import type { Work } from './trial-voice.ts'

/** A trial, compared with the first. */
export interface Run {
  readonly engine: string
  readonly samplesSha256: string
  readonly tagsSha256: string
  /** The first frame that differs from the first run's; left out where every sample is the same. */
  readonly differs?: Frames
}

/** What there is to know of a generator before it is published. Levels are of what it wrote, before the mix touches it. */
export interface Measures {
  /** The first is what the others are compared with. */
  readonly runs: readonly Run[]
  readonly trial: Omit<Trial, 'work'>
  /** The most steps of a block, and how many it may take. */
  readonly steps: { readonly most: number; readonly budget: number }
  readonly cost: Cost
  /** Pages of 64 KiB. */
  readonly pages: number
  /** Largest magnitude of a sample, dBFS; -Infinity of silence. */
  readonly peak: number
  /** dBFS between the samples too. */
  readonly truePeak: number
  /** Integrated, LUFS; -Infinity where nothing is loud enough to be counted. */
  readonly loudness: number
  /** Mean of all samples of the worse side, its first and last 100 ms weighed in a slope, as a factor of full scale. */
  readonly dc: number
  /** Samples that were no numbers, or infinite: the mix makes them zero. */
  readonly notFinite: number
  readonly clicks: Clicks
}

/** Of each block the lesser of two runs: what a block takes on a machine that does nothing else. */
export interface Cost {
  /** Microseconds. */
  readonly median: number
  readonly p99: number
  /** Of one core in real time, 0 to 1. */
  readonly share: number
}

/** Another engine: a process of its own with other flags for V8. */
export interface OtherEngine {
  readonly engine: string
  readonly flags: readonly string[]
}
/** Engines beside this process's own, which goes from the one compiler to the other while it runs. */
const OTHERS: readonly OtherEngine[] = [
  // `--no-wasm-tier-up` does not do: what is called often is optimized all the same.
  { engine: 'baseline compiler', flags: ['--liftoff-only'] },
  { engine: 'optimizing compiler', flags: ['--no-liftoff'] },
]

/**
 * Plays a WASM generator alone four times, twice in this process and once with each of V8's compilers in another, compares
 * what it wrote bit by bit, and measures it.
 * @throws MarmaladeError as `runTrial` and `runTrialIn` do
 */
export async function checkGenerator(init: TrialInit, others = OTHERS): Promise<Measures> {
  const recording = new Recording()
  const first = await runTrial(init, (left, right) => recording.push(left, right))
  const again = await compared('same process again', first, recording, (take) => runTrial(init, take))
  const runs = [runOf('this process', first), again.run]
  for (const { engine, flags } of others)
    runs.push((await compared(engine, first, recording, (take) => runTrialIn(flags, init, take))).run)
  const { work, ...trial } = first
  return {
    runs,
    trial,
    steps: { most: work.steps, budget: BUDGET.block },
    cost: costOf([work, again.trial.work], first.frames),
    pages: work.pages,
    ...levelsOf(recording),
    clicks: clicksOf(recording, first.stop),
  }
}

const runOf = (engine: string, { samplesSha256, tagsSha256 }: Trial): Run => ({ engine, samplesSha256, tagsSha256 })

async function compared(
  engine: string,
  first: Trial,
  recording: Recording,
  run: (take: TakeRaw) => Promise<Trial>,
): Promise<{ readonly run: Run; readonly trial: Trial }> {
  let differs: Frames | undefined
  const trial = await run((left, right, at) => {
    if (differs !== undefined) return
    const offset = firstDifference([left, right], recording.part(at, at + left.length))
    if (offset !== undefined) differs = at + offset
  })
  if (trial.frames < first.frames) differs ??= trial.frames
  return { run: { ...runOf(engine, trial), ...(differs !== undefined && { differs }) }, trial }
}

function costOf([a, b]: readonly [Work, Work], frames: Frames): Cost {
  const least = a.micros.map((micros, block) => Math.min(micros, b.micros[block] ?? micros))
  const total = least.reduce((sum, micros) => sum + micros, 0)
  const sorted = least.toSorted()
  const at = (share: number): number => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0
  return { median: at(0.5), p99: at(0.99), share: frames === 0 ? 0 : total / ((frames * 1e6) / SAMPLE_RATE) }
}

/** Frames that are measured at a time. */
const PIECE: Frames = 8_192

function levelsOf(recording: Recording): Pick<Measures, 'peak' | 'truePeak' | 'loudness' | 'dc' | 'notFinite'> {
  const meter = new LoudnessMeter()
  const truePeak = new TruePeak()
  const sums = [0, 0]
  let notFinite = 0
  for (let at = 0; at < recording.frames; at += PIECE) {
    const sides = recording.part(at, at + PIECE)
    for (const [which, side] of sides.entries()) {
      notFinite += makeFinite(side)
      const weighed = side.reduce((sum, x, i) => sum + x * weightOf(at + i, recording.frames), 0)
      sums[which] = (sums[which] ?? 0) + weighed
    }
    meter.push(...sides)
    truePeak.push(...sides)
  }
  const { loudness, peak } = meter.levels()
  const dc = Math.max(...sums.map(Math.abs)) / Math.max(1, recording.frames - SLOPE)
  return { peak, truePeak: decibelsOf(truePeak.peak), loudness, dc, notFinite }
}

/** Where a mean is cut off in mid-cycle, a low note would pass for an offset. */
const SLOPE: Frames = SAMPLE_RATE / 10

const weightOf = (frame: Frames, frames: Frames): number => Math.min(1, frame / SLOPE, (frames - frame) / SLOPE)

/** As the mix does. Gives how many there were. */
function makeFinite(side: Float32Array): number {
  let count = 0
  for (let i = 0; i < side.length; i++) {
    if (Number.isFinite(side[i])) continue
    side[i] = 0
    count++
  }
  return count
}
