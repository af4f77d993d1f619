import { SAMPLE_RATE, type Frames } from '../base/index.ts'
import { decibelsOf, decibelsOfPower } from './levels.ts'

/** 100 ms: the step of the loudness blocks, each of which is four steps long. */
const STEP = SAMPLE_RATE / 10
const STEPS_PER_BLOCK = 4
/** Six hours and the longest tail. */
const MOST_STEPS = 6 * 36_000 + 600
const ABSOLUTE_GATE = -70
const RELATIVE_GATE = -10
/** Loudness units relative to full scale of a K-weighted mean square of 1. Source: ITU-R BS.1770-4. */
const OFFSET = -0.691

/** K-weighting at 48 kHz: a shelf (the head) and a high-pass. Source: ITU-R BS.1770-4, tables 1 and 2. */
const SHELF = {
  b0: 1.53512485958697,
  b1: -2.69169618940638,
  b2: 1.19839281085285,
  a1: -1.69065929318241,
  a2: 0.73248077421585,
}
const HIGH_PASS = { b0: 1, b1: -2, b2: 1, a1: -1.99004745483398, a2: 0.99007225036621 }

class Biquad {
  readonly #c: typeof SHELF
  #s1 = 0
  #s2 = 0

  constructor(coefficients: typeof SHELF) {
    this.#c = coefficients
  }

  next(x: number): number {
    const { b0, b1, b2, a1, a2 } = this.#c
    const y = b0 * x + this.#s1
    this.#s1 = b1 * x - a1 * y + this.#s2
    this.#s2 = b2 * x - a2 * y
    return y
  }
}

/** What a recording measures. */
export interface Levels {
  /** Integrated loudness, gated; -Infinity where nothing passes the gate. LUFS. */
  readonly loudness: number
  /** Largest magnitude of a sample, dBFS. */
  readonly peak: number
  /** Mean of all samples of the worse side, as a factor of full scale. */
  readonly mean: number
}

/** Loudness by ITU-R BS.1770-4, sample peak and mean of planar stereo handed in piece by piece. Up to six hours. */
export class LoudnessMeter {
  readonly #left = [new Biquad(SHELF), new Biquad(HIGH_PASS)] as const
  readonly #right = [new Biquad(SHELF), new Biquad(HIGH_PASS)] as const
  /** K-weighted energy of each full step of 100 ms, both sides added. */
  readonly #steps: number[] = []
  #energy = 0
  #filled: Frames = 0
  #frames: Frames = 0
  #peak = 0
  #sumLeft = 0
  #sumRight = 0

  push(left: Float32Array, right: Float32Array): void {
    for (let i = 0; i < left.length; i++) this.#next(left[i] ?? 0, right[i] ?? 0)
  }

  #next(l: number, r: number): void {
    this.#peak = Math.max(this.#peak, Math.abs(l), Math.abs(r))
    this.#sumLeft += l
    this.#sumRight += r
    this.#frames++
    const kl = this.#left[1].next(this.#left[0].next(l))
    const kr = this.#right[1].next(this.#right[0].next(r))
    this.#energy += kl * kl + kr * kr
    if (++this.#filled < STEP) return
    if (this.#steps.length < MOST_STEPS) this.#steps.push(this.#energy)
    this.#energy = 0
    this.#filled = 0
  }

  levels(): Levels {
    const frames = Math.max(1, this.#frames)
    return {
      loudness: this.integrated(),
      peak: decibelsOf(this.#peak),
      mean: Math.max(Math.abs(this.#sumLeft), Math.abs(this.#sumRight)) / frames,
    }
  }

  /** Loudness of each block of 400 ms, one every 100 ms, in LUFS: the momentary loudness. */
  momentary(): number[] {
    return this.#blocks(0, this.#steps.length).map(loudnessOf)
  }

  /**
   * Integrated loudness in LUFS, gated at -70 LUFS and 10 LU below what passes that, of the blocks that lie within
   * [from, to) to the nearest 100 ms; the whole where no range is given.
   */
  integrated(from: Frames = 0, to: Frames = Number.POSITIVE_INFINITY): number {
    const first = Math.floor(from / STEP + 0.5)
    const last = Math.min(this.#steps.length, Math.floor(to / STEP + 0.5))
    const loud = this.#blocks(first, last).filter((power) => loudnessOf(power) > ABSOLUTE_GATE)
    const gate = loudnessOf(meanOf(loud)) + RELATIVE_GATE
    return loudnessOf(meanOf(loud.filter((power) => loudnessOf(power) > gate)))
  }

  #blocks(first: number, last: number): number[] {
    const blocks: number[] = []
    for (let at = first; at + STEPS_PER_BLOCK <= last; at++) {
      let energy = 0
      for (let i = 0; i < STEPS_PER_BLOCK; i++) energy += this.#steps[at + i] ?? 0
      blocks.push(energy / (STEP * STEPS_PER_BLOCK))
    }
    return blocks
  }
}

const loudnessOf = (power: number): number => OFFSET + decibelsOfPower(power)
const meanOf = (values: readonly number[]): number =>
  values.length === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / values.length
