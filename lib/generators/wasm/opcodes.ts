/**
 * The opcodes a generator may use, WebAssembly 1.0 with sign extension, saturating conversions, bulk memory on memory
 * and multi-value, with what follows each in the code and what it weighs in steps.
 * Source: WebAssembly 2.0 specification, section 5.4, without its reference and vector instructions.
 */

import { F32, F64 } from './abi.ts'

/** What follows an opcode: its immediate, or a part in the structure of the code. */
export type Shape =
  | 'none'
  | 'block'
  | 'loop'
  | 'if'
  | 'else'
  | 'end'
  | 'label'
  | 'labels'
  | 'call'
  | 'call_indirect'
  | 'local'
  | 'global'
  | 'memory'
  | 'memory_size'
  | 'memory_grow'
  | 'i32'
  | 'i64'
  | 'f32'
  | 'f64'

export interface Opcode {
  readonly shape: Shape
  readonly weight: number
  /** The type of its last operand where the bits of a NaN in it would show: 0x7d or 0x7c. */
  readonly bares?: number
  /** Operands it leaves less those it takes; of calls and blocks their type tells more. */
  readonly net: number
}

/** By the first byte; undefined where refused. 0xfc leads to `PREFIXED`. */
export const OPCODES: (Opcode | undefined)[] = new Array<Opcode | undefined>(256).fill(undefined)
const CHEAP = 1
const BARING = 2
const CALL = 5
const SLOW = 8

function allow(from: number, to: number, shape: Shape, weight = CHEAP): void {
  for (let code = from; code <= to; code++) OPCODES[code] = { shape, weight, net: netOf(code) }
}

/** Opcodes, from the first to the last of each stretch, that leave other than as many operands as they take. */
const NETS: readonly (readonly [from: number, to: number, net: number])[] = [
  [0x04, 0x04, -1], // if
  [0x0d, 0x0e, -1], // br_if br_table
  [0x11, 0x11, -1], // call_indirect
  [0x1a, 0x1a, -1], // drop
  [0x1b, 0x1b, -2], // select
  [0x20, 0x20, 1], // local.get
  [0x21, 0x21, -1], // local.set
  [0x23, 0x23, 1], // global.get
  [0x24, 0x24, -1], // global.set
  [0x36, 0x3e, -2], // stores
  [0x3f, 0x3f, 1], // memory.size
  [0x41, 0x44, 1], // constants
  [0x46, 0x4f, -1], // i32 comparisons
  [0x51, 0x66, -1], // i64 f32 f64 comparisons
  [0x6a, 0x78, -1], // i32 arithmetic
  [0x7c, 0x8a, -1], // i64 arithmetic
  [0x92, 0x98, -1], // f32 arithmetic
  [0xa0, 0xa6, -1], // f64 arithmetic
]
const netOf = (code: number): number => NETS.find(([from, to]) => code >= from && code <= to)?.[2] ?? 0

allow(0x00, 0x01, 'none') // unreachable nop
allow(0x02, 0x02, 'block', 0)
allow(0x03, 0x03, 'loop', 0)
allow(0x04, 0x04, 'if')
allow(0x05, 0x05, 'else', 0)
allow(0x0b, 0x0b, 'end', 0)
allow(0x0c, 0x0d, 'label') // br br_if
allow(0x0e, 0x0e, 'labels', CALL) // br_table
allow(0x0f, 0x0f, 'none') // return
allow(0x10, 0x10, 'call', CALL)
allow(0x11, 0x11, 'call_indirect', SLOW)
allow(0x1a, 0x1b, 'none') // drop select
allow(0x20, 0x22, 'local')
allow(0x23, 0x24, 'global')
allow(0x28, 0x3e, 'memory') // loads and stores
allow(0x3f, 0x3f, 'memory_size')
allow(0x40, 0x40, 'memory_grow')
allow(0x41, 0x41, 'i32')
allow(0x42, 0x42, 'i64')
allow(0x43, 0x43, 'f32')
allow(0x44, 0x44, 'f64')
allow(0x45, 0xc4, 'none') // comparisons, arithmetic, conversions, sign extension
allow(0x6d, 0x70, 'none', SLOW) // i32 div rem
allow(0x7f, 0x82, 'none', SLOW) // i64 div rem
allow(0x91, 0x91, 'none', SLOW) // f32.sqrt
allow(0x95, 0x95, 'none', SLOW) // f32.div
allow(0x9f, 0x9f, 'none', SLOW) // f64.sqrt
allow(0xa3, 0xa3, 'none', SLOW) // f64.div

/** The bits of a NaN made by arithmetic are the engine's own affair (WebAssembly 2.0, section 4.3.3): here they would show. */
const BARE: readonly (readonly [code: number, operand: number])[] = [
  [0x38, F32], // f32.store
  [0x39, F64], // f64.store
  [0x98, F32], // f32.copysign
  [0xa6, F64], // f64.copysign
  [0xbc, F32], // i32.reinterpret_f32
  [0xbd, F64], // i64.reinterpret_f64
]
for (const [code, bares] of BARE) {
  const known = OPCODES[code]
  if (known) OPCODES[code] = { ...known, weight: BARING, bares }
}

/** Bytes a step of a bulk operation pays for, as a power of two. */
export const BULK_SHIFT = 4
const BULK_WEIGHT = 16

/** What follows 0xfc. Table operations are not among them: the function table stays as it was laid. */
export type Bulk = 'init' | 'drop' | 'copy' | 'fill'
export const PREFIXED: ReadonlyMap<number, { readonly bulk: Bulk; readonly weight: number }> = new Map([
  [8, { bulk: 'init', weight: BULK_WEIGHT }],
  [9, { bulk: 'drop', weight: BULK_WEIGHT }],
  [10, { bulk: 'copy', weight: BULK_WEIGHT }],
  [11, { bulk: 'fill', weight: BULK_WEIGHT }],
])
/** Operands that init, copy and fill take; they leave none. */
export const BULK_OPERANDS = 3
/** Of the codes after 0xfc, those up to this one are saturating conversions: nothing follows them. */
export const LAST_CONVERSION = 7
