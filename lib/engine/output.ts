import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { mkdir, open, rename, rm, type FileHandle } from 'node:fs/promises'
import { dirname } from 'node:path'
import { concat, MarmaladeError, SAMPLE_RATE, type Frames } from '../base/index.ts'
import { encodePcm, LiveLoudness, Meter, TruePeak, wavHeader, WAV_HEADER_BYTES, type WavFormat } from '../mix/index.ts'
import { writeAll } from '../sink/index.ts'

/** What was written, or would have been where no file was asked for. */
export interface Written {
  readonly file?: string
  /** SHA-256, hex, of the whole WAV file; empty where there is none. */
  readonly sha256: string
  /** SHA-256, hex, of the samples as interleaved float32, little-endian. */
  readonly samplesSha256: string
  readonly frames: Frames
  readonly seconds: number
  /** Highest absolute sample. */
  readonly peak: number
  /** The highest magnitude between the samples too, as a factor of full scale. */
  readonly truePeak: number
  /** Integrated loudness in LUFS of what was given; left out where nothing is loud enough to be counted. */
  readonly loudness?: number
}

/** Bytes that are written, and read again, at a time. */
const PIECE = 1_048_576

/** SHA-256 of a file, hex. */
async function fileSha256(file: string): Promise<string> {
  const hash = createHash('sha256')
  for await (const bytes of createReadStream(file, { highWaterMark: PIECE })) hash.update(bytes as Buffer)
  return hash.digest('hex')
}

const unwritable = (file: string, cause: unknown): MarmaladeError =>
  new MarmaladeError('FILE_UNWRITABLE', `${file} cannot be written: see that its folder exists and has room`, { cause })

/**
 * A WAV file written under a temporary name, and the hashes of what went into it. The samples' own hash is of the 32-bit
 * floats, whatever the file's format, so that it names the same sound in each.
 */
export class Output {
  readonly #format: WavFormat
  readonly #file: string | undefined
  readonly #handle: FileHandle | undefined
  readonly #samples = createHash('sha256')
  readonly #truePeak = new TruePeak()
  readonly #loudness = new LiveLoudness()
  readonly #meter = new Meter()
  #frames: Frames = 0
  /** Bytes that wait to be written, and where they go in the file. */
  #waiting: Uint8Array[] = []
  #bytes = 0
  #at = WAV_HEADER_BYTES
  /** The piece that is being written while the next one is rendered. */
  #writing: Promise<void> = Promise.resolve()

  private constructor(format: WavFormat, file?: string, handle?: FileHandle) {
    this.#format = format
    this.#file = file
    this.#handle = handle
  }

  /** @param file nothing is written where it is left out @throws FILE_UNWRITABLE */
  static async create(file: string | undefined, format: WavFormat): Promise<Output> {
    if (file === undefined) return new Output(format)
    try {
      await mkdir(dirname(file), { recursive: true })
      return new Output(format, file, await open(`${file}.part`, 'w+'))
    } catch (cause) {
      throw unwritable(file, cause)
    }
  }

  /** Takes samples in; what cannot be written is told by a later call. @throws FILE_UNWRITABLE */
  async write(left: Float32Array, right: Float32Array): Promise<void> {
    const floats = encodePcm('f32', left, right)
    this.#samples.update(floats)
    this.#meter.push(left, right)
    this.#truePeak.push(left, right)
    this.#loudness.push(left, right)
    this.#frames += left.length
    if (!this.#handle) return
    const bytes = this.#format === 'f32' ? floats : encodePcm(this.#format, left, right)
    this.#waiting.push(bytes)
    this.#bytes += bytes.length
    if (this.#bytes >= PIECE) await this.#flush()
  }

  /** Gives the file its header and name. @throws FILE_UNWRITABLE */
  async close(): Promise<Written> {
    const samplesSha256 = this.#samples.digest('hex')
    const loudness = this.#loudness.now().integrated
    const counts = {
      frames: this.#frames,
      seconds: this.#frames / SAMPLE_RATE,
      peak: this.#meter.take().peak,
      truePeak: this.#truePeak.peak,
      ...(Number.isFinite(loudness) && { loudness }),
    }
    if (!this.#handle || this.#file === undefined) return { sha256: '', samplesSha256, ...counts }
    await this.#flush()
    await this.#writing
    await this.#put(wavHeader(this.#format, this.#frames), 0)
    try {
      await this.#handle.sync()
      await this.#handle.close()
      await rename(`${this.#file}.part`, this.#file)
    } catch (cause) {
      throw unwritable(this.#file, cause)
    }
    return { file: this.#file, sha256: await fileSha256(this.#file), samplesSha256, ...counts }
  }

  /** Leaves nothing behind. Idempotent, also after `close`. */
  async discard(): Promise<void> {
    await this.#writing.catch(() => undefined)
    await this.#handle?.close().catch(() => undefined)
    if (this.#file !== undefined) await rm(`${this.#file}.part`, { force: true })
  }

  /** Begins to write what waits, once what was begun before is written. */
  async #flush(): Promise<void> {
    await this.#writing
    const at = this.#at
    this.#at += this.#bytes
    this.#bytes = 0
    this.#writing = this.#put(concat(this.#waiting.splice(0)), at)
    // Told by whoever waits for it next.
    this.#writing.catch(() => undefined)
  }

  async #put(bytes: Uint8Array, at: number): Promise<void> {
    if (!this.#handle || this.#file === undefined) return
    try {
      await writeAll(this.#handle, bytes, at)
    } catch (cause) {
      throw unwritable(this.#file, cause)
    }
  }
}
