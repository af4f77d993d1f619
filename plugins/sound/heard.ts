import { SAMPLE_RATE, type BlobId, type EntryKey, type Frames, type Micros, type Millis } from '../../lib/base/index.ts'
import { shortIdsOf, type FromEngine, type MixAct } from '../../lib/engine/index.ts'
import { JamState, type EndReason, type InstancePath, type Members, type Observation } from '../../lib/jam/index.ts'
import type { Loudness } from '../../lib/mix/index.ts'
import type { SoundStatus } from './contract.ts'
import { nameOf, OwnMix } from './own-mix.ts'
import { PointLog } from './point-log.ts'

/** Points kept in memory of each series of a jam that sounds; all of them go to disk, see `PointLog`. */
const POINTS = 256
const MAX_FAILURES = 100
/** Entries of which is known when they are heard: the newest ones. */
const MAX_DUE = 16_384

/** What an engine tells while it plays. */
type Told = Extract<FromEngine, { kind: 'jam' | 'instances' | 'tags' | 'levels' | 'late' | 'mix' }>

/** What is told of it. */
type Figures = Omit<SoundStatus, 'jam' | 'sink' | 'state' | 'why' | 'engine' | 'firstFrame' | 'waitingFor' | 'reports'>

/** When an entry will be heard here. */
export interface Due {
  readonly frame: Frames
  /** Why nothing comes of it. */
  readonly moot?: EndReason | 'superseded'
}

/**
 * What this node has learned of the jam that sounds: its state, folded from what the engine says took effect, and the
 * figures of now. It outlives an engine that dies.
 */
export class Heard {
  readonly state: JamState
  readonly mix = new OwnMix()
  readonly failures: SoundStatus['failures'] = []
  /** The player's own shift, for an engine that starts anew. */
  nudge: Millis = 0
  readonly #due = new Map<EntryKey, Due>()
  #levels: Extract<FromEngine, { kind: 'levels' }> | undefined
  /** Newest of each path under `local/`. */
  readonly #readings = new Map<string, number>()
  #underruns = 0
  #skipped: Frames = 0
  #late = 0
  /** Where the points of the session at hand go. */
  #log: PointLog | undefined
  #since: Micros | undefined

  /** @param members those of now, for short ids in paths */
  constructor(members: () => Members) {
    let known: { of: Members; ids: ReturnType<typeof shortIdsOf> } | undefined
    this.state = new JamState({
      points: POINTS,
      resolve: (short) => {
        const of = members()
        if (known?.of !== of) known = { of, ids: shortIdsOf(of) }
        return known.ids.get(short)
      },
    })
  }

  /** When its first session started: by that its points on disk are told from those of other states of the jam. */
  get since(): Micros | undefined {
    return this.#since
  }

  /** From now on what is folded goes to disk as well, beside the take of a session: until what is given is closed. */
  keepIn(folder: string, startedAt: Micros, onFailure: (error: unknown) => void): PointLog {
    this.#since ??= startedAt
    this.#log = new PointLog({ folder, since: this.#since, onFailure })
    return this.#log
  }

  /** Resolves when all that was folded until now is on disk, or cannot be. */
  async flush(): Promise<void> {
    await this.#log?.flush()
  }

  /** What is read of this machine as it plays, by path. */
  get readings(): ReadonlyMap<string, number> {
    return this.#readings
  }

  due(entry: EntryKey): Due | undefined {
    return this.#due.get(entry)
  }

  fail(path: InstancePath | BlobId, code: string, message: string): void {
    this.failures.push({ path, code, message })
    if (this.failures.length > MAX_FAILURES) this.failures.shift()
  }

