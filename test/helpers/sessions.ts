import { createHash } from 'node:crypto'
import { readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { BlobId, Clock, Frames, JamId } from '../../lib/base/index.ts'
import { replay, type FromEngine, type Replayed, type ReplayInit, type SessionReport } from '../../lib/engine/index.ts'
import { Session } from '../../lib/engine/session.ts'
import { pcmFolderOf, pcmRecord, saidRecord } from '../../lib/engine/processes.ts'
import type { ReadyArchive, SessionEnd, SessionInit, ToRender } from '../../lib/engine/types.ts'
import { ProcessHost } from '../../lib/generators/process/node/host.ts'
import { prepareGenerator } from '../../lib/generators/index.ts'
import { buildScore, parseTake, type JamEntry, type ScoreOptions, type Take } from '../../lib/jam/index.ts'
import { decodePcm, readWavHeader } from '../../lib/mix/index.ts'
import { archiveOf, assemble, good } from './generators.ts'
import { Teardown } from './hosts.ts'
import { ADA, archiveNamed, BAR, BEN, JAM, startedJam, type JamWriter } from './jams.ts'
import { sineWat } from './mix.ts'

/** Frames of a beat at 120 BPM. */
export const BEAT_FRAMES = 24_000
export const ORIGIN = 1_800_000_000_000_000
const LEAD_MILLIS = 200
const STEP_MILLIS = 100

/** Archives by the ids under which `JamWriter` publishes them. */
export type Archives = ReadonlyMap<BlobId, Uint8Array>

/** Archives from WAT, by the name of their generator. */
export async function archivesOf(wats: Readonly<Record<string, string>>): Promise<Archives> {
  const made = Object.entries(wats).map(
    async ([name, wat]) => [archiveNamed(name), archiveOf(await assemble(wat))] as const,
  )
  return new Map(await Promise.all(made))
}

/** Sines of other pitches, none of them so loud together that the limiter has to do anything. */
export const sines = (): Promise<Archives> =>
  archivesOf({
    drums: sineWat({ hertz: 101 }),
    chords: sineWat({ hertz: 233, phase: 0.2 }),
    arp: sineWat({ hertz: 377, phase: 0.3 }),
    bass: sineWat({ hertz: 55, phase: 0.6 }),
  })

const QUIET = { params: { gain: -18 } }

/** A bar of 4/4 at 120 BPM: two instances from its start, one from the second beat to the fourth, then the end. */
export function smallJam(): JamWriter {
  const jam = startedJam({ tempo: 120 })
  jam.play(ADA, 'drums', 0, QUIET)
  jam.play(ADA, 'chords', 0, QUIET)
  jam.play(BEN, 'bass', 960, QUIET)
  jam.stop(BEN, 'bass', 3 * 960)
  jam.param(ADA, 'chords', 2 * 960, { name: 'gain', value: -12, over: 960 })
  jam.action(ADA, 'end', { at: BAR })
  return jam
}

/** A clock that stands still until it is told. */
export class HandClock implements Clock {
  millis = -LEAD_MILLIS
  micros(): number {
    return ORIGIN + this.millis * 1_000
  }
  monotonic(): number {
    return this.millis
  }
}

/** A WAV file's bytes and samples. */
export async function wavOf(
  file: string,
): Promise<{ data: Buffer; frames: Frames; left: Float32Array; sha256: string }> {
  const bytes = await readFile(file)
  const info = readWavHeader(bytes)
  if (info?.format !== 'f32') throw new Error(`${file} is no WAV of ours`)
  const data = bytes.subarray(info.offset)
  if (data.length !== info.frames * 8) throw new Error(`${file} does not end where its header says`)
  const sha256 = createHash('sha256').update(data).digest('hex')
  return { data, frames: info.frames, left: decodePcm('f32', data).left, sha256 }
}

interface RigInit {
  readonly entries: readonly JamEntry[]
  readonly archives?: Archives
  readonly threads?: number
  readonly sink?: string
  /** What else is ready when it begins: processes. What they give is kept for the take by a thread that has to keep up: time passes no faster than PACE. */
  readonly ready?: readonly ReadyArchive[]
}

/** Times real time: in play a thread that keeps a process's sound may be 683 ms behind, so half of that here. */
const PACE = 2

/** A session in this process whose time passes when it is told, and no faster than it renders. */
export class SessionRig extends Teardown {
  readonly clock = new HandClock()
  readonly messages: FromEngine[] = []
  place = ''
  wav = ''
  takeFile = ''
  /** Frames by which the file may be behind the clock, which went back. */
  behind: Frames = 0
  #session: Session | undefined
  #host: ProcessHost | undefined
  /** The least real milliseconds that a step takes. */
  #stepMillis = 0

  /** Opens it 200 ms before frame 0, with all its archives. */
  async open({ entries, archives = new Map(), threads = 1, sink, ready: more = [] }: RigInit): Promise<this> {
    this.place = await this.make()
    this.wav = join(this.place, 'live.wav')
    this.takeFile = join(this.place, 'a.take')
    const init: SessionInit = {
      jam: JAM,
      engine: 0,
      player: BEN,
      zero: 0,
      sink: sink ?? `wav:${this.wav}`,
      takeFile: this.takeFile,
      appVersion: '0.0.0-test',
      entries,
      archives: [],
      threads,
    }
    const ready = [...archives].map(([archive, bytes]) => ({ archive, prepared: good(prepareGenerator(bytes)) }))
    const host = new ProcessHost({
      pace: 'live',
      keepIn: pcmFolderOf(this.takeFile),
      onKept: (kept) => this.#session?.note(pcmRecord(kept)),
      onSaid: (said) => this.#session?.note(saidRecord(said)),
    })
    this.#host = host
    // A session that nobody closes renders on for ever where a test fails.
    this.add(this, (it) => it.#close())
    if (more.length > 0) {
      await host.start()
      this.#stepMillis = STEP_MILLIS / PACE
    }
    this.#session = await Session.open({
      init,
      clock: this.clock,
      send: (message) => void this.messages.push(message),
      archives: async () => [...ready, ...more],
      processes: host,
    })
    return this
  }

  /** Where its files go. */
  make(): Promise<string> {
    return this.folder()
  }

  get session(): Session {
    if (!this.#session) throw new Error('not open')
    return this.#session
  }

  tell(message: ToRender): void {
    this.session.tell(message)
  }
  observe(...entries: readonly JamEntry[]): void {
    this.tell({ kind: 'observe', entries })
  }
  archive(archives: Archives, archive: BlobId): void {
    const bytes = archives.get(archive)
    if (bytes) this.tell({ kind: 'archive', archive, prepared: good(prepareGenerator(bytes)) })
  }

  /** Lets time pass up to a jam frame, or the end; every frame that is due by then is in the file. */
  async to(frame: Frames): Promise<void> {
    let ended = false
    void this.session.ended.then(() => (ended = true))
    const over = (): boolean => ended
    const last = frame / 48
    while (this.clock.millis < last && !over()) {
      this.clock.millis = Math.min(last, this.clock.millis + STEP_MILLIS)
      if (this.#stepMillis > 0) await new Promise((resolve) => setTimeout(resolve, this.#stepMillis))
      const due = 94 + Math.max(0, Math.floor(this.clock.millis * 48) - this.behind) * 8
      while (!over() && (await stat(this.wav)).size < due) await new Promise((resolve) => setTimeout(resolve, 2))
    }
  }

  async #close(): Promise<void> {
    const host = this.#host
    this.#host = undefined
    await this.#session?.close()
    await host?.close()
  }

  /** Plays to the end of the jam, or ends it where it is. */
  async finish(to?: Frames): Promise<{ report: SessionReport; end: SessionEnd; take: Take }> {
    if (to !== undefined) await this.to(to)
    await this.#close()
    const closed = this.messages.filter((message) => message.kind === 'closed')
    const [last] = closed
    if (!last || closed.length > 1) throw new Error(`${closed.length} reports`)
    return { report: last.report, end: last.end, take: parseTake(await readFile(this.takeFile, 'utf8')) }
  }
}

/** Replays entries with archives that lie in a folder. */
export async function replayed(
  folder: string,
  entries: readonly JamEntry[],
  archives: Archives,
  options: Partial<ReplayInit> & ScoreOptions & { readonly jam?: JamId } = {},
): Promise<Replayed> {
  const { to, most, jam = JAM, ...rest } = options
  const files = new Map<BlobId, string>()
  for (const [archive, bytes] of archives) {
    const file = join(folder, `${files.size}.tgz`)
    await writeFile(file, bytes)
    files.set(archive, file)
  }
  return replay({
    score: buildScore(jam, entries, { ...(to !== undefined && { to }), ...(most !== undefined && { most }) }),
    entries,
    archiveFile: async (archive) => files.get(archive) ?? Promise.reject(new Error('it is not here')),
    shown: ({ publisher }) => (publisher === ADA ? 'ada' : 'ben'),
    ...rest,
  })
}
