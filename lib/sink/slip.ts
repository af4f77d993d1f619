import type { Frames } from '../base/index.ts'
import { fadeIn, FADE_FRAMES } from '../mix/index.ts'

/** A piece must have so many frames for one to be dropped from it or repeated in it. */
export const SLIP_LEAST: Frames = FADE_FRAMES + 1

/**
 * A piece of interleaved stereo with one frame less or more: it is faded within 5 ms into itself one frame later or
 * earlier. It begins and ends as it did, so that it joins its neighbours.
 * @param by -1 drops one, 1 repeats one
 */
export function slipped(samples: Float32Array, by: -1 | 1): Float32Array {
  const out = new Float32Array(samples.length + 2 * by)
  const frames = out.length / 2
  for (let i = 0; i < frames; i++) {
    const weight = fadeIn(i)
    for (let side = 0; side < 2; side++) {
      const plain = samples[2 * i + side] ?? 0
      const moved = samples[2 * Math.max(0, i - by) + side] ?? 0
      out[2 * i + side] = weight === 1 ? moved : plain * (1 - weight) + moved * weight
    }
  }
  return out
}
