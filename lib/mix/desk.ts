import { BLOCK, type Frames } from '../base/index.ts'
import type { BusName } from '../jam/index.ts'
import { Bus } from './bus.ts'
import { Echo } from './echo.ts'
import { Gauges } from './gauges.ts'
import { decibelsOf } from './levels.ts'
import { Limiter } from './limiter.ts'
import { Meter } from './meter.ts'
import { addPlain, fade, Fader, type PlayerMix, type Strip } from './mixer.ts'
import { Room } from './room.ts'
import type { Slot } from './slots.ts'
import type { Measured, Meters, Stem } from './types.ts'

interface BusStrip {
  readonly name: BusName
  readonly bus: Bus
  readonly meter: Meter
  readonly fader: Fader
}

interface Channel {
  readonly strip: Strip
  readonly meter: Meter
  /** See `Meters`. */
  readonly load: number
}

/** Where the stems of a quantum come together: faders, sends, returns, the sum, the limiter, and the meters of all these. */
export class Desk {
  readonly #buses: readonly BusStrip[] = [
    { name: 'room', bus: new Bus(() => new Room()), meter: new Meter(), fader: new Fader() },
    { name: 'echo', bus: new Bus(() => new Echo()), meter: new Meter(), fader: new Fader() },
  ]
  /** None where nobody reads them. */
  readonly #gauges: Gauges | undefined
  readonly #limiter = new Limiter()
  readonly #left = new Float64Array(BLOCK)
  readonly #right = new Float64Array(BLOCK)
  /** Of the instance at hand, after its fader. */
  readonly #fadedLeft = new Float64Array(BLOCK)
  readonly #fadedRight = new Float64Array(BLOCK)
  /** What was added in the quantum at hand, in its order. */
  readonly #added: { readonly strip: Strip; readonly stem: Slot }[] = []
  readonly #returns: BusStrip[] = []
  #endsAt: Frames | undefined

  constructor(measured: Measured) {
    if (measured === 'all') this.#gauges = new Gauges()
  }

  /** Whether a bus still rings. */
  get ringing(): boolean {
    return this.#buses.some(({ bus }) => bus.awake)
  }

  /** The stems of the quantum at hand: of instances in the order in which they were added, then the returns. */
  get stems(): readonly Stem[] {
    const own = this.#added.map(({ strip: { spec, track, fader }, stem }) => {
      const { left, right, rawLeft, rawRight } = stem
      return { path: spec.path, track, left, right, rawLeft, rawRight, gainLeft: fader.left, gainRight: fader.right }
    })
    const returns = this.#returns.map(({ name, bus, fader }) => {
      return { path: name, track: undefined, ...bus.slot, gainLeft: fader.left, gainRight: fader.right }
    })
    return [...own, ...returns]
  }

  /** Aims the returns at what the player's own mix says now. */
  aim(mix: PlayerMix): void {
    for (const { name, fader } of this.#buses) mix.aimReturn(name, fader)
  }

  /** The jam's end: what rings is over 8 s later. The first one counts. */
  end(frame: Frames): void {
    this.#endsAt ??= frame
  }

  /** Begins a quantum. */
  begin(): void {
    this.#left.fill(0)
    this.#right.fill(0)
    this.#added.length = 0
    this.#returns.length = 0
  }

  /** Adds an instance's stem, in processing order. */
  add({ strip, meter }: Pick<Channel, 'strip' | 'meter'>, stem: Slot): void {
    if (this.#gauges || strip.fader.moving || this.#sends(strip)) this.#addFaded(strip, meter, stem)
    else addPlain(strip, stem, this.#left, this.#right)
    this.#added.push({ strip, stem })
  }

  /** Adds the returns, `room` before `echo`, and limits the sum of the quantum at `from` into planar float32. */
  finish(from: Frames, beatsPerFrame: () => number, left: Float32Array, right: Float32Array): void {
    const sinceEnd = this.#endsAt === undefined ? NaN : from - this.#endsAt
    for (const strip of this.#buses) {
      const { bus, fader } = strip
      if (bus.run(beatsPerFrame, sinceEnd)) this.#addReturn(strip)
      else fader.settle()
    }
    this.#limiter.run(this.#left, this.#right, left, right, BLOCK)
    this.#gauges?.finish(left, right)
  }

  /** Levels since the last call. Where only the limiter is measured, the rest reads as silent. */
  meters(channels: readonly Channel[]): Meters {
    return {
      ...(this.#gauges ?? new Gauges()).take(),
      reduction: 0 - decibelsOf(this.#limiter.takeLeastGain()),
      instances: channels.map(({ strip, meter, load }) => ({ path: strip.spec.path, load, ...meter.take() })),
      buses: this.#buses.filter(({ meter }) => !meter.idle).map(({ name: bus, meter }) => ({ bus, ...meter.take() })),
    }
  }

  #addReturn(strip: BusStrip): void {
    this.#returns.push(strip)
    const { slot } = strip.bus
    if (!this.#gauges && !strip.fader.moving) {
      addPlain(strip, slot, this.#left, this.#right)
      return
    }
    fade(strip, slot, this.#fadedLeft, this.#fadedRight)
    if (!this.#gauges) add(this.#fadedLeft, this.#fadedRight, this.#left, this.#right)
    else this.#gauges.sum(this.#fadedLeft, this.#fadedRight, this.#left, this.#right, strip.meter, undefined)
  }

  #sends({ sends }: Strip): boolean {
    for (const send of sends.values()) if (!send.silent) return true
    return false
  }

  #addFaded(strip: Strip, meter: Meter, stem: Slot): void {
    const left = this.#fadedLeft
    const right = this.#fadedRight
    fade(strip, stem, left, right)
    if (this.#gauges) this.#gauges.sum(left, right, this.#left, this.#right, meter, strip.track)
    else add(left, right, this.#left, this.#right)
    for (const { name, bus } of this.#buses) {
      const send = strip.sends.get(name)
      if (send && !send.silent) bus.feed(send, left, right)
    }
  }
}

/** Adds 128 frames to a sum. */
function add(
  left: Float32Array | Float64Array,
  right: Float32Array | Float64Array,
  sumLeft: Float64Array,
  sumRight: Float64Array,
): void {
  for (let i = 0; i < BLOCK; i++) {
    sumLeft[i] = (sumLeft[i] ?? 0) + (left[i] ?? 0)
    sumRight[i] = (sumRight[i] ?? 0) + (right[i] ?? 0)
  }
}
