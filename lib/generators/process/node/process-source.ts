import type { ChildProcess } from 'node:child_process'
import type { Duplex, Readable } from 'node:stream'
import type { Frames } from '../../../base/index.ts'
import type { VoiceFailure } from '../../types.ts'
import { LINES_A_TICK, LOGS_A_TICK, MAX_UNREAD, PROCESS_LIMITS, TICK_MILLIS } from '../limits.ts'
import { parseSaid, plainLine, type Said, type Told } from '../lines.ts'
import { floatsOf, frameBytes } from '../pcm.ts'
import type { PcmFormat } from '../types.ts'
import type { ProcessPace } from '../voice.ts'
import { PacedLines } from './lines.ts'
import type { Source } from './source.ts'
import { usageOf } from './usage.ts'

interface Init {
  readonly child: ChildProcess
  readonly format: PcmFormat
  readonly pace: ProcessPace
  /** Takes what it says; false where there is no room now. */
  readonly onSaid: (said: Exclude<Said, { kind: 'json' }>) => boolean
  /** There is sound, or the end. */
  readonly onChange: () => void
}

/** How long a process that has closed its output may take to end. */
const END_MILLIS = 1_000
const BUSY_TICKS = PROCESS_LIMITS.busyMillis / TICK_MILLIS

/** A running process: its sound at the pace at which it is asked for, its lines, and its end. */
export class ProcessSource implements Source {
  readonly #init: Init
  readonly #out: Readable
  readonly #lines: Duplex
  readonly #readers: readonly PacedLines[]
  readonly #timer: NodeJS.Timeout
  readonly #exited: Promise<void>
  #rest: Uint8Array = new Uint8Array(0)
  #json = false
  #untold = ''
  #lastError = ''
  #outEnded = false
  #gone = false
  #end: VoiceFailure | undefined
  #ranAway: VoiceFailure | undefined
  #usedBefore: number[] = []

  constructor(init: Init) {
    this.#init = init
    const { child } = init
    this.#out = child.stdout as Readable
    this.#lines = child.stdio[3] as Duplex
    this.#readers = [
      new PacedLines({
        stream: this.#lines,
        lines: LINES_A_TICK,
        past: 'wait',
        onLine: (line) => this.#hear(line),
        onEnd: init.onChange,
      }),
      new PacedLines({
        stream: child.stderr as Readable,
        lines: LOGS_A_TICK,
        past: 'drop',
        onLine: (text) => {
          this.#lastError = text
          return init.onSaid({ kind: 'log', text })
        },
        onEnd: init.onChange,
      }),
    ]
    this.#out.on('readable', () => init.onChange())
    this.#out.once('end', () => {
      this.#outEnded = true
      setTimeout(() => this.#kill(), END_MILLIS).unref()
      init.onChange()
    })
    this.#exited = new Promise((resolve) => {
      child.once('error', (error) => this.#exit({ code: 'GENERATOR_FAILED', message: error.message }, resolve))
      child.once('exit', (code) => this.#exit(badEnd(code), resolve))
    })
    this.#timer = setInterval(() => this.#watch(), TICK_MILLIS)
    this.#timer.unref()
  }

  get ended(): boolean {
    if (!this.#gone || !this.#outEnded || this.#rest.length >= frameBytes(this.#init.format)) return false
    return this.#init.child.pid === undefined || this.#readers.every((reader) => reader.ended)
  }

  get failure(): VoiceFailure | undefined {
    if (this.#ranAway || !this.#end) return this.#ranAway
    const { code, message } = this.#end
    return { code, message: this.#lastError === '' ? message : `${message}: ${this.#lastError}` }
  }

  pull(frames: Frames): Float32Array | undefined {
    const size = frameBytes(this.#init.format)
    if (this.#rest.length < size) {
      const more = this.#out.read() as Buffer | null
      if (more) this.#rest = this.#rest.length === 0 ? more : Buffer.concat([this.#rest, more])
    }
    const whole = Math.min(frames, Math.floor(this.#rest.length / size))
    if (whole <= 0) return undefined
    const taken = floatsOf(this.#rest.subarray(0, whole * size), this.#init.format)
    this.#rest = this.#rest.subarray(whole * size)
    return taken
  }

  tell(told: Told): boolean {
    if (this.#gone || !this.#lines.writable) return true
    if (this.#lines.writableLength + this.#untold.length > MAX_UNREAD) return false
    if (this.#untold === '') setImmediate(() => this.#flush())
    this.#untold += `${this.#json ? JSON.stringify(told) : plainLine(told)}\n`
    return true
  }

  /** After what it said before was read: writing to one that has ended makes what it said last unreadable. */
  #flush(): void {
    if (this.#lines.writable) this.#lines.write(this.#untold)
    this.#untold = ''
  }

  async close(): Promise<void> {
    this.#kill()
    await this.#exited
    for (const reader of this.#readers) reader.close()
    for (const stream of [this.#out, this.#lines, this.#init.child.stderr]) stream?.destroy()
  }

  /** With its first process the whole name space ends. */
  #kill(): void {
    if (!this.#gone) this.#init.child.kill('SIGKILL')
  }

  #exit(end: VoiceFailure | undefined, resolve: () => void): void {
    if (this.#gone) return
    this.#gone = true
    this.#end = end
    clearInterval(this.#timer)
    if (this.#init.child.pid === undefined) this.#outEnded = true
    resolve()
    this.#init.onChange()
  }

  /** False where there is no room for it now. */
  #hear(line: string): boolean {
    if (line === '') return true
    const said = parseSaid(line)
    const saying = typeof said === 'string' ? ({ kind: 'log', text: said } as const) : said
    if (saying.kind !== 'json' && !this.#init.onSaid(saying)) return false
    if (saying.kind === 'json' || line.startsWith('{')) this.#json = true
    return true
  }

  /** Memory of all its processes together, which no limit of the system holds, and live their share of the processors. */
  #watch(): void {
    const { child, pace } = this.#init
    if (child.pid === undefined || this.#gone) return
    const { bytes, seconds } = usageOf(child.pid)
    this.#usedBefore.push(seconds)
    const before = this.#usedBefore.length > BUSY_TICKS ? this.#usedBefore.shift() : undefined
    const busy = before === undefined ? 0 : (1_000 * (seconds - before)) / PROCESS_LIMITS.busyMillis
    if (bytes > PROCESS_LIMITS.memoryBytes)
      this.#runAway(`its processes hold more than ${PROCESS_LIMITS.memoryBytes / 2 ** 20} MiB of memory`)
    else if (pace === 'live' && busy > PROCESS_LIMITS.processors)
      this.#runAway(
        `it kept more than ${PROCESS_LIMITS.processors} processor busy for ${PROCESS_LIMITS.busyMillis / 1_000} s`,
      )
  }

  #runAway(message: string): void {
    this.#ranAway = { code: 'GENERATOR_RAN_AWAY', message }
    this.#kill()
  }
}

/** bubblewrap ends as its process did; a signal it tells as 128 and its number. */
function badEnd(code: number | null): VoiceFailure | undefined {
  if (code === 0) return undefined
  const how =
    code === null || code > 128 ? `was ended by signal ${code === null ? 9 : code - 128}` : `ended with code ${code}`
  return { code: 'GENERATOR_FAILED', message: `its process ${how}` }
}
