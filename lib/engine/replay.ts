import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { mkdir, open, readFile, rename, rm, type FileHandle } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import { dirname } from 'node:path'
import { MarmaladeError, hex, type BlobId, type Frames } from '../base/index.ts'
import { isRefused, prepareGenerator, type PreparedGenerator } from '../generators/index.ts'
import { scoreHash, type JamEntry, type Score } from '../jam/index.ts'
import { nodeCrypto } from '../keys/index.ts'
import { encodePcm, renderOffline, wavHeader, WAV_HEADER_BYTES } from '../mix/index.ts'
import { startPool } from '../mix/node/pool.ts'
import { defaultsOf, makeEnsemble } from './ensemble.ts'
import { StemFiles } from './stems.ts'

const MAX_THREADS = 4
const PAUSE_EVERY_MILLIS = 20

export interface ReplayInit {
  readonly score: Score
  /** What the score was built from. */
  readonly entries: readonly JamEntry[]
  /** The file of an archive that is here and whole. @throws BLOB_UNKNOWN, BLOB_CORRUPT */
  readonly archiveFile: (archive: BlobId) => Promise<string>
  /** How a publisher is called, for errors. */
  readonly shown: (archive: Score['archives'][number]) => string
  /** The WAV file to write (32-bit float); nothing where it is left out. */
  readonly out?: string
  /** A folder for one WAV an instance. */
  readonly stems?: string
  /** First frame that is given; all before it is rendered too, so that a part is a part of the whole. */
  readonly from?: Frames
  readonly threads?: number
  /** Takes the samples, interleaved stereo float32, as they are rendered; the rendering waits for it. */
  readonly onSamples?: (samples: Float32Array) => Promise<void>
  readonly onProgress?: (done: Frames, of: Frames) => void
  readonly signal?: AbortSignal
}

export interface Replayed {
  readonly file?: string
  /** SHA-256, hex, of the whole WAV file. */
  readonly sha256: string
  /** SHA-256, hex, of the samples as interleaved float32, little-endian. */
  readonly samplesSha256: string
  /** Jam frame of the first sample. */
  readonly firstFrame: Frames
  readonly frames: Frames
  readonly seconds: number
  /** Highest absolute sample. */
  readonly peak: number
  /** What the limiter took at most, in decibels. */
  readonly reduction: number
  /** Hash of the score's set, hex. */
  readonly scoreHash: string
  readonly stems: readonly string[]
  /** How much faster than real time it was. */
  readonly speed: number
}

/**
 * Renders a score offline. The same entries and archives give the same file on every machine, whatever the threads.
 * @throws MarmaladeError SCORE_TOO_LONG, GENERATOR_MISSING (names archive and publisher), what `prepareGenerator`
 * refuses, a failure's own code naming the instance, CANCELLED, FILE_UNWRITABLE
 */
export async function replay(init: ReplayInit): Promise<Replayed> {
  const { score, from = 0, onProgress, signal } = init
  const [problem] = score.problems
  if (problem) throw new MarmaladeError(problem.code, problem.message)
  const prepared = await prepareAll(init)
  const began = performance.now()
  const runners = await startPool(init.threads ?? Math.min(MAX_THREADS, availableParallelism()))
  const { conductor, renderer } = makeEnsemble({ jam: score.jam, from: 0, runners, until: score.endTick })
  for (const [archive, generator] of prepared) {
    renderer.prepare(archive, generator)
    conductor.archiveReady(archive, defaultsOf(generator))
  }
  conductor.observe(init.entries)
  const sink = await Output.create(init.out)
  const stems = init.stems === undefined ? undefined : new StemFiles(init.stems, from)
  try {
    let paused = performance.now()
    const chunks = renderOffline({
      renderer,
      from,
      to: score.end,
      refuse: 'any failure',
      ...(onProgress && { onProgress }),
      ...(signal && { signal }),
      ...(stems && { onStems: (all, at) => stems.take(all, at) }),
      async pause() {
        if (performance.now() - paused < PAUSE_EVERY_MILLIS) return
        await new Promise((resolve) => setImmediate(resolve))
        paused = performance.now()
      },
    })
    for await (const { left, right } of chunks) {
      await sink.write(left, right)
      await init.onSamples?.(interleaved(left, right))
      await stems?.flush()
    }
    const written = await sink.close()
    const files = (await stems?.close(written.frames)) ?? []
    return {
      ...written,
      firstFrame: from,
      reduction: renderer.meters().reduction,
      scoreHash: hex(scoreHash(score, (bytes) => nodeCrypto.sha256(bytes))),
      stems: files,
      speed: score.end / 48 / (performance.now() - began),
    }
  } catch (error) {
    await sink.discard()
    throw error
  } finally {
    await renderer.close()
  }
}

