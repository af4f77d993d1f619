import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { MarmaladeError, ownedParts, type BlobId, type EntryKey, type Frames } from '../../lib/base/index.ts'
import { Engine, type FromEngine, type SessionReport } from '../../lib/engine/index.ts'
import type { Log } from '../../lib/host/index.ts'
import type { InstancePath, PlayItem, TagValue } from '../../lib/jam/index.ts'
import { shortIdOf } from '../../lib/keys/index.ts'
import type { GeneratorsApi } from '../generators/index.ts'
import type { JamChange, LiveJam, PlayAnswer } from '../jams/index.ts'
import type { SoundReport, SoundStatus } from './contract.ts'
import type { JamLog } from './jam-log.ts'

const MAX_TAGS = 4_096
const MAX_FAILURES = 100
/** How long a play's start may take to be known before `fetching` is said. */
const KNOWN_MILLIS = 1_000
/** An archive that nobody had is asked for again after this. */
const RETRY_MILLIS = 2_000

export interface PlayingInit {
  readonly jam: LiveJam
  readonly sink: string
  readonly takes: string
  readonly generators: GeneratorsApi
  readonly log: Log
  readonly jamLog: JamLog
  readonly appVersion: string
  readonly threads: number
  /** Names the take's file: microseconds since 1970. */
  readonly startedAt: number
  readonly player: SessionPlayer
}
type SessionPlayer = Parameters<typeof Engine.start>[0]['player']

/** One jam sounding through one engine, seen from the node: hands it entries and archives, keeps what it says. */
export class Playing {
  readonly jam: LiveJam
  readonly #init: PlayingInit
  readonly #take: string
  readonly #engine: Engine
  readonly #archives = new Map<BlobId, 'fetching' | 'sent' | 'ready' | 'refused'>()
  readonly #due = new Map<EntryKey, { readonly frame: Frames; readonly bar: number; readonly waiting: boolean }>()
  readonly #tags = new Map<string, { readonly value: TagValue; readonly frame: Frames }>()
  readonly #failures: SoundStatus['failures'] = []
  readonly #listeners = new Set<() => void>()
  readonly #ended: Promise<SoundReport | undefined>
  #end: (report: SoundReport | undefined) => void = () => undefined
  #state: SoundStatus['state'] = 'starting'
  #why: string | undefined
  #levels: Extract<FromEngine, { kind: 'levels' }> | undefined
  #firstFrame: Frames | undefined
  #underruns = 0
  #skipped = 0
  #late = 0
  #over = false
  #retry: NodeJS.Timeout | undefined

