/** Power of a signal in bands: Hann windows of 8,192 frames, half overlapped, a radix-2 FFT (Cooley and Tukey) each. */

const SIZE = 8_192

/** Decibels relative to the whole, for each band of [from, to) in hertz, in the frames from `first` to `last`. */
export function bandLevels(
  left: Float32Array,
  right: Float32Array,
  first: number,
  last: number,
  bands: readonly (readonly [from: number, to: number])[],
): number[] {
  const power = new Float64Array(SIZE / 2)
  for (let at = first; at + SIZE <= last; at += SIZE / 2) {
    const re = Float64Array.from({ length: SIZE }, (_, i) => {
      const window = 0.5 - 0.5 * Math.cos((2 * Math.PI * i) / SIZE)
      return window * ((left[at + i] ?? 0) + (right[at + i] ?? 0)) * 0.5
    })
    const im = new Float64Array(SIZE)
    transform(re, im)
    for (let k = 0; k < power.length; k++) power[k]! += re[k]! ** 2 + im[k]! ** 2
  }
  const sum = (from: number, to: number): number =>
    power.reduce((total, p, k) => ((k * 48_000) / SIZE >= from && (k * 48_000) / SIZE < to ? total + p : total), 0)
  const whole = sum(0, 24_000)
  return bands.map(([from, to]) => 10 * Math.log10(sum(from, to) / whole))
}

/** In place; the length is a power of two. */
export function transform(re: Float64Array, im: Float64Array): void {
  const n = re.length
  for (let i = 1, j = 0; i < n; i++) {
    let bit = n >> 1
    for (; j & bit; bit >>= 1) j ^= bit
    j ^= bit
    if (i >= j) continue
    ;[re[i], re[j]] = [re[j]!, re[i]!]
    ;[im[i], im[j]] = [im[j]!, im[i]!]
  }
  for (let length = 2; length <= n; length <<= 1) {
    for (let k = 0; k < length / 2; k++) {
      const c = Math.cos((-2 * Math.PI * k) / length)
      const s = Math.sin((-2 * Math.PI * k) / length)
      for (let i = k; i < n; i += length) {
        const j = i + length / 2
        const r = re[j]! * c - im[j]! * s
        const m = re[j]! * s + im[j]! * c
        re[j] = re[i]! - r
        im[j] = im[i]! - m
        re[i]! += r
        im[i]! += m
      }
    }
  }
}
