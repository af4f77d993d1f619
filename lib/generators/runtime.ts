import type { PreparedGenerator, PreparedWasm } from './prepare.ts'
import type { InstanceIdentity, StartProcess } from './process/types.ts'
import type { TagAccess, Voice } from './types.ts'
import { WasmVoice } from './wasm/voice.ts'

export type { WasmVoice }

/** What an instance is started with. */
export interface VoiceSettings {
  /** The two words of `seedOf`. */
  readonly seed: readonly [lo: number, hi: number]
  readonly tags: TagAccess
  /** Hertz. */
  readonly sampleRate: number
  /** Which instance it is; a module has no use for it. */
  readonly identity?: InstanceIdentity
  /** A process that was started ahead for it (`Preroll`): played where it was told the same. */
  readonly preroll?: StartProcess | undefined
}

/** Starts instances of generators. What plays and mixes them knows Voice alone. */
export interface VoiceRuntime {
  /** Always gives a voice: one that failed as it started says so in `failure` and answers `error` to every block. */
  start(prepared: PreparedGenerator, settings: VoiceSettings): Voice
  /** After each quantum: lets go of what is not needed. */
  rest?(): void
}

/** A running instance of a WASM generator. Its failures: GENERATOR_TRAPPED, GENERATOR_RAN_AWAY, GENERATOR_FAILED, GENERATOR_NO_MEMORY. */
export const createWasmVoice = (prepared: PreparedWasm, settings: VoiceSettings): WasmVoice =>
  new WasmVoice(prepared, settings)

/** WASM generators alone, run in the calling thread. */
export const wasmRuntime: VoiceRuntime = {
  start(prepared, settings) {
    if (prepared.runtime === 'wasm') return createWasmVoice(prepared, settings)
    throw new Error('processes are not run here')
  },
}
