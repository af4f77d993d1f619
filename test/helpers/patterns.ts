import { assetsOf } from '../../lib/generators/assets.ts'
import {
  type ArchiveFile,
  MANIFEST_FILE,
  pack,
  parseManifest,
  PLAYER_FILE,
  prepareGenerator,
  type PreparedWasm,
} from '../../lib/generators/index.ts'
import { fixtureBytes, good, startVoice, textFile } from './generators.ts'

interface PatternMore {
  readonly manifest?: Record<string, unknown>
  readonly files?: readonly ArchiveFile[]
}

/** The files of a pattern's archive, its player among them. */
export function patternFiles(text: string, { manifest = {}, files = [] }: PatternMore = {}): ArchiveFile[] {
  const json = JSON.stringify({ name: 'test', runtime: 'pattern', ...manifest })
  const player = { path: PLAYER_FILE, bytes: fixtureBytes('patterns', PLAYER_FILE), executable: false }
  return [textFile(MANIFEST_FILE, json), textFile('pattern.txt', text), player, ...files]
}

let compiled: PreparedWasm | undefined

/** A pattern as its archive would be prepared; the player, the same in all of them, is compiled once. */
export function pattern(text: string, more: PatternMore = {}): PreparedWasm {
  const files = patternFiles(text, more)
  compiled ??= good(prepareGenerator(good(pack(files))))
  const json = files.find(({ path }) => path === MANIFEST_FILE)!
  return { ...compiled, manifest: good(parseManifest(json.bytes)), assets: assetsOf(files) }
}

/** What the log says where a text cannot be played; undefined where it can. */
export function faultOf(text: string, more: PatternMore = {}): string | undefined {
  const { voice, tags } = startVoice(pattern(text, more))
  voice.close()
  return voice.failure && (tags.lines[0] ?? voice.failure.message)
}

/** A WAV of `bits` at 48 kHz, one list of samples for each channel, from -1 to 1. */
export function wavOf(
  bits: 16 | 24 | 32 | 'float',
  channels: readonly (readonly number[])[],
  rate = 48_000,
): Uint8Array {
  const width = bits === 'float' ? 4 : bits / 8
  const count = channels[0]?.length ?? 0
  const bytes = Buffer.alloc(44 + count * channels.length * width)
  bytes.write('RIFF', 0)
  bytes.writeUInt32LE(bytes.length - 8, 4)
  bytes.write('WAVEfmt ', 8)
  bytes.writeUInt32LE(16, 16)
  bytes.writeUInt16LE(bits === 'float' ? 3 : 1, 20)
  bytes.writeUInt16LE(channels.length, 22)
  bytes.writeUInt32LE(rate, 24)
  bytes.writeUInt32LE(rate * channels.length * width, 28)
  bytes.writeUInt16LE(channels.length * width, 32)
  bytes.writeUInt16LE(width * 8, 34)
  bytes.write('data', 36)
  bytes.writeUInt32LE(bytes.length - 44, 40)
  for (let i = 0; i < count; i++)
    for (const [c, channel] of channels.entries()) {
      const at = 44 + (i * channels.length + c) * width
      const x = channel[i] ?? 0
      if (bits === 'float') bytes.writeFloatLE(x, at)
      else bytes.writeIntLE(Math.round(x * (2 ** (bits - 1) - 1)), at, width)
    }
  return new Uint8Array(bytes)
}

export const soundFile = (path: string, bytes: Uint8Array): ArchiveFile => ({ path, bytes, executable: false })

export const decibels = (factor: number): number => 20 * Math.log10(factor)
