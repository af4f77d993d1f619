import { BLOCK, type Beats, MarmaladeError } from '../../base/index.ts'
import { AssetReader } from '../assets.ts'
import type { PreparedWasm } from '../prepare.ts'
import type { TagListener } from '../../jam/index.ts'
import type { VoiceSettings } from '../runtime.ts'
import type { BlockPosition, Status, TagAccess, Voice, VoiceFailure } from '../types.ts'
import { ABI_VERSION, MODULE } from './abi.ts'
import { BUDGET } from './budget.ts'
import { GeneratorFault, Imports } from './imports.ts'
import { SLOTS, STEPS } from './instrument.ts'
import { loadState, saveState, type StateCalls } from './state.ts'

/** What the module exports, its types having been checked before it was compiled. */
interface Exports extends StateCalls {
  readonly memory: WebAssembly.Memory
  readonly [SLOTS]: WebAssembly.Global<'i32'>
  mm_abi(): number
  mm_init(sampleRate: number, maxFrames: number, seedLo: number, seedHi: number): number
  mm_output(): number
  mm_process(frames: number, frame: number, beat: number, beatsPerFrame: number, bar: number, startBeat: number): number
  mm_param?(index: number, value: number): void
  mm_event?(tag: number, value: number, frame: number): void
  mm_note?(tag: number, pitch: number, velocity: number, beats: number, frame: number): void
  mm_stop?(): void
}

const STATUSES: readonly (Status | undefined)[] = ['go', 'tail', 'done', 'error']
/** Bytes of a page of memory. */
const PAGE = 65_536
/** Bytes of one channel. */
const CHANNEL = BLOCK * Float32Array.BYTES_PER_ELEMENT

/**
 * One running WASM generator. Nothing it does reaches beyond it: a trap, an exhausted step budget, an error of its own or
 * an output outside its memory ends this instance alone, and `failure` says why.
 */
export class WasmVoice implements Voice {
  readonly kind = 'wasm'
  left = new Float32Array(BLOCK)
  right = new Float32Array(BLOCK)
  private readonly tags: TagAccess
  private readonly imports: Imports
  private assets: AssetReader | undefined
  private readonly listener: TagListener
  private exports: Exports | undefined
  private memory = new Uint8Array(0)
  private numbers = new DataView(new ArrayBuffer(0))
  private beat: Beats = 0
  private ended: 'done' | 'error' | undefined
  private reason: VoiceFailure | undefined

  constructor(prepared: PreparedWasm, settings: VoiceSettings) {
    this.tags = settings.tags
    this.assets = prepared.assets && new AssetReader(prepared.assets)
    this.listener = {
      event: (handle, value, frame) =>
        this.hear('in mm_event', (it) => it.mm_event?.(this.imports.handleOf(handle), value, frame)),
      note: (handle, pitch, velocity, beats, frame) =>
        this.hear('in mm_note', (it) => it.mm_note?.(this.imports.handleOf(handle), pitch, velocity, beats, frame)),
    }
    this.imports = new Imports({
      tags: settings.tags,
      memory: () => this.memory,
      numbers: () => this.numbers,
      assets: () => this.assets,
      beat: () => this.beat,
    })
    this.guard('as it starts', () => {
      const instance = new WebAssembly.Instance(prepared.module, { [MODULE]: this.imports.functions() })
      const exports = instance.exports as unknown as Exports
      this.exports = exports
      this.memory = new Uint8Array(exports.memory.buffer)
      this.numbers = new DataView(exports.memory.buffer)
      this.begin(exports, settings)
    })
    this.assets = undefined
  }

  /** Why it ended by itself, where it has. */
  get failure(): VoiceFailure | undefined {
    return this.reason
  }

  /** Pages of 64 KiB of its memory; 0 where it never had any. */
  get pages(): number {
    return this.memory.length / PAGE
  }

  /** Steps that the block rendered last took, to be asked right after it; more than the budget where that was why it ended. */
  get steps(): number {
    return this.exports ? BUDGET.block - this.exports[STEPS].value : 0
  }

  param(index: number, value: number): void {
    const { exports } = this
    if (this.ended || !exports?.mm_param) return
    this.guard('in mm_param', () => {
      exports[STEPS].value = BUDGET.param
      exports.mm_param?.(index, value)
    })
  }

  process(block: BlockPosition): Status {
    if (!Number.isInteger(block.frames) || block.frames < 1 || block.frames > BLOCK)
      throw new MarmaladeError('INTERNAL', `a block of ${block.frames} frames was asked for; it has 1 to ${BLOCK}`)
    const { exports } = this
    if (this.ended || !exports) return this.ended ?? 'error'
    this.beat = block.beat
    this.tags.tell(this.listener)
    return this.failure ? 'error' : this.render(exports, block)
  }

