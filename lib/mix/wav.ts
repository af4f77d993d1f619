import { SAMPLE_RATE, type Frames } from '../base/index.ts'

/** Little-endian, interleaved stereo at 48 kHz: 32-bit float, or whole numbers of 16 or 24 bits. */
export type WavFormat = 'f32' | 's16' | 's24'

const BYTES: Readonly<Record<WavFormat, number>> = { f32: 4, s16: 2, s24: 3 }
const CHANNELS = 2
const HEADER = 94
/** The largest size a RIFF chunk can tell. */
const RIFF_MOST = 0xffff_ffff

/** Bytes of a frame, both channels. */
export const wavFrameBytes = (format: WavFormat): number => CHANNELS * BYTES[format]
/** Bytes before the first sample, the same for every format and length. */
export const WAV_HEADER_BYTES = HEADER

/** Bytes of a whole file of so many frames (24-bit stereo too is even, so nothing is padded). */
export const wavFileBytes = (format: WavFormat, frames: Frames): number => HEADER + frames * wavFrameBytes(format)

/**
 * The header of a file of `frames`: RIFF, JUNK, fmt, fact, data. A stream of unknown length starts with the header of 0
 * frames and writes it again over the first 94 bytes at its end. Past 4 GiB (3.1 hours of float) the same 94 bytes are an
 * RF64 header, JUNK become ds64 (source: EBU Tech 3306).
 */
export function wavHeader(format: WavFormat, frames: Frames): Uint8Array {
  const bytes = new Uint8Array(HEADER)
  const view = new DataView(bytes.buffer)
  const data = frames * wavFrameBytes(format)
  const riff = HEADER - 8 + data
  const long = riff > RIFF_MOST
  tag(bytes, 0, long ? 'RF64' : 'RIFF')
  view.setUint32(4, long ? RIFF_MOST : riff, true)
  tag(bytes, 8, 'WAVE')
  tag(bytes, 12, long ? 'ds64' : 'JUNK')
  view.setUint32(16, 28, true)
  if (long) {
    view.setBigUint64(20, BigInt(riff), true)
    view.setBigUint64(28, BigInt(data), true)
    view.setBigUint64(36, BigInt(frames), true)
  }
  writeFormat(bytes, view, format)
  tag(bytes, 74, 'fact')
  view.setUint32(78, 4, true)
  view.setUint32(82, long ? RIFF_MOST : frames, true)
  tag(bytes, 86, 'data')
  view.setUint32(90, long ? RIFF_MOST : data, true)
  return bytes
}

function writeFormat(bytes: Uint8Array, view: DataView, format: WavFormat): void {
  tag(bytes, 48, 'fmt ')
  view.setUint32(52, 18, true)
  view.setUint16(56, format === 'f32' ? 3 : 1, true)
  view.setUint16(58, CHANNELS, true)
  view.setUint32(60, SAMPLE_RATE, true)
  view.setUint32(64, SAMPLE_RATE * wavFrameBytes(format), true)
  view.setUint16(68, wavFrameBytes(format), true)
  view.setUint16(70, 8 * BYTES[format], true)
  view.setUint16(72, 0, true)
}

function tag(bytes: Uint8Array, at: number, text: string): void {
  for (let i = 0; i < 4; i++) bytes[at + i] = text.charCodeAt(i)
}

/**
 * Interleaves planar stereo into the bytes of a file. Whole numbers are the sample times 2^15 or 2^23 to the nearest (a
 * half goes up), limited to the range. There is no dither: the file is a function of the samples, and whoever masters
 * the mix dithers once, from the float file.
 */
export function encodePcm(format: WavFormat, left: Float32Array, right: Float32Array): Uint8Array {
  if (format === 'f32') return floats(left, right)
  const bytes = new Uint8Array(left.length * wavFrameBytes(format))
  const view = new DataView(bytes.buffer)
  const width = BYTES[format]
  for (let i = 0; i < left.length; i++) {
    put(view, 2 * i * width, format, left[i] ?? 0)
    put(view, (2 * i + 1) * width, format, right[i] ?? 0)
  }
  return bytes
}

function floats(left: Float32Array, right: Float32Array): Uint8Array {
  const bytes = new Uint8Array(left.length * wavFrameBytes('f32'))
  const view = new DataView(bytes.buffer)
  for (let i = 0; i < left.length; i++) {
    view.setFloat32(8 * i, left[i] ?? 0, true)
    view.setFloat32(8 * i + 4, right[i] ?? 0, true)
  }
  return bytes
}

function put(view: DataView, at: number, format: Exclude<WavFormat, 'f32'>, sample: number): void {
  const full = format === 's16' ? 0x8000 : 0x80_0000
  const whole = Math.max(-full, Math.min(full - 1, Math.floor(sample * full + 0.5)))
  view.setInt16(at, whole & 0xffff, true)
  if (format === 's16') return
  view.setUint8(at + 2, (whole >> 16) & 0xff)
}

/** What a stereo 48 kHz file holds. */
export interface WavInfo {
  readonly format: WavFormat
  readonly frames: Frames
  /** Where the first sample's bytes are. */
  readonly offset: number
}

/** Reads a header (the file's first bytes will do); undefined where it is not stereo at 48 kHz in one of the formats. */
export function readWavHeader(bytes: Uint8Array): WavInfo | undefined {
  if (bytes.length < 12) return undefined
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const kind = text(bytes, 0)
  if ((kind !== 'RIFF' && kind !== 'RF64') || text(bytes, 8) !== 'WAVE') return undefined
  let format: WavFormat | undefined
  let longData: number | undefined
  for (let at = 12; at + 8 <= bytes.length;) {
    const id = text(bytes, at)
    const size = view.getUint32(at + 4, true)
    if (id === 'data') {
      const length = size === RIFF_MOST && longData !== undefined ? longData : size
      return format && { format, frames: Math.floor(length / wavFrameBytes(format)), offset: at + 8 }
    }
    if (at + 8 + Math.min(size, 28) > bytes.length) return undefined
    if (id === 'ds64' && size >= 28) longData = Number(view.getBigUint64(at + 16, true))
    if (id === 'fmt ' && size >= 16) format = formatOf(view, at + 8)
    at += 8 + size + (size & 1)
  }
  return undefined
}

function formatOf(view: DataView, at: number): WavFormat | undefined {
  if (view.getUint16(at + 2, true) !== CHANNELS || view.getUint32(at + 4, true) !== SAMPLE_RATE) return undefined
  const kind = view.getUint16(at, true)
  const bits = view.getUint16(at + 14, true)
  if (kind === 3 && bits === 32) return 'f32'
  if (kind !== 1) return undefined
  return bits === 16 ? 's16' : bits === 24 ? 's24' : undefined
}

const text = (bytes: Uint8Array, at: number): string => String.fromCharCode(...bytes.subarray(at, at + 4))

/** Planar samples of a file's data. */
export function decodePcm(format: WavFormat, data: Uint8Array): { left: Float32Array; right: Float32Array } {
  const frames = Math.floor(data.length / wavFrameBytes(format))
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength)
  const left = new Float32Array(frames)
  const right = new Float32Array(frames)
  const width = BYTES[format]
  for (let i = 0; i < frames; i++) {
    left[i] = take(view, 2 * i * width, format)
    right[i] = take(view, (2 * i + 1) * width, format)
  }
  return { left, right }
}

function take(view: DataView, at: number, format: WavFormat): number {
  if (format === 'f32') return view.getFloat32(at, true)
  if (format === 's16') return view.getInt16(at, true) / 0x8000
  return ((view.getInt8(at + 2) << 16) | view.getUint16(at, true)) / 0x80_0000
}
