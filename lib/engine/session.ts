import { createHash, type Hash } from 'node:crypto'
import { MessageChannel, receiveMessageOnPort, type MessagePort, type Worker } from 'node:worker_threads'
import { MarmaladeError, type Clock, type Frames, type Millis } from '../base/index.ts'
import { siblingModule, startThread } from '../base/node/thread.ts'
import type { ProcessHost } from '../generators/process/node/host.ts'
import { takeRecordOf, type TakeRecord } from '../jam/index.ts'
import { floatBytes, makeSinks, parseSink, Pump, Ring, type SinkState } from '../sink/index.ts'
import { LOOK_AHEAD_FRAMES, RENDER_FRAMES } from './constants.ts'
import { Pace } from './pace.ts'
import { instanceRecord, sinkRecord, TakeFile } from './take-file.ts'
import type {
  FromEngine,
  FromRender,
  ReadyArchive,
  Rendered,
  RenderStart,
  SessionEnd,
  SessionInit,
  SessionReport,
  ToRender,
} from './types.ts'

/** Room in the ring, so that a file that is late by half a second holds up nothing. */
const RING_FRAMES: Frames = 32_768
/** How long the rendering thread gets to end by itself. */
const END_MILLIS: Millis = 3_000

interface Parts {
  readonly init: SessionInit
  readonly clock: Clock
  readonly send: (message: FromEngine) => void
  /** Archives that are ready, waited for a while where some are still being prepared. */
  readonly archives: () => Promise<readonly ReadyArchive[]>
  /** Without it processes are not run. */
  readonly processes?: Pick<ProcessHost, 'link' | 'settle'>
}

/** One jam sounding: a thread that renders ahead, a pump that moves what is due to the sinks, and the take. */
export class Session {
  readonly #parts: Parts
  readonly #ring = Ring.allocate(RING_FRAMES)
  readonly #hash: Hash = createHash('sha256')
  readonly #port: MessagePort
  readonly #thread: Worker
  readonly #pump: Pump
  readonly #pace: Pace
  readonly #ready: Promise<boolean>
  /** Why rendering ended. */
  readonly #rendered: Promise<'over' | 'stopped'>
  #take: TakeFile | undefined
  /** What happens before the take is there: sinks that open. */
  #early: SinkState[] = []
  #from: Frames = 0
  #peak = 0
  #underruns = 0
  #skipped: Frames = 0
  #late = 0
  #finishing: Promise<void> | undefined

