import { BLOCK } from '../base/index.ts'
import { LiveLoudness, type Loudness } from './loudness.ts'
import { Meter, TrackMeter } from './meter.ts'
import type { MeterReading } from './types.ts'

/** What is read of the mix while it sounds: levels of tracks and of the whole, and its loudness. */
export class Gauges {
  readonly #tracks = new Map<string, TrackMeter>()
  readonly #loudness = new LiveLoudness()
  readonly #master = new Meter()

  /**
   * Adds 128 frames of an instance to the sum, and measures them in the same go.
   * @param track what others of its track are measured with
   */
  sum(
    left: Float64Array,
    right: Float64Array,
    sumLeft: Float64Array,
    sumRight: Float64Array,
    meter: Meter,
    track: string | undefined,
  ): void {
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

  /** Ends a quantum, with the mix as it is given. */
  finish(left: Float32Array, right: Float32Array): void {
    for (const track of this.#tracks.values()) track.finish()
    this.#master.push(left, right)
    this.#loudness.push(left, right)
  }

  /** Levels since the last call. */
  take(): {
    readonly master: MeterReading
    readonly loudness: Loudness
    readonly tracks: readonly (MeterReading & { readonly track: string })[]
  } {
    for (const [track, { meter }] of this.#tracks) if (meter.idle) this.#tracks.delete(track)
    return {
      master: this.#master.take(),
      loudness: this.#loudness.now(),
      tracks: [...this.#tracks].map(([track, { meter }]) => ({ track, ...meter.take() })),
    }
  }
}