function interleaved(left: Float32Array, right: Float32Array): Float32Array {
  const samples = new Float32Array(2 * left.length)
  for (let i = 0; i < left.length; i++) {
    samples[2 * i] = left[i] ?? 0
    samples[2 * i + 1] = right[i] ?? 0
  }
  return samples
}

/** SHA-256 of a file, hex. */
export async function fileSha256(file: string): Promise<string> {
  const hash = createHash('sha256')
  for await (const bytes of createReadStream(file)) hash.update(bytes as Buffer)
  return hash.digest('hex')
}

/** Every archive, before a sample is rendered. */
async function prepareAll(init: ReplayInit): Promise<Map<BlobId, PreparedGenerator>> {
  const prepared = new Map<BlobId, PreparedGenerator>()
  for (const wanted of init.score.archives) {
    const { archive, generator } = wanted
    if (prepared.has(archive)) continue
    const file = await init.archiveFile(archive).catch((cause: unknown) => {
      const why = cause instanceof MarmaladeError ? cause.message : 'it cannot be read'
      const message = `${generator} by ${init.shown(wanted)} cannot be replayed: its archive ${archive}: ${why}`
      throw new MarmaladeError('GENERATOR_MISSING', message, { cause })
    })
    const made = prepareGenerator(new Uint8Array(await readFile(file)))
    if (isRefused(made)) throw new MarmaladeError(made.code, `${generator} by ${init.shown(wanted)}: ${made.message}`)
    prepared.set(archive, made)
  }
  return prepared
}

/** A WAV file written under a temporary name, and the hashes of what went into it. */
class Output {
  readonly #file: string | undefined
  readonly #handle: FileHandle | undefined
  readonly #samples = createHash('sha256')
  #frames: Frames = 0
  #peak = 0

  private constructor(file: string | undefined, handle: FileHandle | undefined) {
    this.#file = file
    this.#handle = handle
  }

  static async create(file: string | undefined): Promise<Output> {
    if (file === undefined) return new Output(undefined, undefined)
    try {
      await mkdir(dirname(file), { recursive: true })
      return new Output(file, await open(`${file}.part`, 'w+'))
    } catch (cause) {
      throw new MarmaladeError(
        'FILE_UNWRITABLE',
        `${file} cannot be written: see that its folder exists and has room`,
        { cause },
      )
    }
  }

  async write(left: Float32Array, right: Float32Array): Promise<void> {
    const bytes = encodePcm('f32', left, right)
    this.#samples.update(bytes)
    for (const channel of [left, right]) {
      for (const sample of channel) if (Math.abs(sample) > this.#peak) this.#peak = Math.abs(sample)
    }
    await this.#handle?.write(bytes, 0, bytes.length, WAV_HEADER_BYTES + this.#frames * 8)
    this.#frames += left.length
  }

  async close(): Promise<Pick<Replayed, 'file' | 'sha256' | 'samplesSha256' | 'frames' | 'seconds' | 'peak'>> {
    const header = wavHeader('f32', this.#frames)
    const samplesSha256 = this.#samples.copy().digest('hex')
    const counts = { frames: this.#frames, seconds: this.#frames / 48_000, peak: this.#peak }
    if (!this.#handle || this.#file === undefined) return { sha256: '', samplesSha256, ...counts }
    await this.#handle.write(header, 0, header.length, 0)
    await this.#handle.sync()
    await this.#handle.close()
    await rename(`${this.#file}.part`, this.#file)
    return { file: this.#file, sha256: await fileSha256(this.#file), samplesSha256, ...counts }
  }

  async discard(): Promise<void> {
    await this.#handle?.close().catch(() => undefined)
    if (this.#file !== undefined) await rm(`${this.#file}.part`, { force: true })
  }
}
