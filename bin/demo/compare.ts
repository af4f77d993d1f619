import { open } from 'node:fs/promises'
import { MarmaladeError, type Frames } from '../../lib/base/index.ts'
import { readWavHeader, wavFrameBytes } from '../../lib/mix/index.ts'

/** Two files over the jam frames that both have. */
export interface Comparison {
  /** Jam frames that both files have. */
  readonly from: Frames
  readonly to: Frames
  /** Frames of those that differ. */
  readonly differing: Frames
  /** The first jam frame from which on all are the same; undefined where the last one differs. */
  readonly sameFrom: Frames | undefined
}

interface Track {
  readonly first: Frames
  readonly samples: Float32Array
}

/** Compares samples bit by bit. `live` and `score` name a 32-bit float WAV and the jam frame of its first sample. */
export async function compareFiles(
  live: { file: string; firstFrame: Frames },
  score: { file: string; firstFrame: Frames },
): Promise<Comparison> {
  const [a, b] = await Promise.all([read(live), read(score)])
  const from = Math.max(a.first, b.first)
  const to = Math.min(a.first + a.samples.length / 2, b.first + b.samples.length / 2)
  const [left, right] = [bits(a), bits(b)]
  let differing = 0
  let lastDifference = from - 1
  for (let frame = from; frame < to; frame++) {
    const i = 2 * (frame - a.first)
    const j = 2 * (frame - b.first)
    if (left[i] === right[j] && left[i + 1] === right[j + 1]) continue
    differing++
    lastDifference = frame
  }
  return { from, to, differing, sameFrom: lastDifference + 1 < to ? lastDifference + 1 : undefined }
}

const bits = ({ samples }: Track): Int32Array => new Int32Array(samples.buffer, samples.byteOffset, samples.length)

async function read({ file, firstFrame }: { file: string; firstFrame: Frames }): Promise<Track> {
  const handle = await open(file)
  try {
    const bytes = await handle.readFile()
    const info = readWavHeader(bytes)
    if (info?.format !== 'f32') throw new MarmaladeError('FILE_INVALID', `${file} is no 32-bit float WAV of ours`)
    const length = info.frames * wavFrameBytes('f32')
    const samples = new Float32Array(info.frames * 2)
    new Uint8Array(samples.buffer).set(bytes.subarray(info.offset, info.offset + length))
    return { first: firstFrame, samples }
  } finally {
    await handle.close()
  }
}
