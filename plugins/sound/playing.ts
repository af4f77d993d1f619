import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Frames, Millis } from '../../lib/base/index.ts'
import { Engine, type FromEngine, type SessionEnd, type SessionReport, type ToEngine } from '../../lib/engine/index.ts'
import type { Log } from '../../lib/host/index.ts'
import type { PlacedItem } from '../../lib/jam/index.ts'
import type { SinkState } from '../../lib/sink/index.ts'
import type { GeneratorsApi } from '../generators/index.ts'
import type { JamChange, LiveJam, PlayAnswer } from '../jams/index.ts'
import { Answers } from './answers.ts'
import { Archives } from './archives.ts'
import type { SoundReport, SoundStatus, TagRow } from './contract.ts'
import type { Heard } from './heard.ts'
import { pointsOf, type Asked } from './history.ts'
import type { JamLog } from './jam-log.ts'
import { likelyNext } from './likely.ts'
import type { PointLog } from './point-log.ts'
import { logHeard } from './log-heard.ts'
import { Readings } from './readings.ts'
import { pointsFolderOf, sweepPoints } from './take-folder.ts'

/** A clock that goes back by more makes a new session: the engine would wait for so long. */
const WAIT_MILLIS: Millis = 2_000

export interface PlayingInit {
  readonly jam: LiveJam
  readonly sink: string
  /** For the takes of this jam. */
  readonly takes: string
  readonly generators: GeneratorsApi
  readonly log: Log
  readonly jamLog: JamLog
  readonly heard: Heard
  readonly appVersion: string
  /** See `SessionInit`. */
  readonly owner: string
  readonly threads: number
  /** Names the take's file: microseconds since 1970. */
  readonly startedAt: number
  readonly player: Parameters<typeof Engine.start>[0]['player']
  /** Resolves when the jam's time is measured, or cannot be for now. */
  readonly clockSettled: () => Promise<void>
  /** Is told what the engine says. */
  readonly told: (message: FromEngine) => void
  /** What is tried out in this jam, for an engine that starts anew. */
  readonly sketches: () => readonly ToEngine[]
  /** Connected players. */
  readonly peers: () => number
  /** Monotonic time of jam frame 0, as it is known now. */
  readonly zero: () => Millis
}

/** How a session ended: without a report where the engine died. */
export interface Ended {
  readonly report: SoundReport | undefined
  readonly end: SessionEnd
}

/** One jam sounding through one engine, seen from the node: hands it entries and archives, listens to what it says. */
export class Playing {
  readonly jam: LiveJam
  readonly heard: Heard
  readonly ended: Promise<Ended>
  readonly #init: PlayingInit
  readonly #take: string
  readonly #points: PointLog
  readonly #archives: Archives
  readonly #answers: Answers
  readonly #lost = new Map<string, Extract<SinkState, { state: 'lost' }>>()
  #readings: Readings | undefined
  #engine: Engine | undefined
  #end: (ended: Ended) => void = () => undefined
  #over = false
  #failure: string | undefined
  #firstFrame: Frames | undefined
  #zero: Millis = 0

