import { BLOCK } from '../../lib/base/index.ts'
import { Pump, Ring, type Sink, type SinkState } from '../../lib/sink/index.ts'

/** How far ahead of what is due the ring is filled, in frames. */
export const AHEAD = 7_680
/** How much earlier than due a card is given frames at most: 120 ms. */
export const EARLIEST = 5_760
/** Frames of a millisecond. */
export const MILLI = 48

/** A sink that keeps left samples, and does what a test tells it. */
export class KeptSink implements Sink {
  readonly name: string
  readonly lateness: 'wait' | 'skip'
  readonly left: number[] = []
  opened = 0
  closed = 0
  /** What opening or writing fails with. */
  broken: Error | undefined
  #gate: Promise<void> = Promise.resolve()
  #release: () => void = () => undefined

  constructor(name: string, lateness: 'wait' | 'skip') {
    this.name = name
    this.lateness = lateness
  }
  /** Writes do not resolve until `release`. */
  block(): void {
    this.#gate = new Promise((resolve) => (this.#release = resolve))
  }
  release(): void {
    this.#release()
  }
  async open(): Promise<void> {
    if (this.broken) throw this.broken
    this.opened++
  }
  async write(samples: Float32Array): Promise<void> {
    if (this.broken) throw this.broken
    for (let i = 0; i < samples.length; i += 2) this.left.push(samples[i] ?? NaN)
    await this.#gate
  }
  async close(): Promise<void> {
    this.closed++
  }
}

/** A pump with a clock that stands still until it is told, and a ring that is filled with 0, 1, 2 …, as far as it wants. */
export class PumpRig {
  now = 0
  rendered = 0
  readonly ring = Ring.allocate(32_768)
  readonly states: SinkState[] = []
  readonly late: { kind: string; at: number; frames: number }[] = []
  readonly moved: number[] = []
  readonly pump: Pump

  constructor(...sinks: readonly Sink[]) {
    this.pump = new Pump({
      ring: this.ring,
      sinks,
      earliest: EARLIEST,
      clock: { monotonic: () => this.now },
      onSink: (state) => this.states.push(state),
      onLate: (kind, at, frames) => this.late.push({ kind, at, frames }),
      onFrames: (samples) => {
        for (let i = 0; i < samples.length; i += 2) this.moved.push(samples[i] ?? NaN)
      },
    })
  }
  async begin(frame = 0): Promise<this> {
    await this.pump.open()
    this.pump.begin({ frame, due: this.now })
    this.render()
    return this
  }
  /** As the rendering thread does. */
  render(): void {
    while (this.ring.wants(AHEAD)) {
      const left = Float32Array.from({ length: BLOCK }, () => this.rendered++)
      this.ring.put(left, left)
    }
  }
  /** Lets time pass in steps of 10 ms. */
  async pass(millis: number): Promise<void> {
    for (let passed = 0; passed < millis; passed += 10) {
      this.now += 10
      await this.pump.look()
      this.render()
    }
  }
  /** Lets everything that need not wait for a sink happen. */
  async settle(): Promise<void> {
    for (let i = 0; i < 20; i++) await new Promise((resolve) => setImmediate(resolve))
  }
}

/** The samples from one frame on up to another, as the rig renders them. */
export const counted = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, i) => from + i)