  private constructor(parts: Parts) {
    this.#parts = parts
    const { init, clock, processes } = parts
    const sinks = makeSinks(parseSink(init.sink))
    const { port1, port2 } = new MessageChannel()
    this.#port = port1
    const { jam, player, threads, entries } = init
    const start: RenderStart = { jam, player, ring: this.#ring.memory, threads, entries, processes: processes?.link }
    this.#thread = startThread(siblingModule('render-thread', import.meta.url), {
      workerData: { start, port: port2 },
      transferList: [port2],
    })
    this.#pump = new Pump({
      ring: this.#ring,
      sinks,
      earliest: LOOK_AHEAD_FRAMES - RENDER_FRAMES,
      clock,
      onSink: (state) => this.#noteSink(state),
      onLate: (what, at, frames) => this.#lag(what, at, frames),
      onFrames: (samples) => this.#measure(samples),
    })
    this.#pace = new Pace({
      zero: init.zero,
      nudge: init.nudge ?? 0,
      pump: this.#pump,
      note: (record) => this.#note(record),
      jump: (frames) => this.tell({ kind: 'jump', frames }),
    })
    const exited = new Promise<void>((resolve) => this.#thread.once('exit', () => resolve()))
    this.#thread.once('error', ({ message }) => parts.send({ kind: 'warning', code: 'ENGINE_LOST', message }))
    const over = new Promise<void>((resolve) => {
      port1.on('message', (message: FromRender) => {
        if (message.kind === 'rendered') this.#report(message)
        if (message.kind === 'rendered' && message.over) resolve()
      })
    })
    this.#ready = Promise.race([
      new Promise<boolean>((resolve) => port1.once('message', () => resolve(true))),
      exited.then(() => false),
    ])
    this.#rendered = Promise.race([over.then(() => 'over' as const), exited.then(() => 'stopped' as const)])
  }

  /**
   * Starts threads and opens the sinks (one that cannot be opened is given up for now), then begins.
   * @throws SINK_UNKNOWN, TAKE_UNWRITABLE, ENGINE_LOST
   */
  static async open(parts: Parts): Promise<Session> {
    const session = new Session(parts)
    try {
      await session.#begin()
      return session
    } catch (error) {
      await session.#thread.terminate()
      session.#port.close()
      await session.#pump.drain()
      throw error
    }
  }

  async #begin(): Promise<void> {
    const { init, clock, send } = this.#parts
    const [ready, archives] = await Promise.all([this.#ready, this.#parts.archives(), this.#pump.open()])
    if (!ready) throw new MarmaladeError('ENGINE_LOST', 'the rendering threads did not start: the log says why')
    const start = this.#pace.begin(clock.monotonic())
    this.#from = start.frame
    const { jam, player, engine, appVersion: app, zero, nudge = 0 } = init
    const origin = Math.round(clock.micros() + (zero - clock.monotonic()) * 1_000)
    this.#take = await TakeFile.create({
      file: init.takeFile,
      header: { jam, player, engine, app, origin, first: start.frame },
      onFailure: ({ code, message }) => send({ kind: 'warning', code, message }),
    })
    for (const state of this.#early.splice(0)) this.#note(sinkRecord(start.frame, state))
    if (nudge !== 0) this.#note({ kind: 'nudge', frame: start.frame, millis: nudge })
    this.tell({ kind: 'begin', from: start.frame, archives })
    this.#pump.begin(start)
    this.#pump.run()
    send({ kind: 'opened', firstFrame: start.frame })
  }

  /** Resolves when nothing more is rendered, whoever ended it: then the session is to be closed. */
  get ended(): Promise<void> {
    return this.#rendered.then(() => undefined)
  }

  /** Logs what others than the thread that renders know. */
  note(record: TakeRecord): void {
    this.#note(record)
  }

  /** The monotonic time of jam frame 0, known anew. */
  setZero(zero: Millis): void {
    this.#pace.setZero(zero)
  }

  /** How much later than others the player wants to hear all, below 0 earlier: from now on, at once. */
  nudge(millis: Millis): void {
    this.#pace.nudge(millis)
  }

  tell(message: ToRender): void {
    this.#port.postMessage(message)
    this.#ring.wake()
  }

  /** Ends rendering, lets the sinks have what was rendered, finishes the take and sends the report. Idempotent. */
  async close(): Promise<void> {
    this.#finishing ??= this.#finish()
    return this.#finishing
  }

  async #finish(): Promise<void> {
    const end = await this.#stop()
    await this.#parts.processes?.settle()
    await this.#pump.drain()
    this.#port.close()
    const samplesSha256 = this.#hash.digest('hex')
    await this.#take?.close({ kind: 'close', frame: this.#pump.frame, sha256: samplesSha256, peak: this.#peak })
    const report: SessionReport = {
      firstFrame: this.#from,
      frames: this.#pump.moved,
      samplesSha256,
      peak: this.#peak,
      underruns: this.#underruns,
      skippedFrames: this.#skipped,
      late: this.#late,
    }
    this.#parts.send({ kind: 'closed', report, end })
  }

  /** Lets the thread end by itself, so that everything it rendered is told. */
  async #stop(): Promise<SessionEnd> {
    const before = await Promise.race([this.#rendered, Promise.resolve('asked' as const)])
    this.#ring.close()
    let late: NodeJS.Timeout | undefined
    const patience = new Promise<void>((resolve) => {
      late = setTimeout(resolve, END_MILLIS)
    })
    await Promise.race([this.#rendered, patience])
    clearTimeout(late)
    this.#ring.end()
    await this.#thread.terminate()
    // A thread's end may overtake what it said last.
    for (let last = nextMessage(this.#port); last; last = nextMessage(this.#port)) {
      if (last.kind === 'rendered') this.#report(last)
    }
    return before === 'stopped' ? 'failed' : before
  }

  #report({ inputs, jam, instances, changes, mix, levels, frame }: Rendered): void {
    const { send } = this.#parts
    for (const input of inputs) {
      this.#note(input)
      if (input.kind === 'clock') this.#pump.jump(input.frame, input.to)
    }
    for (const event of jam) {
      this.#note(takeRecordOf(event))
      if ('late' in event && event.late.reason !== 'join') this.#late++
    }
    for (const event of instances) this.#note(instanceRecord(event))
    for (const act of mix) this.#note({ kind: 'mix', ...act })
    if (jam.length > 0) send({ kind: 'jam', events: jam })
    if (instances.length > 0) send({ kind: 'instances', events: instances })
    if (changes.length > 0) send({ kind: 'tags', changes })
    if (mix.length > 0) send({ kind: 'mix', acts: mix })
    if (levels) send({ kind: 'levels', frame, levels, zero: this.#pump.zero, cards: this.#pump.timings })
  }

  #note(record: TakeRecord | undefined): void {
    if (record) this.#take?.write(record)
  }

  #noteSink(state: SinkState): void {
    if (this.#take) this.#note(sinkRecord(this.#pump.frame, state))
    else this.#early.push(state)
    this.#parts.send({ kind: 'sink', state })
  }

  #lag(what: 'underrun' | 'skipped', at: Frames, frames: Frames): void {
    if (what === 'underrun') this.#underruns++
    else this.#skipped += frames
    this.#note({ kind: what === 'underrun' ? 'underrun' : 'skip', frame: at, frames })
    this.#parts.send({ kind: 'late', what, at, frames })
  }

  #measure(samples: Float32Array): void {
    this.#hash.update(floatBytes(samples))
    for (const sample of samples) {
      const level = Math.abs(sample)
      if (level > this.#peak) this.#peak = level
    }
  }
}

const nextMessage = (port: MessagePort): FromRender | undefined =>
  (receiveMessageOnPort(port) as { message: FromRender } | undefined)?.message
