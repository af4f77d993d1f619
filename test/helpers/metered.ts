import { checkModule } from '../../lib/generators/index.ts'
import { SLOTS, STEPS, instrument } from '../../lib/generators/wasm/instrument.ts'
import { assemble, good } from './generators.ts'

export interface Exports {
  memory: WebAssembly.Memory
  [STEPS]?: WebAssembly.Global<'i32'>
  [SLOTS]?: WebAssembly.Global<'i32'>
  mm_init(rate: number, frames: number, lo: number, hi: number): number
  mm_output(): number
  mm_process(frames: number, frame: number, beat: number, step: number, bar: number, start: number): number
}
const IMPORTS = {
  marmalade: {
    tag_open: () => 0,
    tag_get: () => 2,
    tag_text: () => -1,
    tag_frame: () => 5,
    tag_set: () => undefined,
    tag_set_text: () => undefined,
    log: () => undefined,
  },
}
/** An instance of a module as it is, with imports that answer something. */
export function start(bytes: Uint8Array): Exports {
  const module = new WebAssembly.Module(bytes as Uint8Array<ArrayBuffer>)
  return new WebAssembly.Instance(module, IMPORTS).exports as unknown as Exports
}

/** A module as the runtime compiles it. */
export const metered = (bytes: Uint8Array): Uint8Array => instrument(good(checkModule(bytes)))

/** Steps that one block of one frame takes. */
export async function stepsOf(wat: string): Promise<number> {
  const exports = start(metered(await assemble(wat)))
  const steps = exports[STEPS]!
  steps.value = 1_000_000_000
  exports.mm_process(1, 0, 0, 0, 0, 0)
  return 1_000_000_000 - steps.value
}
/** Steps, more than any test takes. */
export const BUDGET = 1_000_000_000