  figures(): Figures {
    const levels = this.#levels?.levels
    return {
      ...(this.#levels && { frame: this.#levels.frame, zero: this.#levels.zero }),
      nudge: this.nudge,
      cards: [...(this.#levels?.cards ?? [])],
      underruns: this.#underruns,
      skippedFrames: this.#skipped,
      late: this.#late,
      ...(levels && { master: levels.master, loudness: known(levels.loudness), reduction: levels.reduction }),
      instances: [...(levels?.instances ?? [])],
      tracks: [...(levels?.tracks ?? [])],
      buses: [...(levels?.buses ?? [])],
      failures: this.failures,
    }
  }

  hear(message: Told): void {
    switch (message.kind) {
      case 'jam':
        for (const event of message.events) this.#note(event)
        return
      case 'instances':
        for (const event of message.events) this.#follow(event)
        return
      case 'tags':
        for (const change of message.changes) this.#fold({ kind: 'tag', ...change })
        return
      case 'levels':
        this.#measure(message)
        return
      case 'late':
        this.#lag(message)
        return
      case 'mix':
        for (const act of message.acts) this.mixed(act)
    }
  }

  /** A local act took effect, now or in a session that broke off. */
  mixed(act: MixAct): void {
    const { target, setting, frame } = act
    if (!this.mix.took(act)) return
    for (const what of ['gain', 'pan', 'mute', 'solo'] as const) {
      const value = setting[what]
      if (value !== undefined) this.#fold({ kind: 'mix', frame, target: nameOf(target), what, value: Number(value) })
    }
  }

  #fold(observation: Observation): void {
    const folded = this.state.fold(observation)
    if (folded) this.#log?.add(folded)
  }

  #note(event: Extract<Told, { kind: 'jam' }>['events'][number]): void {
    if ('late' in event && event.late.reason !== 'join') this.#late++
    if (event.kind === 'applied' || event.kind === 'started')
      this.#fold({ kind: 'entry', frame: event.frame, key: event.key })
    if (event.kind === 'due') this.#expect(event.key, { frame: event.frame, ...(event.over && { moot: event.over }) })
    if (event.kind === 'superseded') this.#expect(event.key, { frame: event.frame, moot: 'superseded' })
    // What stood before the session began.
    if (event.kind === 'applied' && !this.#due.has(event.key)) this.#expect(event.key, { frame: event.frame })
  }

  #expect(entry: EntryKey, due: Due): void {
    this.#due.delete(entry)
    this.#due.set(entry, due)
    const [oldest] = this.#due.keys()
    if (this.#due.size > MAX_DUE && oldest !== undefined) this.#due.delete(oldest)
  }

  #follow(event: Extract<Told, { kind: 'instances' }>['events'][number]): void {
    const { kind, frame, path } = event
    if (kind === 'started' || kind === 'ended')
      this.#fold({ kind: 'instance', frame, path, sounding: kind === 'started' })
    if (kind === 'failed') this.fail(path, event.failure.code, event.failure.message)
    if (kind === 'refused') this.fail(path, 'MIX_REFUSED', event.message)
  }

  #measure(message: Extract<Told, { kind: 'levels' }>): void {
    this.#levels = message
    const { frame, levels } = message
    this.#read('local/peak', levels.master.peak, frame)
    this.#read('local/rms', levels.master.rms, frame)
    this.#read('local/reduction', levels.reduction, frame)
  }

  #lag({ what, at, frames }: Extract<Told, { kind: 'late' }>): void {
    if (what === 'underrun') this.#read('local/underruns', ++this.#underruns, at)
    else this.#read('local/skipped', (this.#skipped += frames) / SAMPLE_RATE, at)
  }

  #read(path: string, value: number, frame: Frames): void {
    this.#readings.set(path, value)
    this.#fold({ kind: 'reading', path, value, frame } satisfies Observation)
  }
}

/** Without what is not known: the wire has no infinities. */
const known = ({ momentary, shortTerm, integrated }: Loudness): NonNullable<SoundStatus['loudness']> => ({
  ...(Number.isFinite(momentary) && { momentary }),
  ...(Number.isFinite(shortTerm) && { shortTerm }),
  ...(Number.isFinite(integrated) && { integrated }),
})
