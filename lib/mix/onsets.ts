import type { Frames } from '../base/index.ts'

const HOP = 48
const AFTER = 5
const BEFORE = 20
const APART = 50

export interface OnsetOptions {
  /** How many times more power the 5 ms after must have than the 20 ms before (8: 9 dB). */
  readonly rise?: number
  /** Mean square below which nothing counts (1e-6: -60 dBFS). */
  readonly floor?: number
}

/**
 * Frames at which something begins: where the power of the 5 ms to come exceeds that of the 20 ms before by `rise`,
 * taken at the steepest place, refined to the first frame that reaches a tenth of what follows. At most one in 50 ms.
 */
export function onsets(left: Float32Array, right: Float32Array, options: OnsetOptions = {}): Frames[] {
  const { rise = 8, floor = 1e-6 } = options
  const powers = hopPowers(left, right)
  const found: Frames[] = []
  let lastHop = -APART
  for (let at = 0; at + AFTER < powers.length; at++) {
    if (at - lastHop < APART) continue
    if (!rises(powers, at, rise, floor)) continue
    let best = at
    for (let near = at; near < at + AFTER && near + AFTER < powers.length; near++) {
      if (ratio(powers, near) > ratio(powers, best)) best = near
    }
    found.push(refine(left, right, best * HOP))
    lastHop = best
  }
  return found
}

/** Mean square of both sides in each hop of 1 ms. */
function hopPowers(left: Float32Array, right: Float32Array): Float64Array {
  const powers = new Float64Array(Math.floor(left.length / HOP))
  for (let hop = 0; hop < powers.length; hop++) {
    let sum = 0
    for (let i = hop * HOP; i < (hop + 1) * HOP; i++) {
      const l = left[i] ?? 0
      const r = right[i] ?? 0
      sum += l * l + r * r
    }
    powers[hop] = sum / (2 * HOP)
  }
  return powers
}

function mean(powers: Float64Array, from: number, to: number): number {
  let sum = 0
  for (let i = Math.max(0, from); i < to; i++) sum += powers[i] ?? 0
  return sum / (to - from)
}

const ratio = (powers: Float64Array, at: number): number =>
  mean(powers, at, at + AFTER) / (mean(powers, at - BEFORE, at) + 1e-12)

const rises = (powers: Float64Array, at: number, rise: number, floor: number): boolean =>
  mean(powers, at, at + AFTER) > floor && ratio(powers, at) > rise

function refine(left: Float32Array, right: Float32Array, from: Frames): Frames {
  const to = Math.min(left.length, from + AFTER * HOP)
  let most = 0
  for (let i = from; i < to; i++) most = Math.max(most, Math.abs(left[i] ?? 0), Math.abs(right[i] ?? 0))
  for (let i = from; i < to; i++) {
    if (Math.max(Math.abs(left[i] ?? 0), Math.abs(right[i] ?? 0)) >= most / 10) return i
  }
  return from
}