  private render(exports: Exports, block: BlockPosition): Status {
    const status = this.guard('in mm_process', () => {
      exports[STEPS].value = BUDGET.block
      const { frames, frame, beat, beatsPerFrame, bar, startBeat } = block
      return exports.mm_process(frames, frame, beat, beatsPerFrame, bar, startBeat)
    })
    if (status === undefined) return 'error'
    const known = STATUSES[status]
    if (known === 'done') this.ended = 'done'
    if (known === 'error' || known === undefined) return this.fail('GENERATOR_FAILED', `mm_process answered ${status}`)
    return known
  }

  private hear(where: string, call: (exports: Exports) => void): void {
    const { exports } = this
    if (this.ended || !exports) return
    this.guard(where, () => {
      exports[STEPS].value = BUDGET.event
      call(exports)
    })
  }

  stop(): boolean {
    const { exports } = this
    if (this.ended || !exports?.mm_stop) return false
    this.guard('in mm_stop', () => {
      exports[STEPS].value = BUDGET.stop
      exports.mm_stop?.()
    })
    return this.reason === undefined
  }

  save(): Uint8Array | undefined {
    const { exports, memory } = this
    if (this.ended || !exports) return undefined
    return this.guard('in mm_save', () => saveState(exports, memory))
  }

  load(state: Uint8Array): boolean {
    const { exports, memory } = this
    if (this.ended || !exports) return false
    return this.guard('in mm_load', () => loadState(exports, memory, state)) ?? false
  }

  close(): void {
    this.ended ??= 'done'
    this.exports = undefined
    this.memory = new Uint8Array(0)
    this.numbers = new DataView(this.memory.buffer)
    this.left = new Float32Array(BLOCK)
    this.right = new Float32Array(BLOCK)
  }

  private begin(exports: Exports, { sampleRate, seed }: VoiceSettings): void {
    const ask = (question: () => number, steps: number): number => {
      exports[STEPS].value = steps
      return question()
    }
    const abi = ask(() => exports.mm_abi(), BUDGET.question)
    if (abi !== ABI_VERSION) {
      this.fail('GENERATOR_FAILED', `mm_abi answered ${abi}; this version knows ${ABI_VERSION}`)
      return
    }
    const answer = ask(() => exports.mm_init(sampleRate, BLOCK, seed[0], seed[1]), BUDGET.init)
    if (answer !== 0) {
      this.fail('GENERATOR_FAILED', `mm_init answered ${answer}`)
      return
    }
    const at = ask(() => exports.mm_output(), BUDGET.question) >>> 0
    if (at % Float32Array.BYTES_PER_ELEMENT !== 0 || at + 2 * CHANNEL > this.memory.length) {
      this.fail(
        'GENERATOR_FAILED',
        `mm_output answered ${at}: no multiple of 4 with ${2 * CHANNEL} bytes of memory after it`,
      )
      return
    }
    this.left = new Float32Array(exports.memory.buffer, at, BLOCK)
    this.right = new Float32Array(exports.memory.buffer, at + CHANNEL, BLOCK)
  }

  /** Calls into the generator; what goes wrong there ends this instance and is not thrown on. */
  private guard<T>(where: string, call: () => T): T | undefined {
    try {
      return call()
    } catch (error) {
      this.fail(...this.reasonFor(error, where))
      return undefined
    }
  }

  private reasonFor(error: unknown, where: string): [VoiceFailure['code'], string] {
    if (error instanceof WebAssembly.RuntimeError) {
      const spent = (this.exports?.[STEPS].value ?? 0) < 0
      if (spent) return ['GENERATOR_RAN_AWAY', `it took more steps than it may ${where}`]
      const deep = (this.exports?.[SLOTS].value ?? 0) < 0
      if (deep) return ['GENERATOR_TRAPPED', `its calls went deeper than they may ${where}`]
      return ['GENERATOR_TRAPPED', `it trapped ${where}: ${error.message}`]
    }
    // Calls are bounded, and what goes past its own memory is told otherwise: so it is the machine's that was not enough.
    if (error instanceof RangeError)
      return ['GENERATOR_NO_MEMORY', `this machine has no room for it ${where}: ${error.message}`]
    if (error instanceof GeneratorFault) return ['GENERATOR_TRAPPED', `${error.message}, ${where}`]
    throw error
  }

  private fail(code: VoiceFailure['code'], message: string): 'error' {
    this.reason = { code, message }
    this.ended = 'error'
    return 'error'
  }
}
