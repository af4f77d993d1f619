import { BUDGET } from './budget.ts'
import { STEPS } from './instrument.ts'

/** The most that one version of a generator hands to the next. */
export const MAX_STATE = 65_536

/** What a module exports to hand its state on; all of it may be missing. */
export interface StateCalls {
  readonly [STEPS]: WebAssembly.Global<'i32'>
  mm_state?(length: number): number
  mm_save?(): number
  mm_load?(length: number): number
}

/**
 * A copy of what a module says that a later version of it may go on from: `mm_save` answers how many bytes, `mm_state` where they lie.
 * Undefined where it exports neither, answers a length that is not 1 to 65,536, or a place that does not lie in its memory.
 * @throws what the module's calls throw
 */
export function saveState(module: StateCalls, memory: Uint8Array): Uint8Array | undefined {
  if (!module.mm_save || !module.mm_state) return undefined
  module[STEPS].value = BUDGET.state
  const length = module.mm_save()
  const at = roomIn(module, memory, length)
  return at === undefined ? undefined : memory.slice(at, at + length)
}

/**
 * Puts what an earlier version gave where `mm_state` says, and asks `mm_load` whether it goes on from there. False where it does not.
 * @throws what the module's calls throw
 */
export function loadState(module: StateCalls, memory: Uint8Array, state: Uint8Array): boolean {
  if (!module.mm_load) return false
  const at = roomIn(module, memory, state.length)
  if (at === undefined) return false
  memory.set(state, at)
  module[STEPS].value = BUDGET.state
  return module.mm_load(state.length) === 0
}

/** Where a module has room for so many bytes. */
function roomIn(module: StateCalls, memory: Uint8Array, length: number): number | undefined {
  if (length < 1 || length > MAX_STATE || !module.mm_state) return undefined
  module[STEPS].value = BUDGET.question
  const at = module.mm_state(length) >>> 0
  return at === 0 || at + length > memory.length ? undefined : at
}
