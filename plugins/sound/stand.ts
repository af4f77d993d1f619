import { MarmaladeError } from '../../lib/base/index.ts'
import type { Log } from '../../lib/host/index.ts'
import { parseSink } from '../../lib/sink/index.ts'
import type { JamChange, LiveJam } from '../jams/index.ts'
import type { SoundReport, SoundStatus } from './contract.ts'
import { Playing, type PlayingInit } from './playing.ts'

const MAX_REPORTS = 64
/** An engine that died is started again after this, longer each time up to the second. */
const RESTART_MILLIS = 1_000
const RESTART_MOST = 30_000

interface Init {
  readonly sink: string
  readonly log: Log
  readonly isOver: (jam: LiveJam) => boolean
  readonly session: (jam: LiveJam, sink: string) => PlayingInit
}

/** Which jam sounds: the current one, once its start is here, until it is over. One engine at a time. */
export class Stand {
  readonly #init: Init
  readonly #reports: SoundReport[] = []
  readonly #waiting = new Set<(report: SoundReport) => void>()
  #wanted: LiveJam | undefined
  #playing: Playing | undefined
  /** Changes of what sounds happen one after the other. */
  #moving: Promise<void> = Promise.resolve()
  #sessions = 0
  #failures = 0
  #timer: NodeJS.Timeout | undefined
  #closed = false

  constructor(init: Init) {
    this.#init = init
  }

  get playing(): Playing | undefined {
    return this.#playing
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

  /** The report of the jam that sounds, when it is over; of the one that was over last where none sounds. */
  async finished(signal: AbortSignal): Promise<SoundReport> {
    const last = this.#reports.at(-1)
    if (!this.#playing && last) return last
    return new Promise((resolve, reject) => {
      this.#waiting.add(resolve)
      signal.addEventListener('abort', () => {
        this.#waiting.delete(resolve)
        reject(new MarmaladeError('CANCELLED', 'nobody waits for the end of the jam any more'))
      })
    })
  }

  status(): SoundStatus {
    const reports = [...this.#reports]
    if (this.#playing) return { ...this.#playing.status(), reports }
    return {
      sink: this.#init.sink,
      state: 'silent',
      underruns: 0,
      skippedFrames: 0,
      late: 0,
      instances: [],
      waitingFor: [],
      failures: [],
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
        this.#restartLater()
      })
  }

  async #change(): Promise<void> {
    if (this.#playing && this.#playing.jam === this.#wanted) return
    await this.#playing?.close()
    this.#playing = undefined
    const jam = this.#wanted
    if (!jam?.ledger.start || this.#init.isOver(jam)) return
    const playing = await Playing.start(this.#init.session(jam, sinkOf(this.#init.sink, this.#sessions++)))
    this.#playing = playing
    // What came while the engine started has been told to nobody: everything is told again, it knows what it has.
    playing.observe({ entries: jam.entries(), withdrawn: [] })
    void playing.ended.then((report) => this.#ended(playing, report))
  }

  #ended(playing: Playing, report: SoundReport | undefined): void {
    if (report) {
      this.#failures = 0
      this.#reports.push(report)
      if (this.#reports.length > MAX_REPORTS) this.#reports.shift()
      for (const resolve of this.#waiting) resolve(report)
      this.#waiting.clear()
    }
    if (this.#playing !== playing) return
    this.#playing = undefined
    if (playing.over) this.#wanted = undefined
    else if (!report) this.#restartLater()
  }

  #restartLater(): void {
    if (this.#closed) return
    const wait = Math.min(RESTART_MOST, RESTART_MILLIS * 2 ** this.#failures++)
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => this.#move(), wait)
    this.#timer.unref()
  }
}

/** A file is never written over by a later session of the same node: it gets a number. */
function sinkOf(text: string, session: number): string {
  const spec = parseSink(text)
  if (session === 0 || (spec.kind !== 'wav' && spec.kind !== 'raw') || spec.file === '-') return text
  const dot = spec.file.lastIndexOf('.')
  const at = dot > spec.file.lastIndexOf('/') + 1 ? dot : spec.file.length
  return `${spec.kind}:${spec.file.slice(0, at)}-${session + 1}${spec.file.slice(at)}`
}
