import type { Frames, Micros } from '../base/index.ts'
import type { TagPoint, TagValue } from './types.ts'

/** The format that this version writes; what says another number is passed over. */
const POINTS_VERSION = 1

/** Points of one path that came one after the other. */
export interface PointRun {
  readonly path: string
  /** Points of the path that the state had before these: where a run does not go on from the one before, some were lost. */
  readonly before: number
  /** Oldest first. */
  readonly points: readonly TagPoint[]
}

/** What is read of a part: points of one state. */
export interface PointsPart {
  /** Which state they are of: microseconds since 1970, of its first session. */
  readonly since: Micros
  readonly runs: readonly PointRun[]
  /** Lines of what is wanted, or of what cannot be told, that cannot be read. */
  readonly damaged: number
}

/** The first line of each part. */
export const encodePointsHeader = (since: Micros): string =>
  `${JSON.stringify({ kind: 'points', version: POINTS_VERSION, since })}\n`

/** A further line: the path, how many points it had before, then `[frame, value]` for each. */
export const encodePointRun = ({ path, before, points }: PointRun): string =>
  `${JSON.stringify({ path, before, points: points.map(({ frame, value }) => [frame, value]) })}\n`

/**
 * Reads a part. A last line without its line feed is what a crash or a full disk left, and is passed over.
 * @param finds which paths are wanted
 * @returns undefined where it is no part, or one of another version
 */
export function parsePoints(content: string, finds: (path: string) => boolean): PointsPart | undefined {
  const [first, ...lines] = content.split('\n').slice(0, -1)
  const since = sinceOf(parsed(first ?? ''))
  if (since === undefined) return undefined
  const runs: PointRun[] = []
  let damaged = 0
  for (const line of lines) {
    const run = parsed(line)
    if (typeof run['path'] === 'string' && !finds(run['path'])) continue
    if (isRun(run)) runs.push({ ...run, points: run.points.map(([frame, value]) => ({ frame, value })) })
    else damaged++
  }
  return { since, runs, damaged }
}

function sinceOf(line: Readonly<Record<string, unknown>>): Micros | undefined {
  const { kind, version, since } = line
  return kind === 'points' && version === POINTS_VERSION && Number.isSafeInteger(since) ? (since as Micros) : undefined
}

/** A line as JSON, whatever it says: there may be millions, so they are not held against a schema. */
function parsed(line: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(line)
    return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : {}
  } catch {
    return {}
  }
}

interface Run {
  readonly path: string
  readonly before: number
  readonly points: readonly (readonly [frame: Frames, value: TagValue])[]
}

function isRun(line: object): line is Run {
  const { path, before, points } = line as Partial<Record<keyof Run, unknown>>
  if (typeof path !== 'string' || !Number.isSafeInteger(before) || !Array.isArray(points)) return false
  return points.every(
    (point) =>
      Array.isArray(point) &&
      typeof point[0] === 'number' &&
      (typeof point[1] === 'number' || typeof point[1] === 'string'),
  )
}
