import { BLOCK } from '../base/index.ts'
import type { MeterReading } from './types.ts'

/** Peak and RMS of planar stereo since the last reading, both sides together. */
export class Meter {
  #peak = 0
  #sum = 0
  #samples = 0

  push(left: Float32Array, right: Float32Array): void {
    let peak = this.#peak
    let sum = this.#sum
    for (let i = 0; i < left.length; i++) {
      const l = left[i] ?? 0
      const r = right[i] ?? 0
      sum += l * l + r * r
      if (l > peak || l < -peak) peak = l < 0 ? -l : l
      if (r > peak || r < -peak) peak = r < 0 ? -r : r
    }
    this.#peak = peak
    this.#sum = sum
    this.#samples += 2 * left.length
  }

  /** Takes in what somebody else measured: the sum of squares of so many samples, and the highest magnitude of them. */
  note(energy: number, peak: number, samples: number): void {
    this.#sum += energy
    this.#samples += samples
    if (peak > this.#peak) this.#peak = peak
  }

  /** Whether nothing was measured since the last reading. */
  get idle(): boolean {
    return this.#samples === 0
  }

  /** What it is since the last call. */
  take(): MeterReading {
    const reading = { peak: this.#peak, rms: this.#samples === 0 ? 0 : Math.sqrt(this.#sum / this.#samples) }
    this.#peak = 0
    this.#sum = 0
    this.#samples = 0
    return reading
  }
}

/** What instances of one track come to together, 128 frames at a time. */
export class TrackMeter {
  readonly meter = new Meter()
  readonly #left = new Float64Array(BLOCK)
  readonly #right = new Float64Array(BLOCK)
  #members = 0
  #energy = 0
  #peak = 0

  /** Takes in one instance's share of the quantum at hand, with what was measured of it. */
  add(left: Float64Array, right: Float64Array, energy: number, peak: number): void {
    if (this.#members++ === 0) {
      this.#left.set(left)
      this.#right.set(right)
      this.#energy = energy
      this.#peak = peak
      return
    }
    for (let i = 0; i < BLOCK; i++) {
      this.#left[i] = (this.#left[i] ?? 0) + (left[i] ?? 0)
      this.#right[i] = (this.#right[i] ?? 0) + (right[i] ?? 0)
    }
  }

  /** Ends the quantum. */
  finish(): void {
    if (this.#members > 1) this.#measure()
    if (this.#members > 0) this.meter.note(this.#energy, this.#peak, 2 * BLOCK)
    this.#members = 0
  }

  #measure(): void {
    let energy = 0
    let peak = 0
    for (let i = 0; i < BLOCK; i++) {
      const l = this.#left[i] ?? 0
      const r = this.#right[i] ?? 0
      energy += l * l + r * r
      peak = Math.max(peak, Math.abs(l), Math.abs(r))
    }
    this.#energy = energy
    this.#peak = peak
  }
}
