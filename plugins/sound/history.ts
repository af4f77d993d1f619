import { readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { Frames, Micros } from '../../lib/base/index.ts'
import type { Log } from '../../lib/host/index.ts'
import { parsePoints, type KeptPoints, type PointRun, type PointsPart, type TagPoint } from '../../lib/jam/index.ts'
import { MAX_ROWS, type TagRow } from './contract.ts'
import type { Heard } from './heard.ts'
import { isPart, MAX_PARTS, PART_BYTES } from './point-log.ts'
import { namesIn, POINTS } from './take-folder.ts'

/** Of what lies on disk, the newest bytes that are read for one answer: as much as one session keeps. */
const MAX_READ = PART_BYTES * MAX_PARTS

export interface Asked {
  /** A path, a name or a glob. */
  readonly glob: string
  /** Points with from <= frame < to. */
  readonly from?: Frames
  readonly to?: Frames
  /** So many of the newest of them. */
  readonly last?: number
}

interface Parts {
  readonly heard: Heard
  /** Of the jam's takes. */
  readonly folder: string
  readonly log: Log
}

/**
 * Points of a jam, oldest first: those in memory, and older ones that this session and those before it in the same jam
 * left on disk. Of more than MAX_ROWS the newest. `missed` says how many of its path are missing before a point.
 */
export async function pointsOf({ heard, folder, log }: Parts, asked: Asked): Promise<TagRow[]> {
  const kept = heard.state.kept(asked.glob)
  const gathering = new Gathering(asked)
  if (!isInMemory(kept, asked)) {
    try {
      await heard.flush()
      for await (const part of partsIn(folder, heard.state.finder(asked.glob))) {
        if (part.damaged > 0) log.warn({ lines: part.damaged }, 'old points of a jam are damaged')
        gathering.addPart(part, kept, heard.since)
      }
    } catch (error) {
      log.warn({ err: error }, 'old points of a jam cannot be read')
    }
  }
  gathering.turnTo(heard.since)
  for (const [path, { before, points }] of kept) gathering.addRun({ path, before, points })
  return gathering.rows()
}

/** Whether the newest points that are asked for are all newer than any that is in memory no longer. */
function isInMemory(kept: ReadonlyMap<string, KeptPoints>, { from, to, last }: Asked): boolean {
  if (from !== undefined || to !== undefined || last === undefined) return false
  let gone = -Infinity
  for (const { before, points } of kept.values()) if (before > 0) gone = Math.max(gone, points[0]?.frame ?? gone)
  let newer = 0
  for (const { points } of kept.values()) for (const { frame } of points) if (frame > gone) newer++
  return newer >= last
}

/** Points put in order as they are read, and no more of them than are asked for. */
class Gathering {
  readonly #asked: Asked
  readonly #most: number
  #rows: TagRow[] = []
  /** Rows that were too many. */
  #cut = 0
  /** Whose points come, and how many of each path have been there. */
  #since: Micros | undefined
  readonly #next = new Map<string, number>()

  constructor(asked: Asked) {
    this.#asked = asked
    this.#most = Math.min(asked.last ?? MAX_ROWS, MAX_ROWS)
  }

  /** What comes from now on is of this state. */
  turnTo(since: Micros | undefined): void {
    if (since !== this.#since) this.#next.clear()
    this.#since = since
  }

  /** What a part has that is not in memory. */
  addPart({ since, runs }: PointsPart, kept: ReadonlyMap<string, KeptPoints>, own: Micros | undefined): void {
    this.turnTo(since)
    for (const run of runs) {
      const { before = Infinity, points = [] } = kept.get(run.path) ?? {}
      this.addRun(run, (point, at) => (since === own ? at >= before : isAmong(point, points)))
    }
  }

  /** @param isKnown whether a point, the one so many before it have been there, is to be passed over */
  addRun({ path, before, points }: PointRun, isKnown: (point: TagPoint, at: number) => boolean = () => false): void {
    const { from = -Infinity, to = Infinity } = this.#asked
    let next = this.#next.get(path) ?? 0
    let missed = Math.max(0, before - next)
    for (const [n, point] of points.entries()) {
      const { value, frame } = point
      if (isKnown(point, before + n)) continue
      if (frame >= from && frame < to) this.#rows.push({ path, value, frame, ...(missed > 0 && { missed }) })
      missed = 0
      next = before + n + 1
    }
    this.#next.set(path, next)
    if (this.#rows.length > 2 * this.#most) this.#sort()
  }

  rows(): TagRow[] {
    this.#sort()
    const [first] = this.#rows
    if (first && this.#cut > 0 && this.#asked.last === undefined) first.missed = (first.missed ?? 0) + this.#cut
    return this.#rows
  }

  #sort(): void {
    this.#rows.sort((a, b) => a.frame - b.frame)
    const rows = this.#rows.slice(-this.#most)
    this.#cut += this.#rows.length - rows.length
    this.#rows = rows
  }
}

/** A session that goes on after a crash begins with some of what the one before it had: its player's own mix. */
const isAmong = ({ frame, value }: TagPoint, points: readonly TagPoint[]): boolean =>
  frame >= (points[0]?.frame ?? Infinity) && points.some((point) => point.frame === frame && point.value === value)

/** The newest parts that lie beside a jam's takes, oldest first. */
async function* partsIn(folder: string, finds: (path: string) => boolean): AsyncIterable<PointsPart> {
  for (const file of await newestFiles(folder)) {
    const part = parsePoints(await unlessGone(readFile(file, 'utf8'), ''), finds)
    if (part) yield part
  }
}

async function newestFiles(folder: string): Promise<string[]> {
  const files: string[] = []
  let room = MAX_READ
  for (const session of (await namesIn(folder, POINTS)).reverse()) {
    const names = await unlessGone(readdir(join(folder, session)), [])
    for (const name of names.filter(isPart).sort().reverse()) {
      const file = join(folder, session, name)
      room -= await unlessGone(
        stat(file).then(({ size }) => size),
        0,
      )
      if (room < 0) return files.reverse()
      files.push(file)
    }
  }
  return files.reverse()
}

/** Newer parts took the place of an older one meanwhile, or somebody deleted its take. */
async function unlessGone<T>(found: Promise<T>, otherwise: T): Promise<T> {
  try {
    return await found
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return otherwise
    throw error
  }
}
