import { MarmaladeError, type Millis } from '../../lib/base/index.ts'
import type { Log } from '../../lib/host/index.ts'
import { parseSink, sinkName, type SinkSpec } from '../../lib/sink/index.ts'
import { checkEngine } from '../../lib/jam/index.ts'
import type { JamChange, LiveJam } from '../jams/index.ts'
import type { SoundReport, SoundStatus } from './contract.ts'
import { Heard } from './heard.ts'
import { Playing, type Ended, type PlayingInit } from './playing.ts'
import { mixOfBrokenTake } from './restore.ts'

const MAX_REPORTS = 64
/** An engine that died is started again after this, longer each time up to the second. */
const RESTART_MILLIS = 1_000
const RESTART_MOST = 30_000
/** One that lived for so long counts as sound: the next one that dies is started again after the first of these. */
const SOUND_MILLIS = 60_000

interface Init {
  readonly sink: string
  readonly log: Log
  readonly isOver: (jam: LiveJam) => boolean
  readonly session: (jam: LiveJam, sink: string, heard: Heard) => PlayingInit
}

/** Who waits for a jam's end; for that of the next one that sounds where none does or will. */
interface Waiter {
  jam: LiveJam | undefined
  readonly resolve: (report: SoundReport) => void
  readonly reject: (error: MarmaladeError) => void
}

/** Which jam sounds: the current one, once its start is here, until it is over. One engine at a time. */
export class Stand {
  readonly #init: Init
  readonly #reports: SoundReport[] = []
  readonly #waiting = new Set<Waiter>()
  #wanted: LiveJam | undefined
  #playing: Playing | undefined
  /** Of the jam that sounded last. */
  #heard: { readonly jam: LiveJam; readonly heard: Heard } | undefined
  /** Changes of what sounds happen one after the other. */
  #moving: Promise<void> = Promise.resolve()
  #sessions = 0
  #failures = 0
  /** Why nothing sounds where something should. */
  #trouble: SoundStatus['failures'] = []
  #startedAt = 0
  #timer: NodeJS.Timeout | undefined
  #closed = false

  constructor(init: Init) {
    this.#init = init
  }

  get playing(): Playing | undefined {
    return this.#playing
  }

