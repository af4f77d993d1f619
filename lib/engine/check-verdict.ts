import type { Frames } from '../base/index.ts'
import type { Measures } from './check-generator.ts'
import { BEATS_PER_BAR, trialGrid, type TrialPlan } from './trial-jam.ts'

/** Something to act on. */
export interface Finding {
  readonly code: FaultCode | WarningCode
  readonly message: string
}
/** What makes a generator unfit to be published. */
export type FaultCode = 'fails' | 'inexact' | 'silent'
/** What would better be mended. */
export type WarningCode = 'peak' | 'dc' | 'not-finite' | 'click-start' | 'click-stop' | 'cost' | 'size'

/** What follows from what was measured. */
export interface Verdict {
  /** Whether it may be published: without faults. */
  readonly fit: boolean
  /** Whether it gives the same everywhere. */
  readonly exact: boolean
  /** Why it does not. */
  readonly why?: string
  /** Whether it came above -80 dBFS. */
  readonly sounded: boolean
  readonly faults: readonly Finding[]
  readonly warnings: readonly Finding[]
}

/** Peaks at a generator's defaults, dBFS: a mix of a dozen of these needs no limiter. */
const PEAKS = { least: -12, most: -6 } as const
/** What is softer is silence. */
const SILENCE = -80
const MOST_DC = 0.001
/** Of one core in real time. */
const MOST_SHARE = 0.1
/** Bytes of an archive that reaches everybody before they hear it. */
const MOST_SIZE = 1_048_576

/** A process is nobody's to promise: its time, its machine and its interpreter are part of what it gives. */
export const PROCESS_WHY =
  'it runs as a process: what it gives depends on the machine, so a replay of it is marked inexact, and each listener has to allow it'

interface Checked {
  /** Bytes of the archive. */
  readonly size: number
  readonly plan: TrialPlan
  readonly measures: Measures
}

/** What follows for who is about to publish it. */
export function verdictOf({ size, plan, measures }: Checked): Verdict {
  const place = placesAt(plan)
  const why = inexactBy(measures, place)
  const { failure, sets } = measures.trial
  const sounded = measures.peak >= SILENCE
  const fails = failure && `it fails at ${place(failure.frame)}: ${failure.message} (${failure.code})`
  const silent = failure || sounded || sets > 0 ? undefined : SILENT
  const faults = findings({ fails, inexact: why, silent })
  const warnings = findings(
    warningsOf(measures, size, sounded && Object.keys(plan.params).length === 0 ? 'at its defaults' : 'otherwise'),
  )
  return {
    fit: faults.length === 0,
    exact: why === undefined,
    ...(why !== undefined && { why }),
    sounded,
    faults,
    warnings,
  }
}

/** Those that there are, in their order. */
const findings = (all: Partial<Record<Finding['code'], string | undefined>>): readonly Finding[] =>
  Object.entries(all).flatMap(([code, message]) =>
    message === undefined ? [] : [{ code: code as Finding['code'], message }],
  )

/** Where a frame lies, in words; bars and beats from 1. */
function placesAt({ tempo }: TrialPlan): (frame: Frames) => string {
  const grid = trialGrid(tempo)
  return (frame) => {
    const { beat, bar } = grid.positionAt(frame)
    const inBar = beat - Math.floor(bar) * BEATS_PER_BAR
    return `frame ${frame} (bar ${Math.floor(bar) + 1}, beat ${(inBar + 1).toFixed(2)})`
  }
}

const SILENT =
  'it never sounded and set no tag: where it waits for a tag or a parameter, give it with --set or --param, and where for a later bar, more --bars'

function inexactBy({ runs, trial }: Measures, place: (frame: Frames) => string): string | undefined {
  const [first] = runs
  for (const { engine, differs, tagsSha256 } of runs) {
    if (differs !== undefined) return `${engine}: what it gives differs from ${place(differs)} on. ${OUR_ERROR}`
    if (tagsSha256 !== first?.tagsSha256) return `${engine}: the tags that it sets differ. ${OUR_ERROR}`
  }
  return trial.ambient ? AMBIENT : undefined
}

const OUR_ERROR = 'That is an error of Marmalade or of V8, not of the generator: please report it with the archive'
const AMBIENT =
  'it reads local/… or net/…: what each listener hears differs, and in a replay of the score these are never set. Follow a tag that a player sets instead'

function warningsOf(
  measures: Measures,
  size: number,
  level: 'at its defaults' | 'otherwise',
): Partial<Record<WarningCode, string | undefined>> {
  const { peak, dc, notFinite, clicks, cost } = measures
  return {
    'not-finite':
      notFinite > 0
        ? `${notFinite} samples are no finite number, and the mix makes them zero: look for a division by zero or a filter that runs away`
        : undefined,
    peak: level === 'at its defaults' ? peakWords(peak) : undefined,
    dc:
      dc > MOST_DC
        ? `its mean is ${dc.toPrecision(2)} of full scale, above ${MOST_DC}: take the offset away where it arises, or add a high-pass at 10 Hz`
        : undefined,
    'click-start':
      clicks.start === undefined
        ? undefined
        : `its first sample is at ${db(clicks.start)}: begin near zero, for the mix fades the first 5 ms in and takes such an edge off`,
    'click-stop':
      clicks.stop === undefined
        ? undefined
        : `it jumps by ${db(clicks.stop)} where it is stopped: let it fade or ring on after mm_stop, and strike nothing more`,
    cost:
      cost.share > MOST_SHARE
        ? `it takes ${percent(cost.share)} of a core here, above ${percent(MOST_SHARE)}: do once a block what need not be done once a frame`
        : undefined,
    size:
      size > MOST_SIZE
        ? `its archive of ${(size / MOST_SIZE).toFixed(1)} MiB is larger than 1 MiB, and everybody waits for it: leave out what it does not play, shorten its samples`
        : undefined,
  }
}

function peakWords(peak: number): string | undefined {
  const { least, most } = PEAKS
  if (peak > most)
    return `its peak of ${db(peak)} is above ${most} dBFS: lower it by ${(peak - most).toFixed(1)} dB or more`
  if (peak < least)
    return `its peak of ${db(peak)} is below ${least} dBFS: raise it by ${(least - peak).toFixed(1)} dB or more`
  return undefined
}

const db = (level: number): string => `${level.toFixed(1)} dBFS`
const percent = (share: number): string => `${(share * 100).toFixed(0)} %`
