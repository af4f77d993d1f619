import { createHash, type Hash } from 'node:crypto'
import { MessageChannel, type MessagePort, type Worker } from 'node:worker_threads'
import { BLOCK, SAMPLE_RATE, type Clock, type Frames } from '../base/index.ts'
import { siblingModule, startThread } from '../base/node/thread.ts'
import { makeSink, parseSink, Pump, Ring } from '../sink/index.ts'
import { floatBytes } from '../sink/pcm.ts'
import { LOOK_AHEAD_FRAMES } from './constants.ts'
import type { TakeFile } from './take-file.ts'
import type { FromEngine, FromRender, RenderStart, SessionInit, SessionReport, ToRender } from './types.ts'

/** Room in the ring, so that a sink that is late by half a second loses nothing. */
const RING_FRAMES: Frames = 32_768
/** Time for threads to start before the first frame is due. */
const START_MARGIN: Frames = 4_800

interface Parts {
  readonly init: SessionInit
  readonly clock: Clock
  readonly take: TakeFile
  readonly send: (message: FromEngine) => void
}

/** One jam sounding: a thread that renders ahead, a pump that moves what is due to the sink, and the take. */
export class Session {
  readonly #parts: Parts
  readonly #ring = Ring.allocate(RING_FRAMES)
  readonly #hash: Hash = createHash('sha256')
  readonly #from: Frames
  readonly #port: MessagePort
  readonly #thread: Worker
  readonly #pump: Pump
  readonly #ended: Promise<'over' | 'closed'>
  #peak = 0
  #underruns = 0
  #skipped: Frames = 0
  #late = 0
  #finishing: Promise<void> | undefined

  private constructor(parts: Parts) {
    this.#parts = parts
    const { init, clock } = parts
    const { start, from } = beginning(init, clock)
    this.#from = from
    const { port1, port2 } = new MessageChannel()
    this.#port = port1
    const render: RenderStart = {
      jam: init.jam,
      ring: this.#ring.memory,
      from,
      threads: init.threads,
      entries: init.entries,
    }
    this.#thread = startThread(siblingModule('render-thread', import.meta.url), {
      workerData: { start: render, port: port2 },
      transferList: [port2],
    })
    this.#pump = new Pump({
      ring: this.#ring,
      sink: makeSink(parseSink(init.sink)),
      clock,
      start,
      onSink: (state) => {
        parts.take.write({ kind: 'sink', ...state })
        parts.send({ kind: 'sink', state })
      },
      onLate: (what, frames) => this.#lag(what, frames),
      onFrames: (samples) => this.#measure(samples),
    })
    this.#ended = new Promise((resolve) => {
      port1.on('message', (message: FromRender) => {
        this.#report(message)
        if (message.over) resolve('over')
      })
      this.#thread.once('error', (error) => parts.send({ kind: 'failed', message: error.message }))
      this.#thread.once('exit', () => resolve('closed'))
    })
  }

  /** Starts rendering; resolves when the sink is open (or has been given up for now). @throws SINK_UNKNOWN */
  static async open(parts: Parts): Promise<Session> {
    const session = new Session(parts)
    await session.#pump.start()
    parts.send({ kind: 'opened', firstFrame: session.#from })
    void session.#ended.then(() => session.close())
    return session
  }

  tell(message: ToRender): void {
    this.#port.postMessage(message)
  }

  /** Ends rendering, lets the sink have what was rendered, writes the report. Idempotent. */
  async close(): Promise<void> {
    this.#finishing ??= this.#finish()
    return this.#finishing
  }

  async #finish(): Promise<void> {
    const over = (await Promise.race([this.#ended, Promise.resolve('asked' as const)])) === 'over'
    this.#ring.close()
    if (!over) await this.#ended
    await this.#pump.drain()
    const report: SessionReport = {
      firstFrame: this.#from,
      frames: this.#pump.moved,
      samplesSha256: this.#hash.digest('hex'),
      peak: this.#peak,
      underruns: this.#underruns,
      skippedFrames: this.#skipped,
      late: this.#late,
    }
    await this.#thread.terminate()
    this.#port.close()
    await this.#parts.take.close({ kind: 'end', ...report })
    this.#parts.send({ kind: 'closed', report, over })
  }

  #report({ jam, instances, changes, levels, frame }: FromRender): void {
    const { send, take } = this.#parts
    for (const event of jam) {
      take.write({ event: 'jam', ...event })
      if ('late' in event && event.late.reason !== 'join') this.#late++
    }
    for (const event of instances) take.write({ event: 'instance', ...event })
    if (jam.length > 0) send({ kind: 'jam', events: jam })
    if (instances.length > 0) send({ kind: 'instances', events: instances })
    if (changes.length > 0) send({ kind: 'tags', changes })
    if (levels) send({ kind: 'levels', frame, levels })
  }

  #lag(what: 'underrun' | 'skipped', frames: Frames): void {
    if (what === 'underrun') this.#underruns++
    else this.#skipped += frames
    this.#parts.take.write({ kind: what, frames })
    this.#parts.send({ kind: 'late', what, frames })
  }

  #measure(samples: Float32Array): void {
    this.#hash.update(floatBytes(samples))
    for (const sample of samples) {
      const level = Math.abs(sample)
      if (level > this.#peak) this.#peak = level
    }
  }
}

/** The first frame rendered, a multiple of 128, and the monotonic time at which it is due. */
function beginning({ origin }: SessionInit, clock: Clock): { from: Frames; start: number } {
  const now = Math.floor(((clock.micros() - origin) * SAMPLE_RATE) / 1_000_000)
  const first = Math.max(0, now + LOOK_AHEAD_FRAMES + START_MARGIN)
  const from = Math.ceil(first / BLOCK) * BLOCK
  return { from, start: clock.monotonic() + ((from - now) * 1_000) / SAMPLE_RATE }
}
