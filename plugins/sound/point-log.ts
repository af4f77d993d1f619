import { appendFile, mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Micros } from '../../lib/base/index.ts'
import {
  encodePointRun,
  encodePointsHeader,
  textIn,
  type Folded,
  type PointRun,
  type TagPoint,
} from '../../lib/jam/index.ts'

/** How often points are written: as a take is synced. */
const WRITE_MILLIS = 1_000
/** A part that holds so much is followed by another one. */
export const PART_BYTES = 1024 * 1024
/** Parts of one session; with one more the oldest goes. So a session keeps 64 MiB. */
export const MAX_PARTS = 64
/** Of what waits for the disk, about as many bytes as it becomes there. What comes beyond is left out, and missed when it is read. */
const MAX_WAITING = 256 * 1024
/** What a point without text comes to there. */
const POINT_BYTES = 24
/** Points of one line. */
const MAX_RUN = 256
const PART = /^[0-9]{6,}\.jsonl$/

interface Init {
  /** For the parts of one session: made with the first of them. */
  readonly folder: string
  /** Names the state whose points these are. */
  readonly since: Micros
  /** Called once, when the disk takes no more of it; nothing is written from then on. */
  readonly onFailure: (error: unknown) => void
  /** PART_BYTES and MAX_PARTS where left out. */
  readonly partBytes?: number
  readonly parts?: number
}

interface Waiting extends PointRun {
  readonly points: TagPoint[]
}

export const isPart = (name: string): boolean => PART.test(name)

/**
 * Every point of a jam's state that a session folded, on disk (lib/jam/points.ts): in parts, the newest of them. Written
 * every second by the process that holds the state; never waited for.
 */
export class PointLog {
  readonly #init: Init
  readonly #partBytes: number
  readonly #parts: number
  #waiting: Waiting[] = []
  /** The last line of each path among those. */
  readonly #last = new Map<string, Waiting>()
  #weight = 0
  #timer: NodeJS.Timeout | undefined
  #writing: Promise<void> = Promise.resolve()
  /** Of the part that is written to. */
  #number = 0
  #size = Infinity
  #state: 'open' | 'closed' | 'failed' = 'open'

  constructor(init: Init) {
    this.#init = init
    this.#partBytes = init.partBytes ?? PART_BYTES
    this.#parts = init.parts ?? MAX_PARTS
  }

  add({ path, point, before }: Folded): void {
    const { value } = point
    if (this.#state !== 'open' || (typeof value === 'number' && !Number.isFinite(value))) return
    const last = this.#last.get(path)
    const goesOn = last && last.before + last.points.length === before && last.points.length < MAX_RUN
    const weight = POINT_BYTES + textIn(value) + (goesOn ? 0 : path.length)
    if (this.#weight + weight > MAX_WAITING) return
    this.#weight += weight
    if (goesOn) last.points.push(point)
    else this.#begin({ path, before, points: [point] })
    this.#timer ??= setTimeout(() => void this.flush(), WRITE_MILLIS).unref()
  }

  #begin(run: Waiting): void {
    this.#waiting.push(run)
    this.#last.set(run.path, run)
  }

  /** Resolves when what was added so far is in the files, or cannot be. */
  flush(): Promise<void> {
    return (this.#writing = this.#writing.then(() => this.#write()))
  }

  /** Writes the rest; what is added later is not kept. */
  close(): Promise<void> {
    if (this.#state === 'open') this.#state = 'closed'
    return this.flush()
  }

  async #write(): Promise<void> {
    clearTimeout(this.#timer)
    this.#timer = undefined
    const text = this.#waiting.splice(0).map(encodePointRun).join('')
    this.#last.clear()
    this.#weight = 0
    if (text === '' || this.#state === 'failed') return
    try {
      await this.#append(text)
    } catch (error) {
      this.#state = 'failed'
      this.#init.onFailure(error)
    }
  }

  async #append(text: string): Promise<void> {
    const size = Buffer.byteLength(text)
    if (this.#size + size > this.#partBytes) await this.#nextPart()
    await appendFile(this.#file(this.#number), text, { mode: 0o600 })
    this.#size += size
  }

  async #nextPart(): Promise<void> {
    await mkdir(this.#init.folder, { recursive: true, mode: 0o700 })
    this.#number++
    const header = encodePointsHeader(this.#init.since)
    await appendFile(this.#file(this.#number), header, { mode: 0o600 })
    this.#size = header.length
    if (this.#number > this.#parts) await rm(this.#file(this.#number - this.#parts), { force: true })
  }

  #file(number: number): string {
    return join(this.#init.folder, `${String(number).padStart(6, '0')}.jsonl`)
  }
}
