import { SAMPLE_RATE } from '../../lib/base/index.ts'

/** A sine of so many hertz; `phase` in cycles. */
export const sine = (hertz: number, level: number, frames: number, phase = 0): Float32Array =>
  Float32Array.from({ length: frames }, (_, i) => level * Math.sin(2 * Math.PI * ((hertz * i) / SAMPLE_RATE + phase)))

/**
 * What lies above `hertz`: a windowed-sinc high-pass of 1,023 taps (Blackman, more than 74 dB down below 4.7 kHz for
 * 5 kHz), delay taken out.
 */
export function highBand(signal: Float32Array, hertz: number): Float64Array {
  const half = 511
  const cut = hertz / SAMPLE_RATE
  const taps = Float64Array.from({ length: 2 * half + 1 }, (_, i) => {
    const n = i - half
    const window = 0.42 + 0.5 * Math.cos((Math.PI * n) / (half + 1)) + 0.08 * Math.cos((2 * Math.PI * n) / (half + 1))
    const low = n === 0 ? 2 * cut : Math.sin(2 * Math.PI * cut * n) / (Math.PI * n)
    return ((n === 0 ? 1 : 0) - low) * window
  })
  return Float64Array.from(signal, (_, at) => {
    let sum = 0
    for (let i = -half; i <= half; i++) sum += (taps[i + half] ?? 0) * (signal[at - i] ?? 0)
    return sum
  })
}

/** Deterministic noise between -1 and 1. */
export function noise(frames: number, seed = 1): Float32Array {
  let state = seed >>> 0
  return Float32Array.from({ length: frames }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 31 - 1
  })
}
