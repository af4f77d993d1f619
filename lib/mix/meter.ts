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

  /** What it is since the last call. */
  take(): MeterReading {
    const reading = { peak: this.#peak, rms: this.#samples === 0 ? 0 : Math.sqrt(this.#sum / this.#samples) }
    this.#peak = 0
    this.#sum = 0
    this.#samples = 0
    return reading
  }
}
