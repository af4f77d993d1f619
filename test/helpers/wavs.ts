import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** A WAV file of 32-bit float stereo as it lies on disk, placed in its jam. Read without the project's own reader. */
export interface Recording {
  /** Jam frame of its first sample. */
  readonly first: number
  readonly frames: number
  /** SHA-256 of the whole file, hex. */
  readonly sha256: string
  /** Interleaved. */
  readonly samples: Float32Array
  /** The same as bit patterns. */
  readonly bits: Int32Array
}

const FMT = { tag: 0x666d7420, data: 0x64617461 }

/** @throws Error where it is no such file */
export function recordingOf(file: string, first = 0): Recording {
  const bytes = readFileSync(file)
  if (bytes.toString('latin1', 0, 4) !== 'RIFF' || bytes.toString('latin1', 8, 12) !== 'WAVE')
    throw new Error(`${file} is no WAV file`)
  let format: Buffer | undefined
  for (let at = 12; at + 8 <= bytes.length;) {
    const tag = bytes.readUInt32BE(at)
    const length = bytes.readUInt32LE(at + 4)
    const body = bytes.subarray(at + 8, at + 8 + length)
    if (tag === FMT.tag) format = body
    if (tag === FMT.data) return placed(file, bytes, format, body, first)
    at += 8 + length + (length % 2)
  }
  throw new Error(`${file} has no samples`)
}

function placed(file: string, bytes: Buffer, format: Buffer | undefined, data: Buffer, first: number): Recording {
  const [kind, channels, rate, depth] = [
    format?.readUInt16LE(0),
    format?.readUInt16LE(2),
    format?.readUInt32LE(4),
    format?.readUInt16LE(14),
  ]
  // 3 is float; 0xfffe names it in the longer form of the header.
  if ((kind !== 3 && kind !== 0xfffe) || channels !== 2 || rate !== 48_000 || depth !== 32)
    throw new Error(`${file} is not 32-bit float stereo at 48 kHz`)
  const frames = Math.floor(data.length / 8)
  const copy = new Uint8Array(data.subarray(0, frames * 8)).buffer
  const sha256 = createHash('sha256').update(bytes).digest('hex')
  return { first, frames, sha256, samples: new Float32Array(copy), bits: new Int32Array(copy) }
}

/** Where two recordings differ, over the jam frames that both have. */
export function compare(a: Recording, b: Recording): { from: number; to: number; differing: number; at: number } {
  const from = Math.max(a.first, b.first)
  const to = Math.min(a.first + a.frames, b.first + b.frames)
  let differing = 0
  let at = -1
  for (let frame = from; frame < to; frame++) {
    const [i, j] = [2 * (frame - a.first), 2 * (frame - b.first)]
    if (a.bits[i] === b.bits[j] && a.bits[i + 1] === b.bits[j + 1]) continue
    if (differing++ === 0) at = frame
  }
  return { from, to, differing, at }
}

/** Highest absolute sample over jam frames from `from` up to `to`. */
export function peakOf({ samples, first, frames }: Recording, from = first, to = first + frames): number {
  let peak = 0
  for (const sample of samples.subarray(2 * Math.max(0, from - first), 2 * Math.max(0, to - first)))
    peak = Math.max(peak, Math.abs(sample))
  return peak
}

/** What `replay --stems` wrote to a folder for one instance, as `drums-drums-2`: a generator's name and the instance's. */
export function stemOf(folder: string, instance: string): Recording {
  const file = readdirSync(folder).find((name) => name.endsWith(`-${instance}.wav`))
  if (file === undefined) throw new Error(`no stem of ${instance} among ${readdirSync(folder).join(', ')}`)
  return recordingOf(join(folder, file))
}

export type Channel = 'left' | 'right'

/** The sample of a jam frame. */
export const sampleAt = ({ samples, first }: Recording, frame: number, channel: Channel = 'left'): number =>
  samples[2 * (frame - first) + (channel === 'left' ? 0 : 1)] ?? NaN

/** Jam frames with a sample above a level. */
export function framesAbove(recording: Recording, level: number, channel: Channel): number[] {
  const found: number[] = []
  for (let frame = recording.first; frame < recording.first + recording.frames; frame++)
    if (sampleAt(recording, frame, channel) > level) found.push(frame)
  return found
}
