import { SAMPLE_RATE, type Clock, type Frames, type Millis } from '../base/index.ts'
import { CardOutlet } from './card-outlet.ts'
import { FileOutlet, type Outlet } from './outlet.ts'
import type { Ring } from './ring.ts'
import type { CardTiming, Sink, SinkState } from './types.ts'

/** How often the pump looks whether frames are due. */
const TICK_MILLIS: Millis = 10
/** How fast a change of the pace is made up for: 2 ms in a second. */
const SLEW = 0.002
/** Frames moved at a time: a tenth of a second. */
const CHUNK_FRAMES: Frames = 4_800

export interface PumpInit {
  readonly ring: Ring
  /** Each is fed on its own. */
  readonly sinks: readonly Sink[]
  /** How much earlier than it is due a frame may be handed to a card: what rendering ahead leaves. */
  readonly earliest: Frames
  readonly clock: Pick<Clock, 'monotonic'>
  readonly onSink: (state: SinkState) => void
  /** Frames, from a jam frame on, that were due and not rendered (underrun), or that a card dropped. */
  readonly onLate: (kind: 'underrun' | 'skipped', at: Frames, frames: Frames) => void
  /** What was moved, in the exact sequence of jam frames, before a sink sees it: for peaks and hashes. */
  readonly onFrames?: (samples: Float32Array) => void
}

/** Where the ring's first frame lies. */
export interface PumpStart {
  /** Its jam frame. */
  readonly frame: Frames
  /** Monotonic time at which it is due. */
  readonly due: Millis
}

/**
 * Moves frames from the ring to the sinks when the jam's clock says that they are due (with a card as much earlier as it
 * takes to let them sound) and tells the ring what is due, so that rendering keeps to that clock whatever becomes of a
 * sink. A file gets every frame, however late: where it is slow the ring fills up, and rendering falls behind with it. A
 * card never holds anything up: it slips to keep time, and skips at last.
 */
export class Pump {
  readonly #init: PumpInit
  readonly #outlets: readonly Outlet[]
  /** How much earlier than they are due frames are moved. */
  readonly lead: Frames
  readonly #chunk = new Float32Array(CHUNK_FRAMES * 2)
  /** Jam frame of the ring's first, had all jumps so far been before it. */
  #first: Frames = 0
  /** When the ring's first frame was due: as it is, and as it should be. */
  #due: Millis = Infinity
  #aim: Millis = Infinity
  #steeredAt: Millis = 0
  /** Jumps ahead: how many frames are moved before each, and how far it goes. */
  readonly #jumps: { readonly moved: Frames; readonly by: Frames }[] = []
  #moved: Frames = 0
  #short = false
  #timer: NodeJS.Timeout | undefined
  #moving: Promise<void> | undefined