  private constructor(init: PlayingInit, take: string, engine: Engine) {
    this.jam = init.jam
    this.#init = init
    this.#take = take
    this.#engine = engine
    this.#ended = new Promise((resolve) => {
      this.#end = resolve
    })
  }

  /** @throws ENGINE_LOST, SINK_UNKNOWN */
  static async start(init: PlayingInit): Promise<Playing> {
    const { owner, name } = ownedParts(init.jam.jam)
    const folder = join(init.takes, `${shortIdOf(owner)}:${name}`)
    await mkdir(folder, { recursive: true })
    const take = join(folder, `${init.startedAt}.take`)
    const early: FromEngine[] = []
    const heard: { by?: Playing } = {}
    const engine = await Engine.start(
      {
        jam: init.jam.jam,
        player: init.player,
        origin: init.jam.ledger.start?.comparable ?? 0,
        sink: init.sink,
        takeFile: take,
        appVersion: init.appVersion,
        entries: init.jam.entries(),
        threads: init.threads,
      },
      (message) => {
        if (heard.by) heard.by.#hear(message)
        else early.push(message)
      },
    )
    const playing = new Playing(init, take, engine)
    heard.by = playing
    for (const message of early) playing.#hear(message)
    playing.#wantArchives()
    return playing
  }

  /** Resolves when the session has ended; undefined where the engine died. */
  get ended(): Promise<SoundReport | undefined> {
    return this.#ended
  }

  /** Whether the jam itself is over. */
  get over(): boolean {
    return this.#over
  }

  observe(change: JamChange): void {
    if (change.entries.length > 0) this.#engine.send({ kind: 'observe', entries: change.entries })
    if (change.withdrawn.length > 0) this.#engine.send({ kind: 'withdraw', keys: change.withdrawn })
    this.#wantArchives()
  }

  send(message: Parameters<Engine['send']>[0]): void {
    this.#engine.send(message)
  }

  async close(): Promise<void> {
    clearTimeout(this.#retry)
    await this.#engine.close()
    await this.#ended
  }

  tag(path: string): { readonly value: TagValue; readonly frame: Frames } | undefined {
    return this.#tags.get(path)
  }

  /** When a play will be heard here, as soon as that is known. */
  async whenDue(play: PlayItem): Promise<PlayAnswer> {
    const known = await this.#known(play.key)
    const archive = this.#archives.get(play.payload.archive)
    if (archive === 'refused') {
      const failure = this.#failures.findLast(({ path }) => path === play.payload.archive)
      return {
        code: failure?.code ?? 'ARCHIVE_CORRUPT',
        message: failure?.message ?? 'its archive cannot be played here',
      }
    }
    if (!known || archive === 'fetching') return { fetching: true, percent: 0 }
    return { startsAt: { bar: Math.floor(known.bar) + 1, frame: known.frame } }
  }

  status(): Omit<SoundStatus, 'reports'> {
    const levels = this.#levels?.levels
    return {
      jam: this.jam.jam,
      sink: this.#init.sink,
      state: this.#state,
      ...(this.#why !== undefined && { why: this.#why }),
      ...(this.#firstFrame !== undefined && { firstFrame: this.#firstFrame }),
      ...(this.#levels && { frame: this.#levels.frame }),
      underruns: this.#underruns,
      skippedFrames: this.#skipped,
      late: this.#late,
      ...(levels && { master: levels.master }),
      instances: [...(levels?.instances ?? [])],
      waitingFor: [...this.#archives].filter(([, state]) => state === 'fetching').map(([archive]) => archive),
      failures: this.#failures,
    }
  }

  /** Every archive that a play names is brought here and handed over. */
  #wantArchives(): void {
    if (this.#state === 'over') return
    for (const item of this.jam.ledger.items()) {
      if (item.kind !== 'play' || this.#archives.has(item.payload.archive)) continue
      if (this.jam.ledger.refuse(item) !== undefined) continue
      this.#archives.set(item.payload.archive, 'fetching')
      void this.#bring(item.payload.archive)
    }
  }

  async #bring(archive: BlobId): Promise<void> {
    try {
      const file = await this.#init.generators.ensure(archive)
      this.#archives.set(archive, 'sent')
      this.#engine.send({ kind: 'archive', archive, file })
    } catch (error) {
      this.#archives.delete(archive)
      this.#init.log.warn({ err: error, archive }, 'an archive that is to be played has not come yet')
      this.#retryLater()
    }
    this.#wake()
  }

  #retryLater(): void {
    if (this.#retry || this.#state === 'over') return
    this.#retry = setTimeout(() => {
      this.#retry = undefined
      this.#wantArchives()
    }, RETRY_MILLIS)
    this.#retry.unref()
  }

  #hear(message: FromEngine): void {
    switch (message.kind) {
      case 'opened':
        this.#firstFrame = message.firstFrame
        if (this.#state === 'starting') this.#state = 'playing'
        break
      case 'jam':
        for (const event of message.events) this.#note(event)
        break
      case 'instances':
        for (const event of message.events) this.#follow(event)
        break
      case 'tags':
        for (const { path, value, frame } of message.changes) this.#setTag(path, value, frame)
        break
      case 'levels':
        this.#levels = message
        break
      case 'late':
        if (message.what === 'underrun') this.#underruns++
        else this.#skipped += message.frames
        break
      case 'sink':
        if (message.state.state !== 'closed') this.#state = message.state.state === 'lost' ? 'lost' : 'playing'
        this.#why = message.state.state === 'lost' ? message.state.why : undefined
        if (this.#why !== undefined) this.#init.log.warn({ sink: message.state.name }, this.#why)
        break
      case 'archive':
        this.#archives.set(message.archive, message.refusal ? 'refused' : 'ready')
        if (message.refusal) this.#fail(message.archive, message.refusal.code, message.refusal.message)
        break
      case 'closed':
        this.#close(message.report, message.over)
        break
      case 'failed':
        this.#state = 'lost'
        this.#why = message.message
        this.#init.log.error({}, `the sound engine: ${message.message}`)
        this.#end(undefined)
        break
      case 'ready':
        break
    }
    this.#wake()
  }

  #note(event: Extract<FromEngine, { kind: 'jam' }>['events'][number]): void {
    this.#init.jamLog.event(event)
    if ('late' in event && event.late.reason !== 'join') this.#late++
    if (event.kind !== 'due') return
    this.#due.set(event.key, { frame: event.frame, bar: event.bar, waiting: event.waiting === 'archive' })
  }

  #follow(event: Extract<FromEngine, { kind: 'instances' }>['events'][number]): void {
    this.#init.jamLog.instance(event)
    if (event.kind === 'failed') this.#fail(event.path, event.failure.code, event.failure.message)
    if (event.kind === 'refused') this.#fail(event.path, 'MIX_REFUSED', event.message)
  }

  #fail(path: InstancePath | BlobId, code: string, message: string): void {
    this.#failures.push({ path, code, message })
    if (this.#failures.length > MAX_FAILURES) this.#failures.shift()
    this.#init.log.warn({ path, code }, message)
  }

  #setTag(path: string, value: TagValue, frame: Frames): void {
    for (const name of new Set([path, path.slice(path.lastIndexOf('/') + 1)])) {
      this.#tags.delete(name)
      this.#tags.set(name, { value, frame })
    }
    const [oldest] = this.#tags.keys()
    if (this.#tags.size > MAX_TAGS && oldest !== undefined) this.#tags.delete(oldest)
  }

  #close(report: SessionReport, over: boolean): void {
    this.#over = over
    this.#state = 'over'
    this.#end({ jam: this.jam.jam, sink: this.#init.sink, take: this.#take, ...report })
    void this.#engine.close()
  }

  #wake(): void {
    for (const listener of this.#listeners) listener()
  }

  /** What the engine says of a play, waited for a little. */
  async #known(key: EntryKey): Promise<{ readonly frame: Frames; readonly bar: number } | undefined> {
    if (this.#due.has(key)) return this.#due.get(key)
    return new Promise((resolve) => {
      const look = (): void => {
        if (this.#due.has(key)) settle()
      }
      const settle = (): void => {
        clearTimeout(timer)
        this.#listeners.delete(look)
        resolve(this.#due.get(key))
      }
      const timer = setTimeout(settle, KNOWN_MILLIS)
      this.#listeners.add(look)
    })
  }
}

/** @throws NOT_SOUNDING */
export function sounding(playing: Playing | undefined): Playing {
  if (playing) return playing
  throw new MarmaladeError(
    'NOT_SOUNDING',
    'no jam sounds on this node: start or join one, or start the node with --jam',
  )
}
