import type { Frames } from '../../lib/base/index.ts'
import type { Sink } from '../../lib/sink/index.ts'
import { MILLI } from './pumps.ts'

interface Init {
  /** Monotonic milliseconds. */
  readonly now: () => number
  /** How fast its own clock runs. */
  readonly pace?: number
  /** It begins to play when it was given so many frames. */
  readonly buffer: Frames
  /** What comes after that, of which `latency` does not know. */
  readonly converter?: Frames
}

/** A card with a clock of its own, of which is known what it lets sound; it keeps left samples. */
export class SimulatedCard implements Sink {
  readonly name = 'card'
  readonly lateness = 'skip'
  readonly latency: Frames
  readonly left: number[] = []
  readonly #init: Required<Init>
  #began: number | undefined

  constructor(init: Init) {
    this.#init = { pace: 1, converter: 0, ...init }
    this.latency = init.buffer
  }
  async open(): Promise<void> {
    this.left.length = 0
    this.#began = undefined
  }
  async write(samples: Float32Array): Promise<void> {
    for (let i = 0; i < samples.length; i += 2) this.left.push(samples[i] ?? NaN)
    if (this.left.length >= this.#init.buffer) this.#began ??= this.#init.now()
  }
  async close(): Promise<void> {
    // Nothing is left of it.
  }
  position(): Frames | undefined {
    if (this.#began === undefined) return undefined
    const { now, pace, converter } = this.#init
    return Math.max(0, Math.floor((now() - this.#began) * MILLI * pace) - converter)
  }
  /** The sample that sounds now. */
  get sounds(): number {
    return this.left[this.position() ?? 0] ?? NaN
  }
}
