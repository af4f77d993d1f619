import { open, type FileHandle } from 'node:fs/promises'
import { MarmaladeError } from '../base/index.ts'
import { floatBytes } from './pcm.ts'
import type { Sink } from './types.ts'
import { wavHeader, WAV_HEADER_BYTES } from '../mix/index.ts'

const BYTES_PER_FRAME = 8
/** About a second: how much may be lost of a file's header when the machine dies. */
const PATCH_EVERY_FRAMES = 48_000

const lost = (name: string, cause: unknown): MarmaladeError =>
  new MarmaladeError('SINK_LOST', `${name} takes no more sound: see that its folder exists and has room`, { cause })

/**
 * 32-bit float WAV. The header's sizes are patched about once a second, so that a file of a node that was killed plays
 * up to there.
 */
export class WavSink implements Sink {
  readonly name: string
  readonly lateness = 'wait'
  readonly #file: string
  #handle: FileHandle | undefined
  #frames = 0
  #patched = 0

  constructor(file: string) {
    this.#file = file
    this.name = `wav:${file}`
  }

  async open(): Promise<void> {
    try {
      this.#handle = await open(this.#file, 'w')
      await this.#handle.write(wavHeader('f32', 0), 0, WAV_HEADER_BYTES, 0)
    } catch (cause) {
      throw new MarmaladeError('SINK_UNAVAILABLE', `${this.name} cannot be written: see that its folder exists`, {
        cause,
      })
    }
  }

  async write(samples: Float32Array): Promise<void> {
    const bytes = floatBytes(samples)
    try {
      await this.#handle?.write(bytes, 0, bytes.length, WAV_HEADER_BYTES + this.#frames * BYTES_PER_FRAME)
      this.#frames += samples.length / 2
      if (this.#frames - this.#patched >= PATCH_EVERY_FRAMES) await this.#patch()
    } catch (cause) {
      throw lost(this.name, cause)
    }
  }

  async close(): Promise<void> {
    const handle = this.#handle
    if (!handle) return
    try {
      await this.#patch()
      await handle.sync()
    } finally {
      this.#handle = undefined
      await handle.close()
    }
  }

  async #patch(): Promise<void> {
    await this.#handle?.write(wavHeader('f32', this.#frames), 0, WAV_HEADER_BYTES, 0)
    this.#patched = this.#frames
  }
}

/** Bare interleaved stereo float32, little-endian, to a file or, as `-`, to standard output. */
export class RawSink implements Sink {
  readonly name: string
  readonly lateness = 'wait'
  readonly #file: string
  #handle: FileHandle | undefined

  constructor(file: string) {
    this.#file = file
    this.name = `raw:${file}`
  }

  async open(): Promise<void> {
    if (this.#file === '-') return
    try {
      this.#handle = await open(this.#file, 'w')
    } catch (cause) {
      throw new MarmaladeError('SINK_UNAVAILABLE', `${this.name} cannot be written: see that its folder exists`, {
        cause,
      })
    }
  }

  async write(samples: Float32Array): Promise<void> {
    const bytes = floatBytes(samples)
    if (this.#file === '-') return writeOut(this.name, bytes)
    try {
      await this.#handle?.write(bytes)
    } catch (cause) {
      throw lost(this.name, cause)
    }
  }

  async close(): Promise<void> {
    const handle = this.#handle
    this.#handle = undefined
    await handle?.close()
  }
}

function writeOut(name: string, bytes: Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    process.stdout.write(Buffer.from(bytes), (error) => {
      if (error) reject(lost(name, error))
      else resolve()
    })
  })
}