  private constructor(init: PlayingInit, take: string) {
    this.jam = init.jam
    this.heard = init.heard
    this.#init = init
    this.#take = take
    this.#points = init.heard.keepIn(pointsFolderOf(take), init.startedAt, (err) =>
      init.log.warn({ err }, 'old points of the jam are kept no more: see that the folder of its takes has room'),
    )
    this.#archives = new Archives({
      jam: init.jam,
      generators: init.generators,
      likely: () => likelyNext(init.jam, init.player, init.generators),
      log: init.log,
      hand: (archive) => this.send({ kind: 'archive', ...archive }),
      changed: () => this.#answers.look(),
    })
    const { jam, heard, generators } = init
    this.#answers = new Answers({ jam, heard, generators, archives: this.#archives })
    this.ended = new Promise((resolve) => {
      this.#end = resolve
    })
  }

  /** @throws ENGINE_LOST, SINK_UNKNOWN */
  static async start(init: PlayingInit): Promise<Playing> {
    const { jam, sink, appVersion, threads, player, heard, owner } = init
    await mkdir(init.takes, { recursive: true })
    await sweepPoints(init.takes).catch((err: unknown) =>
      init.log.warn({ err }, 'points of takes that are gone cannot be removed'),
    )
    const takeFile = join(init.takes, `${init.startedAt}.take`)
    const playing = new Playing(init, takeFile)
    const entries = jam.entries()
    const { jam: id } = jam
    const { nudge } = heard
    const engine = jam.ledger.start?.payload.engine ?? 0
    const archives = await playing.#archives.atHand()
    await init.clockSettled()
    const zero = (playing.#zero = init.zero())
    playing.#engine = await Engine.start(
      { jam: id, engine, player, zero, nudge, sink, takeFile, appVersion, owner, entries, archives, threads },
      (message) => playing.#hear(message),
    ).catch((error: unknown) => {
      playing.#rest()
      throw error
    })
    playing.setZero(init.zero())
    playing.#readings = new Readings({
      read: () => [...heard.readings, ['net/peers', init.peers()]],
      send: (message) => playing.send(message),
    })
    for (const { target, setting } of heard.mix.acts) playing.send({ kind: 'mix', target, setting })
    for (const sketch of init.sketches()) playing.send(sketch)
    // What came or went while the engine started was told to nobody: it is told everything again, and knows what it has.
    const now = jam.entries()
    const kept = new Set(now.map(({ key }) => key))
    playing.observe({ entries: now, withdrawn: entries.map(({ key }) => key).filter((key) => !kept.has(key)) })
    return playing
  }

  observe(change: JamChange): void {
    if (change.entries.length > 0) this.send({ kind: 'observe', entries: change.entries })
    if (change.withdrawn.length > 0) this.send({ kind: 'withdraw', keys: change.withdrawn })
    this.#archives.want()
  }

  send(message: ToEngine): void {
    this.#engine?.send(message)
  }

  /** Jam frame 0 is known anew. Gives whether the engine goes on: not where it would have to wait for too long. */
  setZero(zero: Millis): boolean {
    if (zero - this.#zero > WAIT_MILLIS) return false
    this.#zero = zero
    this.send({ kind: 'clock', zero })
    return true
  }

  /** The player hears all so much later from now on. */
  nudge(millis: Millis): void {
    this.heard.nudge = millis
    this.send({ kind: 'nudge', millis })
  }

  async close(): Promise<void> {
    this.#rest()
    await this.#engine?.close()
    await this.ended
  }

  /** What was heard of the jam, by points. */
  points(asked: Asked): Promise<TagRow[]> {
    return pointsOf({ heard: this.heard, folder: this.#init.takes, log: this.#init.log }, asked)
  }

  /** From where on an entry will be heard here, as soon as that is known. */
  whenDue(item: PlacedItem): Promise<PlayAnswer> {
    return this.#answers.of(item)
  }

  status(): Omit<SoundStatus, 'reports'> {
    const [lost] = this.#lost.values()
    const why = this.#failure ?? lost?.why
    return {
      jam: this.jam.jam,
      sink: this.#init.sink,
      state: this.#state,
      ...(why !== undefined && { why }),
      ...(this.#engine?.pid !== undefined && { engine: this.#engine.pid }),
      ...(this.#firstFrame !== undefined && { firstFrame: this.#firstFrame }),
      ...this.heard.figures(),
      waitingFor: this.#archives.fetching(),
    }
  }

  get #state(): SoundStatus['state'] {
    if (this.#over) return 'over'
    if (this.#failure !== undefined || this.#lost.size > 0) return 'lost'
    return this.#firstFrame === undefined ? 'starting' : 'playing'
  }

  #hear(message: FromEngine): void {
    this.#init.told(message)
    switch (message.kind) {
      case 'ready':
      case 'sketch':
        break
      case 'opened':
        this.#firstFrame = message.firstFrame
        break
      case 'sink':
        this.#noteSink(message.state)
        break
      case 'archive':
        this.#noteArchive(message)
        break
      case 'warning':
        this.#init.log.warn({ code: message.code }, message.message)
        break
      case 'closed':
        this.#close(message.report, message.end)
        break
      case 'failed':
        this.#fail(message.message)
        break
      default:
        logHeard(this.#init, message)
        this.heard.hear(message)
    }
    this.#answers.look()
  }

  #noteSink(state: SinkState): void {
    const wasLost = this.#lost.delete(state.name)
    if (state.state === 'open' && wasLost) this.#init.log.info({ sink: state.name }, 'it sounds again')
    if (state.state !== 'lost') return
    this.#lost.set(state.name, state)
    this.#init.log.warn({ sink: state.name }, state.why)
  }

  #noteArchive(outcome: Extract<FromEngine, { kind: 'archive' }>): void {
    const { archive, refusal } = outcome
    if (!this.#archives.note(outcome) || !refusal) return
    this.heard.fail(archive, refusal.code, refusal.message)
    this.#init.log.warn({ archive, code: refusal.code }, refusal.message)
  }

  #close(report: SessionReport, end: SessionEnd): void {
    this.#over = true
    this.#finish({ report: { jam: this.jam.jam, sink: this.#init.sink, take: this.#take, ...report }, end })
    void this.#engine?.close()
  }

  #fail(why: string): void {
    this.#failure = why
    this.#init.log.error({ jam: this.jam.jam }, why)
    this.#finish({ report: undefined, end: 'failed' })
  }

  /** Nothing more comes of the engine. */
  #finish(ended: Ended): void {
    this.#rest()
    void this.#points.close().then(() => this.#end(ended))
  }

  /** Brings and tells nothing more. */
  #rest(): void {
    this.#archives.stop()
    this.#readings?.stop()
  }
}
