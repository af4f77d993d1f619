/** Frames of the past that each figure takes in. */
const TAPS = 12
/** Frames that are looked at together, no fewer than each figure takes in: those too soft to hold the peak are passed over. */
const SPAN = 16

/**
 * Interpolation to four times the sample rate, a phase a row; the other two are these backwards.
 * Source: ITU-R BS.1770-4, annex 2.
 */
const FIRST = Float64Array.of(
  0.001708984375,
  0.010986328125,
  -0.0196533203125,
  0.033203125,
  -0.0594482421875,
  0.1373291015625,
  0.97216796875,
  -0.102294921875,
  0.047607421875,
  -0.026611328125,
  0.014892578125,
  -0.00830078125,
)
const SECOND = Float64Array.of(
  -0.0291748046875,
  0.029296875,
  -0.0517578125,
  0.089111328125,
  -0.16650390625,
  0.465087890625,
  0.77978515625,
  -0.2003173828125,
  0.1015625,
  -0.0582275390625,
  0.0330810546875,
  -0.0189208984375,
)
/** No figure is larger than the larger of the two samples in its middle times this, and the largest of all times that. */
const MIDDLE = Math.abs(SECOND[5] ?? 0) + Math.abs(SECOND[6] ?? 0)
const OTHERS = SECOND.reduce((sum, x) => sum + Math.abs(x), 0) - MIDDLE

/** The highest magnitude from `from` to before `to`. */
function highest(frames: Float64Array, from: number, to: number): number {
  let most = 0
  for (let i = from; i < to; i++) {
    const here = Math.abs(frames[i] ?? 0)
    if (here > most) most = here
  }
  return most
}

/** The peak of one side between its samples too. */
class Side {
  peak = 0
  /** The last frames of before, then those at hand. */
  #frames = new Float64Array(TAPS - 1)

  push(samples: Float32Array): void {
    const past = this.#frames.subarray(this.#frames.length - (TAPS - 1))
    const frames = new Float64Array(TAPS - 1 + samples.length)
    frames.set(past)
    frames.set(samples, TAPS - 1)
    this.#frames = frames
    let before = highest(frames, 0, TAPS - 1)
    for (let at = 0; at < samples.length; at += SPAN) {
      const to = Math.min(samples.length, at + SPAN)
      const here = highest(frames, at + TAPS - 1, to + TAPS - 1)
      this.#span(frames, at, to, Math.max(before, here))
      before = here
    }
  }

  /** @param most the highest magnitude of the span's frames and of what they take in */
  #span(frames: Float64Array, from: number, to: number, most: number): void {
    if (most > this.peak) this.peak = most
    if (most * (MIDDLE + OTHERS) <= this.peak) return
    for (let at = from; at < to; at++) {
      const middle = Math.max(Math.abs(frames[at + 5] ?? 0), Math.abs(frames[at + 6] ?? 0))
      if (middle * MIDDLE + most * OTHERS <= this.peak) continue
      let [a, b, c, d] = [0, 0, 0, 0]
      for (let tap = 0; tap < TAPS; tap++) {
        const x = frames[at + TAPS - 1 - tap] ?? 0
        const y = frames[at + tap] ?? 0
        const first = FIRST[tap] ?? 0
        const second = SECOND[tap] ?? 0
        a += first * x
        b += second * x
        c += second * y
        d += first * y
      }
      const here = Math.max(Math.abs(a), Math.abs(b), Math.abs(c), Math.abs(d))
      if (here > this.peak) this.peak = here
    }
  }
}

/**
 * True peak of planar stereo handed in piece by piece: the highest magnitude of the sound itself, between its samples too,
 * which a converter or a lossy encoder may come to. Source: ITU-R BS.1770-4, annex 2; never below the sample peak here.
 */
export class TruePeak {
  readonly #left = new Side()
  readonly #right = new Side()

  push(left: Float32Array, right: Float32Array): void {
    this.#left.push(left)
    this.#right.push(right)
  }

  /** As a factor of full scale. */
  get peak(): number {
    return Math.max(this.#left.peak, this.#right.peak)
  }
}
