import { BLOCK, type Frames } from '../base/index.ts'
import type { BusName } from '../jam/index.ts'
import { Bus } from './bus.ts'
import { Echo } from './echo.ts'
import { decibelsOf } from './levels.ts'
import { Limiter } from './limiter.ts'
import { LiveLoudness } from './loudness.ts'
import { Meter, TrackMeter } from './meter.ts'
import { fade, type Strip } from './mixer.ts'
import { Room } from './room.ts'
import type { Slot } from './slots.ts'
import type { Meters, Stem } from './types.ts'

interface BusStrip {
  readonly name: BusName
  readonly bus: Bus
  readonly meter: Meter
}

interface Channel {
  readonly strip: Strip
  readonly meter: Meter
}

/** Where the stems of a quantum come together: faders, sends, returns, the sum, the limiter, and the meters of all these. */
export class Desk {
  readonly #buses: readonly BusStrip[] = [
    { name: 'room', bus: new Bus(() => new Room()), meter: new Meter() },
    { name: 'echo', bus: new Bus(() => new Echo()), meter: new Meter() },
  ]
  readonly #tracks = new Map<string, TrackMeter>()
  readonly #loudness = new LiveLoudness()
  readonly #limiter = new Limiter()
  readonly #master = new Meter()
  readonly #left = new Float64Array(BLOCK)
  readonly #right = new Float64Array(BLOCK)
  /** Of the instance at hand, after its fader. */
  readonly #fadedLeft = new Float64Array(BLOCK)
  readonly #fadedRight = new Float64Array(BLOCK)
  #stems: Stem[] = []
  #endsAt: Frames | undefined

  /** Whether a bus still rings. */
  get ringing(): boolean {
    return this.#buses.some(({ bus }) => bus.awake)
  }

  /** The stems of the quantum at hand: of instances in the order in which they were added, then the returns. */
  get stems(): readonly Stem[] {
    return this.#stems
  }

  /** The jam's end: what rings is over 8 s later. The first one counts. */
  end(frame: Frames): void {
    this.#endsAt ??= frame
  }

  /** Begins a quantum. */
  begin(): void {
    this.#left.fill(0)
    this.#right.fill(0)
    this.#stems = []
  }

  /** Adds an instance's stem, in processing order. */
  add({ strip, meter }: Channel, stem: Slot): void {
    const { spec, track, sends } = strip
    const left = this.#fadedLeft
    const right = this.#fadedRight
    fade(strip, stem, left, right)
    this.#sum(meter, track)
    for (const { name, bus } of this.#buses) {
      const send = sends.get(name)
      if (send && !send.silent) bus.feed(send, left, right)
    }
    const { left: stemLeft, right: stemRight, rawLeft, rawRight } = stem
    const { left: gainLeft, right: gainRight } = strip.fader
    this.#stems.push({
      path: spec.path,
      track,
      left: stemLeft,
      right: stemRight,
      rawLeft,
      rawRight,
      gainLeft,
      gainRight,
    })
  }

  /** Adds the returns, `room` before `echo`, and limits the sum of the quantum at `from` into planar float32. */
  finish(from: Frames, beatsPerFrame: () => number, left: Float32Array, right: Float32Array): void {
    const sinceEnd = this.#endsAt === undefined ? NaN : from - this.#endsAt
    for (const { name, bus, meter } of this.#buses) {
      if (!bus.run(beatsPerFrame, sinceEnd)) continue
      this.#addReturn(bus.slot)
      meter.push(bus.slot.left, bus.slot.right)
      this.#stems.push({ path: name, track: undefined, ...bus.slot, gainLeft: 1, gainRight: 1 })
    }
    for (const track of this.#tracks.values()) track.finish()
    this.#limiter.run(this.#left, this.#right, left, right, BLOCK)
    this.#master.push(left, right)
    this.#loudness.push(left, right)
  }

  /** Levels since the last call. */
  meters(channels: readonly Channel[]): Meters {
    for (const [track, { meter }] of this.#tracks) if (meter.idle) this.#tracks.delete(track)
    return {
      master: this.#master.take(),
      loudness: this.#loudness.now(),
      reduction: 0 - decibelsOf(this.#limiter.takeLeastGain()),
      instances: channels.map(({ strip, meter }) => ({ path: strip.spec.path, ...meter.take() })),
      tracks: [...this.#tracks].map(([track, { meter }]) => ({ track, ...meter.take() })),
      buses: this.#buses.filter(({ meter }) => !meter.idle).map(({ name: bus, meter }) => ({ bus, ...meter.take() })),
    }
  }

  /** Adds what the fader let through and measures it, in one go. */
  #sum(meter: Meter, track: string | undefined): void {
    const left = this.#fadedLeft
    const right = this.#fadedRight
    const sumLeft = this.#left
    const sumRight = this.#right
    let energy = 0
    let peak = 0
    for (let i = 0; i < BLOCK; i++) {
      const l = left[i] ?? 0
      const r = right[i] ?? 0
      sumLeft[i] = (sumLeft[i] ?? 0) + l
      sumRight[i] = (sumRight[i] ?? 0) + r
      energy += l * l + r * r
      if (Math.abs(l) > peak) peak = Math.abs(l)
      if (Math.abs(r) > peak) peak = Math.abs(r)
    }
    meter.note(energy, peak, 2 * BLOCK)
    if (track === undefined) return
    let tracked = this.#tracks.get(track)
    if (!tracked) this.#tracks.set(track, (tracked = new TrackMeter()))
    tracked.add(left, right, energy, peak)
  }

  #addReturn({ left, right }: Slot): void {
    for (let i = 0; i < BLOCK; i++) {
      this.#left[i] = (this.#left[i] ?? 0) + (left[i] ?? 0)
      this.#right[i] = (this.#right[i] ?? 0) + (right[i] ?? 0)
    }
  }
}