  constructor(init: PumpInit) {
    this.#init = init
    const { clock, onSink: onState, sinks, earliest } = init
    this.lead = Math.min(earliest, Math.max(0, ...sinks.map(({ latency = 0 }) => latency)))
    const onSkip = (at: Frames, frames: Frames): void => init.onLate('skipped', at, frames)
    this.#outlets = sinks.map((sink) =>
      sink.lateness === 'wait'
        ? new FileOutlet({ sink, clock, onState, onSkip })
        : new CardOutlet({ sink, clock, onState, onSkip }),
    )
  }

  /** Frames moved so far. */
  get moved(): Frames {
    return this.#moved
  }
  /** The jam frame that is moved next. */
  get frame(): Frames {
    return this.#first + this.#moved
  }
  /** When the ring's first frame was due, as the sinks are paced now. */
  get due(): Millis {
    return this.#due
  }
  /** In how long what is not rendered yet is due. */
  get ahead(): Millis {
    const next = this.#moved + this.#init.ring.filled
    return this.#due + (next * 1_000) / SAMPLE_RATE - this.#init.clock.monotonic()
  }
  /** When jam frame 0 would have been due, as the sinks are paced now. */
  get zero(): Millis {
    return this.#due - (this.#first * 1_000) / SAMPLE_RATE
  }

  /** Of each card that takes its time. */
  get timings(): CardTiming[] {
    return this.#outlets.flatMap((outlet) => outlet.timing(this.lead) ?? [])
  }

  /** Opens the sinks; those that cannot be are reported. */
  async open(): Promise<void> {
    await Promise.all(this.#outlets.map((outlet) => outlet.open()))
  }

  /** From when on frames are due. */
  begin(start: PumpStart): void {
    this.#first = start.frame
    this.#due = this.#aim = start.due
    this.#steeredAt = this.#init.clock.monotonic()
    this.#init.ring.due(this.#behind())
  }

  /** When the ring's first frame should have been due: gone towards little by little. */
  steer(due: Millis): void {
    this.#aim = due
  }

  /** The same, at once: where it is later, nothing is moved until then, and cards are silent for as long. */
  wait(due: Millis): void {
    const frames = Math.round(((due - this.#due) * SAMPLE_RATE) / 1_000)
    this.#due = this.#aim = due
    if (frames > 0) for (const outlet of this.#outlets) outlet.hold(frames)
  }

  /** What is in the ring from jam frame `from` on is another: the clock jumped. */
  jump(from: Frames, to: Frames): void {
    const before = this.#jumps.reduce((sum, { by }) => sum + by, this.#first)
    this.#jumps.push({ moved: from - before, by: to - from })
    this.#land()
  }

  /** Looks again and again, until it is drained. */
  run(): void {
    this.#timer = setTimeout(() => {
      void this.look()
      this.run()
    }, TICK_MILLIS)
  }

  /** Moves what is due; resolves when the files have it. */
  async look(): Promise<void> {
    if (this.#due === Infinity) return
    this.#slew()
    for (const outlet of this.#outlets) outlet.look(this.#dueFrames())
    const behind = this.#behind()
    this.#init.ring.due(behind)
    this.#countLate(behind)
    this.#moving ??= this.#move(Math.min(behind + this.lead, this.#init.ring.filled)).finally(() => {
      this.#moving = undefined
    })
    return this.#moving
  }

  /** Moves what the ring still holds, however early, then closes the sinks. */
  async drain(): Promise<void> {
    clearTimeout(this.#timer)
    await this.#moving
    await this.#move(this.#init.ring.filled)
    await Promise.all(this.#outlets.map((outlet) => outlet.close()))
  }

  /** Frames that are due by now and have not been moved; below 0 before the first. */
  #behind(): Frames {
    return Math.floor(this.#dueFrames()) - this.#moved
  }

  /** Frames that are due by now since the ring's first, with a fraction. */
  #dueFrames(): Frames {
    return ((this.#init.clock.monotonic() - this.#due) * SAMPLE_RATE) / 1_000
  }

  #slew(): void {
    const now = this.#init.clock.monotonic()
    const most = (now - this.#steeredAt) * SLEW
    this.#steeredAt = now
    if (this.#due !== this.#aim) this.#due += Math.max(-most, Math.min(most, this.#aim - this.#due))
  }

  /** Jumps whose place has come hold. */
  #land(): void {
    for (let [next] = this.#jumps; next && next.moved <= this.#moved; [next] = this.#jumps) {
      this.#first += next.by
      this.#jumps.shift()
    }
  }

  /**
   * An underrun is counted once, when it begins, until rendering has caught up. Where a file is slow and the ring full,
   * nothing was rendered too late.
   */
  #countLate(behind: Frames): void {
    const { ring, onLate } = this.#init
    const { filled } = ring
    const short = filled < behind
    if (short && !this.#short && !ring.full && !ring.ended) onLate('underrun', this.frame + filled, behind - filled)
    this.#short = short
  }

  /** What becomes due meanwhile waits for the next look: else a file would be written a few frames at a time. */
  async #move(frames: Frames): Promise<void> {
    for (let left = frames; left > 0;) {
      const room = Math.min(left, CHUNK_FRAMES, (this.#jumps[0]?.moved ?? Infinity) - this.#moved)
      const count = this.#init.ring.take(this.#chunk.subarray(0, room * 2))
      const samples = this.#chunk.subarray(0, count * 2)
      const at = { frame: this.frame, moved: this.#moved }
      left -= count
      this.#moved += count
      this.#land()
      this.#init.onFrames?.(samples)
      await Promise.all(this.#outlets.map((outlet) => outlet.push(samples, at)))
    }
  }
}