  /** What sounds. @throws NOT_SOUNDING */
  sounding(): Playing {
    if (this.#playing) return this.#playing
    throw new MarmaladeError(
      'NOT_SOUNDING',
      'no jam sounds on this node: start or join one, or start the node with --jam',
    )
  }

  /** The same, once what is about to sound has begun. @throws NOT_SOUNDING */
  async soundingSoon(): Promise<Playing> {
    await this.#moving
    return this.sounding()
  }

  /** The jam that is to sound from now on. */
  show(jam: LiveJam | undefined): void {
    this.#wanted = jam
    this.#move()
  }

  observe(jam: LiveJam, change: JamChange): void {
    if (jam !== this.#wanted) return
    if (this.#playing?.jam === jam) this.#playing.observe(change)
    else this.#move()
  }

  /** Frame 0 of the jam is known anew: where the clock goes back far, the jam sounds anew. */
  setZero(jam: LiveJam, zero: Millis): void {
    const playing = this.#playing
    if (playing?.jam !== jam || playing.setZero(zero)) return
    this.#moving = this.#moving.then(async () => {
      if (this.#playing !== playing) return
      await playing.close()
      this.#playing = undefined
    })
    this.#move()
  }

  /**
   * The report of the jam that sounds, when it is over, in whichever session; of the one that was over last where none sounds.
   * @throws NOT_SOUNDING where it sounds no more and no session of it could report; CANCELLED
   */
  async finished(signal: AbortSignal): Promise<SoundReport> {
    const last = this.#reports.at(-1)
    if (!this.#playing && !this.#goesOn && last) return last
    return new Promise((resolve, reject) => {
      const waiter = { jam: this.#playing?.jam ?? this.#wanted, resolve, reject }
      this.#waiting.add(waiter)
      const giveUp = (): void => {
        this.#waiting.delete(waiter)
        reject(cancelled())
      }
      if (signal.aborted) giveUp()
      signal.addEventListener('abort', giveUp)
      // It may be over with no report, and nothing on its way.
      void this.#moving.then(() => this.#release())
    })
  }

  /** Whether the jam that sounded last sounds still, or will in another session. */
  get #goesOn(): boolean {
    const jam = this.#wanted
    return jam !== undefined && jam === this.#heard?.jam && !this.#init.isOver(jam)
  }

  status(): SoundStatus {
    const reports = [...this.#reports]
    if (this.#playing) return { ...this.#playing.status(), reports }
    return {
      sink: this.#init.sink,
      state: 'silent',
      nudge: 0,
      cards: [],
      underruns: 0,
      skippedFrames: 0,
      late: 0,
      instances: [],
      tracks: [],
      buses: [],
      waitingFor: [],
      failures: this.#trouble,
      reports,
    }
  }

  async close(): Promise<void> {
    this.#closed = true
    clearTimeout(this.#timer)
    this.#wanted = undefined
    this.#move()
    await this.#moving
  }

  #move(): void {
    this.#moving = this.#moving
      .then(() => this.#change())
      .catch((error: unknown) => {
        this.#init.log.error({ err: error }, 'the jam cannot sound')
        this.#trouble = [failureOf(this.#wanted?.jam ?? '', error)]
        this.#restartLater()
      })
      .then(() => this.#release())
  }

  async #change(): Promise<void> {
    if (this.#playing && this.#playing.jam === this.#wanted) return
    this.#trouble = []
    await this.#playing?.close()
    this.#playing = undefined
    const jam = this.#wanted
    if (!jam?.ledger.start || this.#init.isOver(jam)) return
    for (const waiter of this.#waiting) waiter.jam ??= jam
    checkEngine(jam.ledger.start.payload.engine)
    const known = this.#heard?.jam === jam ? this.#heard.heard : undefined
    const heard = known ?? new Heard(() => jam.ledger.members)
    const session = this.#init.session(jam, sinkOf(this.#init.sink, this.#sessions++), heard)
    if (!known) await this.#restore(session)
    this.#heard = { jam, heard }
    this.#startedAt = performance.now()
    const playing = await Playing.start(session)
    this.#playing = playing
    void playing.ended.then((ended) => this.#ended(playing, ended))
  }

  /** What the player had mixed in a session of this jam that broke off. */
  async #restore(session: PlayingInit): Promise<void> {
    try {
      const { acts, nudge } = await mixOfBrokenTake(session.takes, session.jam.jam)
      for (const act of acts) session.heard.mixed(act)
      session.heard.nudge = nudge
    } catch (error) {
      this.#init.log.info({ err: error }, 'the take before this one cannot be read: the mix starts plain')
    }
  }

  #ended(playing: Playing, { report, end }: Ended): void {
    if (report) {
      this.#reports.push(report)
      if (this.#reports.length > MAX_REPORTS) this.#reports.shift()
    }
    if (this.#playing === playing) {
      this.#playing = undefined
      if (end === 'over' && this.#wanted === playing.jam) this.#wanted = undefined
      if (end === 'failed') this.#restartLater()
    }
    this.#release()
  }

  /** Tells who waits for the end of a jam that sounds no more, and will not: an engine that died left no report. */
  #release(): void {
    for (const waiter of this.#waiting) {
      const { jam, resolve, reject } = waiter
      if (!jam || jam === this.#playing?.jam || (jam === this.#wanted && !this.#init.isOver(jam))) continue
      this.#waiting.delete(waiter)
      const last = this.#reports.findLast((report) => report.jam === jam.jam)
      if (last) resolve(last)
      else reject(new MarmaladeError('NOT_SOUNDING', 'the jam sounds here no more, and no session of it was closed'))
    }
  }

  #restartLater(): void {
    if (this.#closed) return
    if (performance.now() - this.#startedAt > SOUND_MILLIS) this.#failures = 0
    const wait = Math.min(RESTART_MOST, RESTART_MILLIS * 2 ** this.#failures++)
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => this.#move(), wait)
    this.#timer.unref()
  }
}

function failureOf(path: string, error: unknown): SoundStatus['failures'][number] {
  const code = error instanceof MarmaladeError ? error.code : 'INTERNAL'
  return { path, code, message: error instanceof Error ? error.message : String(error) }
}

const cancelled = (): MarmaladeError => new MarmaladeError('CANCELLED', 'nobody waits for the end of the jam any more')

/** A file is never written over by a later session of the same node: it gets a number. */
function sinkOf(text: string, session: number): string {
  return session === 0 ? text : sinkName(numbered(parseSink(text), session + 1))
}

function numbered(spec: SinkSpec, number: number): SinkSpec {
  if (spec.kind === 'both') return { ...spec, file: numbered(spec.file, number) }
  if ((spec.kind !== 'wav' && spec.kind !== 'raw') || spec.file === '-') return spec
  const dot = spec.file.lastIndexOf('.')
  const at = dot > spec.file.lastIndexOf('/') + 1 ? dot : spec.file.length
  return { ...spec, file: `${spec.file.slice(0, at)}-${number}${spec.file.slice(at)}` }
}
