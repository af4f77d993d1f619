import type { Readable } from 'node:stream'
import { BYTES_A_TICK, MAX_LINE, TICK_MILLIS } from '../limits.ts'

interface Init {
  readonly stream: Readable
  /** Lines taken in a tick. */
  readonly lines: number
  /** What becomes of those past it: they wait, and with them who writes; or they are left out. */
  readonly past: 'wait' | 'drop'
  /** False where it cannot be taken now: it waits, too, or is left out. */
  readonly onLine: (line: string) => boolean
  /** The stream has ended, and every line of it was taken. */
  readonly onEnd: () => void
}

const LINE_FEED = 0x0a

/** Lines of a stream at a bounded pace, each of at most 4,096 bytes: what is longer is cut. */
export class PacedLines {
  readonly #init: Init
  readonly #timer: NodeJS.Timeout
  #waiting = Buffer.alloc(0)
  #cutting = false
  #lines = 0
  #bytes = 0
  #state: 'open' | 'over' | 'ended' = 'open'

  constructor(init: Init) {
    this.#init = init
    this.#timer = setInterval(() => this.#tick(), TICK_MILLIS)
    this.#timer.unref()
    init.stream.on('data', (bytes: Buffer) => {
      this.#bytes += bytes.length
      this.#waiting = Buffer.concat([this.#waiting, bytes])
      this.#take()
    })
    init.stream.once('close', () => {
      if (this.#state !== 'open') return
      this.#state = 'over'
      if (this.#waiting.length > 0 && this.#waiting.at(-1) !== LINE_FEED)
        this.#waiting = Buffer.concat([this.#waiting, Buffer.of(LINE_FEED)])
      this.#take()
    })
  }

  get ended(): boolean {
    return this.#state === 'ended'
  }

  /** Takes no more. */
  close(): void {
    this.#state = 'ended'
    clearInterval(this.#timer)
  }

  /** Lines that wait are read all the same, as far as there is room: what a process leaves unread behind is lost. */
  get #isFull(): boolean {
    return this.#bytes >= BYTES_A_TICK || this.#waiting.length >= BYTES_A_TICK
  }

  #tick(): void {
    this.#lines = 0
    this.#bytes = 0
    this.#take()
    if (!this.#isFull) this.#init.stream.resume()
  }

  #take(): void {
    const { stream, lines, past, onLine } = this.#init
    for (let end = this.#end(); end >= 0; end = this.#end()) {
      if (this.#lines >= lines && past === 'wait') break
      const line = this.#waiting.subarray(0, Math.min(end, MAX_LINE)).toString('utf8')
      const isOver = this.#cutting || this.#lines >= lines
      if (!isOver && !onLine(line) && past === 'wait') break
      if (!isOver) this.#lines++
      this.#waiting = this.#waiting.subarray(end + 1)
      this.#cutting = false
    }
    if (this.#end() < 0 && this.#waiting.length > MAX_LINE) {
      if (!this.#cutting && this.#lines++ < lines) void onLine(this.#waiting.subarray(0, MAX_LINE).toString('utf8'))
      this.#cutting = true
      this.#waiting = Buffer.alloc(0)
    }
    if (this.#isFull) stream.pause()
    if (this.#state !== 'over' || this.#waiting.length > 0) return
    this.close()
    this.#init.onEnd()
  }

  #end(): number {
    return this.#waiting.indexOf(LINE_FEED)
  }
}
