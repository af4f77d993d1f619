import type { Writable } from 'node:stream'
import { MarmaladeError } from '../base/index.ts'
import { floatBytes } from './pcm.ts'
import type { Sink } from './types.ts'

/** Bare interleaved stereo float32 to a stream that is open already and stays so: standard output. */
export class StreamSink implements Sink {
  readonly name = 'raw:-'
  readonly lateness = 'wait'
  readonly #stream: Writable
  #failure: Error | undefined
  #open = false

  constructor(stream: Writable) {
    this.#stream = stream
  }

  async open(): Promise<void> {
    this.#open = true
    this.#stream.on('error', this.#fail)
  }

  async write(samples: Float32Array): Promise<void> {
    if (!this.#open) throw new MarmaladeError('SINK_LOST', `${this.name} is not open`)
    // A write that fails is told to the stream's listeners as well: whoever reads has gone.
    const failure = await new Promise<Error | null | undefined>((resolve) => {
      if (this.#failure) resolve(this.#failure)
      else this.#stream.write(Uint8Array.from(floatBytes(samples)), resolve)
    })
    if (!failure) return
    throw new MarmaladeError('SINK_LOST', `${this.name} takes no more sound: who read it has gone`, { cause: failure })
  }

  async close(): Promise<void> {
    this.#open = false
  }

  /** Stays for good: an error that comes after the end must not end the process. */
  readonly #fail = (error: Error): void => {
    this.#failure ??= error
  }
}
