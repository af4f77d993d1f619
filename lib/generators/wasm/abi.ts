/** ABI marmalade/1: what a generator may import and must export, and with which types. docs/generators.md says what each does. */

/** Value types by their byte in a module. */
export const I32 = 0x7f
export const I64 = 0x7e
export const F32 = 0x7d
export const F64 = 0x7c
export const VALUE_TYPES: Readonly<Record<number, string>> = { [I32]: 'i32', [I64]: 'i64', [F32]: 'f32', [F64]: 'f64' }

/** Parameters and results of a function. */
export interface FunctionType {
  readonly params: readonly number[]
  readonly results: readonly number[]
}
const type = (params: readonly number[], results: readonly number[] = []): FunctionType => ({ params, results })

export const MODULE = 'marmalade'
export const ABI_VERSION = 1

/** An import: its type, and what a call of it weighs in steps. */
export interface ImportRule {
  readonly type: FunctionType
  readonly weight: number
}
const rule = (type: FunctionType, weight: number): ImportRule => ({ type, weight })

export const IMPORTS: ReadonlyMap<string, ImportRule> = new Map([
  ['tag_open', rule(type([I32, I32], [I32]), 10_000)],
  ['tag_get', rule(type([I32], [F64]), 200)],
  ['tag_text', rule(type([I32, I32, I32], [I32]), 4_000)],
  ['tag_frame', rule(type([I32], [F64]), 200)],
  ['tag_at', rule(type([I32, F64], [F64]), 500)],
  ['tag_last', rule(type([I32, I32, I32], [I32]), 4_000)],
  ['tag_watch', rule(type([I32]), 200)],
  ['tag_set', rule(type([I32, I32, F64, F64]), 10_000)],
  ['tag_set_text', rule(type([I32, I32, I32, I32, F64]), 10_000)],
  ['note', rule(type([I32, I32, F64, F64, F64, F64]), 10_000)],
  ['asset_size', rule(type([I32, I32], [I32]), 2_000)],
  ['asset_read', rule(type([I32, I32, I32, I32, I32], [I32]), 2_000)],
  ['log', rule(type([I32, I32]), 20_000)],
])

/** A function that the module exports under the ABI's name. */
export interface ExportRule {
  readonly type: FunctionType
  /** `own`: of use to its author alone, by `generator dev`; one of another type is passed over, as every export that the ABI does not know. */
  readonly need: 'required' | 'optional' | 'own'
}
export const EXPORTS: ReadonlyMap<string, ExportRule> = new Map([
  ['mm_abi', { type: type([], [I32]), need: 'required' }],
  ['mm_init', { type: type([F32, I32, I32, I32], [I32]), need: 'required' }],
  ['mm_output', { type: type([], [I32]), need: 'required' }],
  ['mm_process', { type: type([I32, F64, F64, F64, F64, F64], [I32]), need: 'required' }],
  ['mm_param', { type: type([I32, F64]), need: 'optional' }],
  ['mm_event', { type: type([I32, F64, F64]), need: 'optional' }],
  ['mm_note', { type: type([I32, F64, F64, F64, F64]), need: 'optional' }],
  ['mm_stop', { type: type([]), need: 'optional' }],
  ['mm_state', { type: type([I32], [I32]), need: 'own' }],
  ['mm_save', { type: type([], [I32]), need: 'own' }],
  ['mm_load', { type: type([I32], [I32]), need: 'own' }],
])
export const MEMORY = 'memory'

export function sameType(a: FunctionType, b: FunctionType): boolean {
  return a.params.join() === b.params.join() && a.results.join() === b.results.join()
}
/** `(i32, f64) -> i32`, for messages. */
export function showType({ params, results }: FunctionType): string {
  const list = (types: readonly number[]): string => types.map((t) => VALUE_TYPES[t] ?? '?').join(', ')
  return `(${list(params)}) -> ${results.length === 1 ? list(results) : `(${list(results)})`}`
}
