import { F32, F64 } from './abi.ts'
import type { Writer } from './writer.ts'

/** Instructions on one type of floats, and what else the bits of its NaNs take. */
interface Float {
  readonly atMost: number
  /** Of integers as wide. */
  readonly reinterpret: number
  readonly storeBits: number
  /** Writes the bits of the quiet NaN without sign and payload, as a constant. */
  readonly nan: (out: Writer) => void
}

const FLOATS: Readonly<Record<number, Float>> = {
  [F32]: { atMost: 0x5f, reinterpret: 0xbc, storeBits: 0x36, nan: (out) => out.byte(0x41).i32(0x7fc0_0000) },
  [F64]: { atMost: 0x65, reinterpret: 0xbd, storeBits: 0x37, nan: (out) => out.byte(0x42).i64(0x7ff8_0000_0000_0000n) },
}

const IF = 0x04
const NOTHING = 0x40
const END = 0x0b
const SELECT = 0x1b
const GET_LOCAL = 0x20
const SET_LOCAL = 0x21
const TEE_LOCAL = 0x22
const IS_ZERO = 0x45

/** What gives copysign its operand back from its bits. */
export const RETURN_BITS: Readonly<Record<number, number>> = { 0x98: 0xbe, 0xa6: 0xbf }

/** Locals that a function has for its NaNs: for the address of a store, and for a value of each float type. */
export interface NanLocals {
  readonly address: number
  readonly [type: number]: number
}

/**
 * A store, and, where the value was a NaN, the canonical one in its place: a branch that is all but never taken costs a
 * generator half or less of what making every value canonical in integers does. "At most itself", not "equal to itself":
 * a NaN is neither, and on x64 the first takes one jump and the second two.
 * @param store the instruction with its alignment and offset
 */
export function canonicalStore(out: Writer, type: number, store: Uint8Array, locals: NanLocals): void {
  const float = FLOATS[type]
  const value = locals[type]
  if (!float || value === undefined) return
  out.byte(SET_LOCAL).u32(value).byte(TEE_LOCAL).u32(locals.address).byte(GET_LOCAL).u32(value).bytes(store)
  number(out, float, value)
  out.bytes([IS_ZERO, IF, NOTHING]).byte(GET_LOCAL).u32(locals.address)
  float.nan(out)
  out.byte(float.storeBits).bytes(store.subarray(1)).byte(END)
}

/** The float on the stack becomes its bits, those of every NaN the same. */
export function canonicalBits(out: Writer, type: number, locals: NanLocals): void {
  const float = FLOATS[type]
  const value = locals[type]
  if (!float || value === undefined) return
  out.byte(TEE_LOCAL).u32(value).byte(float.reinterpret)
  float.nan(out)
  number(out, float, value)
  out.byte(SELECT)
}

/** Whether a local is a number. */
function number(out: Writer, { atMost }: Float, local: number): void {
  out.byte(GET_LOCAL).u32(local).byte(GET_LOCAL).u32(local).byte(atMost)
}
