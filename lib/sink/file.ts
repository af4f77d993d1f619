import { open, type FileHandle } from 'node:fs/promises'
import { MarmaladeError } from '../base/index.ts'
import { wavHeader, WAV_HEADER_BYTES } from '../mix/index.ts'
import { BYTES_PER_FRAME, floatBytes, writeAll } from './pcm.ts'
import type { Sink } from './types.ts'

/** About a second: how much may be lost of a file's header when the machine dies. */
const PATCH_EVERY_FRAMES = 48_000

const lost = (name: string, cause: unknown): MarmaladeError =>
  new MarmaladeError('SINK_LOST', `${name} takes no more sound: see that its folder exists and has room`, { cause })
const closed = (name: string): MarmaladeError => new MarmaladeError('SINK_LOST', `${name} is not open`)
const unavailable = (name: string, cause: unknown): MarmaladeError =>
  new MarmaladeError('SINK_UNAVAILABLE', `${name} cannot be written: see that its folder exists`, { cause })

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
    this.#frames = 0
    try {
      this.#handle = await open(this.#file, 'w')
      await this.#patch(this.#handle)
    } catch (cause) {
      await this.#handle?.close().catch(() => undefined)
      this.#handle = undefined
      throw unavailable(this.name, cause)
    }
  }

  async write(samples: Float32Array): Promise<void> {
    const handle = this.#handle
    if (!handle) throw closed(this.name)
    try {
      await writeAll(handle, floatBytes(samples), WAV_HEADER_BYTES + this.#frames * BYTES_PER_FRAME)
      this.#frames += samples.length / 2
      if (this.#frames - this.#patched >= PATCH_EVERY_FRAMES) await this.#patch(handle)
    } catch (cause) {
      throw lost(this.name, cause)
    }
  }

  async close(): Promise<void> {
    const handle = this.#handle
    this.#handle = undefined
    if (!handle) return
    try {
      await this.#patch(handle)
      await handle.sync()
    } catch (cause) {
      throw lost(this.name, cause)
    } finally {
      await handle.close()
    }
  }

  async #patch(handle: FileHandle): Promise<void> {
    await writeAll(handle, wavHeader('f32', this.#frames), 0)
    this.#patched = this.#frames
  }
}

/** Bare interleaved stereo float32, little-endian, to a file (a named pipe will do). */
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
    try {
      this.#handle = await open(this.#file, 'w')
    } catch (cause) {
      throw unavailable(this.name, cause)
    }
  }

  async write(samples: Float32Array): Promise<void> {
    if (!this.#handle) throw closed(this.name)
    try {
      await writeAll(this.#handle, floatBytes(samples))
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
