import { createWasmVoice, type Status, type Voice, type VoiceRuntime, type WasmVoice } from '../generators/index.ts'

/** What a generator took. */
export interface Work {
  /** Of each block in its order, microseconds of a clock on the wall. */
  readonly micros: Float64Array
  /** The most steps of any block. */
  readonly steps: number
  /** Pages of 64 KiB of its memory. */
  readonly pages: number
}

/** WASM generators, each block of which is measured. */
export class MeasuringRuntime implements VoiceRuntime {
  readonly #micros: number[] = []
  #steps = 0
  #pages = 0

  start(...[prepared, settings]: Parameters<VoiceRuntime['start']>): Voice {
    if (prepared.runtime !== 'wasm') throw new Error('processes are not run here')
    const voice = createWasmVoice(prepared, settings)
    this.#pages = voice.pages
    return new MeasuredVoice(voice, (micros, steps) => {
      this.#micros.push(micros)
      this.#steps = Math.max(this.#steps, steps)
    })
  }

  work(): Work {
    return { micros: Float64Array.from(this.#micros), steps: this.#steps, pages: this.#pages }
  }
}

class MeasuredVoice implements Voice {
  readonly kind = 'wasm'
  readonly #voice: WasmVoice
  readonly #tell: (micros: number, steps: number) => void

  constructor(voice: WasmVoice, tell: (micros: number, steps: number) => void) {
    this.#voice = voice
    this.#tell = tell
  }

  get left(): Float32Array {
    return this.#voice.left
  }
  get right(): Float32Array {
    return this.#voice.right
  }
  get failure(): Voice['failure'] {
    return this.#voice.failure
  }

  param(index: number, value: number): void {
    this.#voice.param(index, value)
  }

  process(block: Parameters<Voice['process']>[0]): Status {
    const began = performance.now()
    const status = this.#voice.process(block)
    this.#tell((performance.now() - began) * 1_000, this.#voice.steps)
    return status
  }

  stop(): boolean {
    return this.#voice.stop()
  }
  close(): void {
    this.#voice.close()
  }
}
