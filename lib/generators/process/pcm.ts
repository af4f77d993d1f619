import type { PcmFormat } from './types.ts'

/** Bytes of one frame, both channels. */
export const frameBytes = (format: PcmFormat): number => (format === 'f32le' ? 8 : 4)

/** Interleaved float32 of whole frames, as a process wrote them. */
export function floatsOf(bytes: Uint8Array, format: PcmFormat): Float32Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (format === 'f32le') return Float32Array.from({ length: bytes.length / 4 }, (_, i) => view.getFloat32(4 * i, true))
  return Float32Array.from({ length: bytes.length / 2 }, (_, i) => view.getInt16(2 * i, true) / 32_768)
}

/**
 * Samples in an order that deflate makes the most of: each channel by itself, the bits of each sample against those of
 * the one before it (exclusive or), the four bytes of all of them apart, highest first. Any bits come back as they were.
 */
export function planesOf(samples: Float32Array): Uint8Array {
  const bits = new Uint32Array(samples.buffer, samples.byteOffset, samples.length)
  const count = bits.length
  const planes = new Uint8Array(4 * count)
  for (let channel = 0, place = 0; channel < 2; channel++) {
    for (let i = channel, before = 0; i < count; i += 2, place++) {
      const now = bits[i] ?? 0
      const change = now ^ before
      before = now
      for (let byte = 0; byte < 4; byte++) planes[byte * count + place] = change >>> (24 - 8 * byte)
    }
  }
  return planes
}

/** Back from `planesOf`: interleaved float32. */
export function samplesOf(planes: Uint8Array): Float32Array {
  const count = planes.length / 4
  const bits = new Uint32Array(count)
  for (let channel = 0, place = 0; channel < 2; channel++) {
    for (let i = channel, before = 0; i < count; i += 2, place++) {
      let change = 0
      for (let byte = 0; byte < 4; byte++) change = (change << 8) | (planes[byte * count + place] ?? 0)
      before ^= change
      bits[i] = before
    }
  }
  return new Float32Array(bits.buffer)
}
