import { LIMITER_CEILING, LIMITER_RELEASE, LIMITER_UNITY } from './constants.ts'

/**
 * A brickwall without look-ahead, so that the mix stays the exact sequence of jam frames: the gain falls at once to what
 * the louder side needs and climbs back by 1/4800 of what is missing each frame. Both sides share one gain.
 * What stays below -1 dBFS passes bit for bit.
 */
export class Limiter {
  #gain = 1
  #least = 1

  /** The deepest gain since the last call, as a factor (1: nothing was taken). */
  takeLeastGain(): number {
    const least = this.#least
    this.#least = this.#gain
    return least
  }

  /** Planar stereo from float64 sums to float32; nothing above 0.8912353515625 comes out. */
  run(left: Float64Array, right: Float64Array, outLeft: Float32Array, outRight: Float32Array, frames: number): void {
    let gain = this.#gain
    for (let i = 0; i < frames; i++) {
      const l = left[i] ?? 0
      const r = right[i] ?? 0
      const peak = Math.max(l < 0 ? -l : l, r < 0 ? -r : r)
      gain += (1 - gain) * LIMITER_RELEASE
      if (gain > LIMITER_UNITY) gain = 1
      if (peak * gain > LIMITER_CEILING) gain = LIMITER_CEILING / peak
      if (gain < this.#least) this.#least = gain
      outLeft[i] = l * gain
      outRight[i] = r * gain
    }
    this.#gain = gain
  }
}
