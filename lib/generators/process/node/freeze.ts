import { createHash } from 'node:crypto'
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { deflateRaw, inflateRaw } from 'node:zlib'
import { blobIdOf, MarmaladeError, SAMPLE_RATE, type BlobId, type Frames } from '../../../base/index.ts'
import { planesOf, samplesOf } from '../pcm.ts'
import { PLAYED_FRAMES, type ProcessMemory } from '../memory.ts'

/** Frames of a file: 4 s. */
const CHUNK_FRAMES: Frames = 4 * SAMPLE_RATE
/** What one session keeps: about five hours of sound that does not compress at all. */
const MAX_KEPT_BYTES = 8 * 1024 ** 3
/** Chunks that wait for the disk. */
const MAX_WAITING = 16

const deflate = promisify(deflateRaw)
const inflate = promisify(inflateRaw)

/** A stretch of what one process was heard with, in a file of its own. */
export interface KeptPcm {
  readonly path: string
  /** The jam's for the instance's first; counted on from there in frames that were played, whatever the jam's did. */
  readonly frame: Frames
  readonly frames: Frames
  readonly blob: BlobId
}

/** The name of a file of kept sound: the hash of its bytes. */
const fileOf = (folder: string, blob: BlobId): string =>
  join(folder, `${blob.slice(1).replaceAll('/', '_').replaceAll('+', '-')}.pcm`)

/** The folder of one take's sound of processes, and how much may still be put into it. */
export class PcmFolder {
  readonly #folder: string
  readonly #onKept: (kept: KeptPcm) => void
  readonly #onLost: (error?: unknown) => void
  #room = MAX_KEPT_BYTES
  #waiting = 0
  #writing: Promise<void> = Promise.resolve()

  constructor(folder: string, onKept: (kept: KeptPcm) => void, onLost: (error?: unknown) => void) {
    this.#folder = folder
    this.#onKept = onKept
    this.#onLost = onLost
  }

  /** Keeps interleaved samples; told by `onKept` once they are on disk, by `onLost` where they cannot be. */
  keep(path: string, frame: Frames, samples: Float32Array): void {
    if (this.#waiting >= MAX_WAITING || this.#room <= 0) {
      this.#onLost()
      return
    }
    this.#waiting++
    this.#writing = this.#writing
      .then(async () => this.#onKept({ path, frame, frames: samples.length / 2, blob: await this.#write(samples) }))
      .catch((error: unknown) => this.#onLost(error))
      .finally(() => this.#waiting--)
  }

  /** Resolves when all of it is on disk. */
  idle(): Promise<void> {
    return this.#writing
  }

  async #write(samples: Float32Array): Promise<BlobId> {
    const bytes = await deflate(planesOf(samples))
    this.#room -= bytes.length
    const blob = blobIdOf(createHash('sha256').update(bytes).digest())
    const file = fileOf(this.#folder, blob)
    await mkdir(this.#folder, { recursive: true })
    await writeFile(`${file}.part`, bytes)
    await rename(`${file}.part`, file)
    return blob
  }
}

/** Keeps what is played of one instance, chunk by chunk. */
export class Freezer {
  readonly #path: string
  readonly #first: Frames
  readonly #memory: ProcessMemory
  readonly #folder: PcmFolder
  readonly #onLost: () => void
  #chunk = new Float32Array(2 * CHUNK_FRAMES)
  #filled: Frames = 0
  /** Frames of the instance's count that are in chunks. */
  #kept: Frames = 0

  constructor(init: { path: string; first: Frames; memory: ProcessMemory; folder: PcmFolder; onLost: () => void }) {
    this.#path = init.path
    this.#first = init.first
    this.#memory = init.memory
    this.#folder = init.folder
    this.#onLost = init.onLost
  }

  /** Takes what was played since the last time. */
  keep(): void {
    const played = this.#memory.played
    let due = (played - this.#kept) | 0
    if (due > PLAYED_FRAMES) {
      this.flush()
      this.#onLost()
      this.#kept = played
      due = 0
    }
    while (due > 0) {
      const frames = Math.min(due, CHUNK_FRAMES - this.#filled)
      this.#memory.heard(this.#kept, this.#chunk.subarray(2 * this.#filled, 2 * (this.#filled + frames)))
      this.#filled += frames
      this.#kept += frames
      due -= frames
      if (this.#filled === CHUNK_FRAMES) this.flush()
    }
  }

  flush(): void {
    if (this.#filled === 0) return
    const frame = this.#first + this.#kept - this.#filled
    this.#folder.keep(this.#path, frame, this.#chunk.slice(0, 2 * this.#filled))
    this.#filled = 0
  }
}

/** Reads a stretch back: interleaved float32. @throws MarmaladeError TAKE_INVALID where it is missing or damaged */
export async function readKept(folder: string, { blob, frames, path }: KeptPcm): Promise<Float32Array> {
  try {
    const bytes = await readFile(fileOf(folder, blob))
    if (blobIdOf(createHash('sha256').update(bytes).digest()) !== blob) throw new Error('its hash is another')
    const samples = samplesOf(await inflate(bytes, { maxOutputLength: 8 * CHUNK_FRAMES }))
    if (samples.length !== 2 * frames) throw new Error('it has another length')
    return samples
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : ''
    throw new MarmaladeError(
      'TAKE_INVALID',
      `the sound of ${path} that the take kept as ${blob} cannot be read: ${why}`,
      {
        cause,
      },
    )
  }
}
