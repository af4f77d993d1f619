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

/** One side, K-weighted: the states of both filters, each in transposed direct form II. */
class Weighting {
  #shelf1 = 0
  #shelf2 = 0
  #pass1 = 0
  #pass2 = 0

  /** Sum of the squares of the weighted samples from `from` to before `to`. */
  energy(side: Float32Array, from: Frames, to: Frames): number {
    let shelf1 = this.#shelf1
    let shelf2 = this.#shelf2
    let pass1 = this.#pass1
    let pass2 = this.#pass2
    let sum = 0
    for (let i = from; i < to; i++) {
      const x = side[i] ?? 0
      const y = SHELF.b0 * x + shelf1
      shelf1 = SHELF.b1 * x - SHELF.a1 * y + shelf2
      shelf2 = SHELF.b2 * x - SHELF.a2 * y
      const z = y + pass1
      pass1 = HIGH_PASS.b1 * y - HIGH_PASS.a1 * z + pass2
      pass2 = y - HIGH_PASS.a2 * z
      sum += z * z
    }
    this.#shelf1 = nothingOf(shelf1)
    this.#shelf2 = nothingOf(shelf2)
    this.#pass1 = nothingOf(pass1)
    this.#pass2 = nothingOf(pass2)
    return sum
  }
}

/** Spares the slowness of denormals after the last sound. */
const nothingOf = (x: number): number => (Math.abs(x) < 1e-30 ? 0 : x)

/** K-weighted energy of both sides together, told for each full step of 100 ms. */
class Steps {
  readonly #left = new Weighting()
  readonly #right = new Weighting()
  #energy = 0
  #filled: Frames = 0

  push(left: Float32Array, right: Float32Array, onStep: (energy: number) => void): void {
    for (let at = 0; at < left.length;) {
      const to = Math.min(left.length, at + STEP - this.#filled)
      this.#energy += this.#left.energy(left, at, to) + this.#right.energy(right, at, to)
      this.#filled += to - at
      at = to
      if (this.#filled < STEP) return
      onStep(this.#energy)
      this.#energy = 0
      this.#filled = 0
    }
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
  readonly #weighted = new Steps()
  /** K-weighted energy of each full step of 100 ms, both sides added. */
  readonly #steps: number[] = []
  #frames: Frames = 0
  #peak = 0
  #sumLeft = 0
  #sumRight = 0

  push(left: Float32Array, right: Float32Array): void {
    for (let i = 0; i < left.length; i++) {
      const l = left[i] ?? 0
      const r = right[i] ?? 0
      this.#peak = Math.max(this.#peak, Math.abs(l), Math.abs(r))
      this.#sumLeft += l
      this.#sumRight += r
    }
    this.#frames += left.length
    this.#weighted.push(left, right, (energy) => {
      if (this.#steps.length < MOST_STEPS) this.#steps.push(energy)
    })
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

/** How loud it is now, in LUFS; -Infinity where that is not known yet, or nothing passes the gate. */
export interface Loudness {
  /** Of the last 400 ms. */
  readonly momentary: number
  /** Of the last 3 s. */
  readonly shortTerm: number
  /** Of everything, gated. */
  readonly integrated: number
}

/** Steps in 3 s. */
const SHORT_TERM = 30
/** Bins of a tenth of a LU from the absolute gate up, to +20 LUFS. */
const BINS = 900

/**
 * Loudness while it sounds, in a fixed memory however long it goes on: blocks are counted in bins of 0.1 LU, with their exact
 * power, so the gate is met to 0.1 LU. Source: EBU Tech 3341; ITU-R BS.1770-4.
 */
export class LiveLoudness {
  readonly #weighted = new Steps()
  #last: number[] = []
  readonly #counts = new Float64Array(BINS)
  readonly #powers = new Float64Array(BINS)

  push(left: Float32Array, right: Float32Array): void {
    this.#weighted.push(left, right, (energy) => this.#step(energy))
  }

  now(): Loudness {
    return {
      momentary: loudnessOf(this.#power(STEPS_PER_BLOCK)),
      shortTerm: loudnessOf(this.#power(SHORT_TERM)),
      integrated: this.#integrated(),
    }
  }

  #step(energy: number): void {
    this.#last.push(energy)
    if (this.#last.length > SHORT_TERM) this.#last.shift()
    const power = this.#power(STEPS_PER_BLOCK)
    const loudness = loudnessOf(power)
    if (!(loudness > ABSOLUTE_GATE)) return
    const bin = Math.min(BINS - 1, Math.floor((loudness - ABSOLUTE_GATE) * 10))
    this.#counts[bin] = (this.#counts[bin] ?? 0) + 1
    this.#powers[bin] = (this.#powers[bin] ?? 0) + power
  }

  /** Mean square of the last so many steps; 0 where there are fewer. */
  #power(steps: number): number {
    if (this.#last.length < steps) return 0
    return this.#last.slice(-steps).reduce((sum, energy) => sum + energy, 0) / (STEP * steps)
  }

  #integrated(): number {
    const gate = loudnessOf(this.#meanOver(Number.NEGATIVE_INFINITY)) + RELATIVE_GATE
    return loudnessOf(this.#meanOver(gate))
  }

  /** Mean power of the bins whose own mean is louder than a gate. */
  #meanOver(gate: number): number {
    let count = 0
    let power = 0
    for (let bin = 0; bin < BINS; bin++) {
      const here = this.#counts[bin] ?? 0
      const sum = this.#powers[bin] ?? 0
      if (here === 0 || !(loudnessOf(sum / here) > gate)) continue
      count += here
      power += sum
    }
    return count === 0 ? 0 : power / count
  }
}

const loudnessOf = (power: number): number => OFFSET + decibelsOfPower(power)
const meanOf = (values: readonly number[]): number =>
  values.length === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / values.length
