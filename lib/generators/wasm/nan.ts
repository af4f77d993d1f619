import { F32, F64 } from './abi.ts'
import type { Writer } from './writer.ts'

/** Instructions on the bits of a float type, and those bits of it that matter. */
interface Bits {
  readonly reinterpret: number
  readonly and: number
  readonly xor: number
  readonly sub: number
  readonly shiftRight: number
  /** Writes a constant. */
  readonly constant: (out: Writer, value: bigint) => void
  /** The quiet NaN without sign and payload. */
  readonly nan: bigint
  readonly infinity: bigint
  readonly unsigned: bigint
  readonly lastBit: bigint
}

const BITS: Readonly<Record<number, Bits>> = {
  [F32]: {
    reinterpret: 0xbc,
    and: 0x71,
    xor: 0x73,
    sub: 0x6b,
    shiftRight: 0x75,
    constant: (out, value) => out.byte(0x41).i64(value),
    nan: 0x7fc0_0000n,
    infinity: 0x7f80_0000n,
    unsigned: 0x7fff_ffffn,
    lastBit: 31n,
  },
  [F64]: {
    reinterpret: 0xbd,
    and: 0x83,
    xor: 0x85,
    sub: 0x7d,
    shiftRight: 0x87,
    constant: (out, value) => out.byte(0x42).i64(value),
    nan: 0x7ff8_0000_0000_0000n,
    infinity: 0x7ff0_0000_0000_0000n,
    unsigned: 0x7fff_ffff_ffff_ffffn,
    lastBit: 63n,
  },
}

const GET_LOCAL = 0x20
const TEE_LOCAL = 0x22

/** What stores the bits that f32.store and f64.store would store; and what gives copysign its operand back. */
export const STORE_BITS: Readonly<Record<number, number>> = { 0x38: 0x36, 0x39: 0x37 }
export const RETURN_BITS: Readonly<Record<number, number>> = { 0x98: 0xbe, 0xa6: 0xbf }

/**
 * The float on the stack becomes its bits `b`, those of every NaN the same: `b ^ ((b ^ NaN) & m)`, `m` all ones where `b`
 * without its sign is above infinity. In integers, without a branch: a select of floats, which V8 turns into one, takes
 * as long as the rest of a plain voice.
 * @param local of the integer type as wide as the float
 */
export function canonicalBits(out: Writer, type: number, local: number): void {
  const bits = BITS[type]
  if (!bits) return
  out.byte(bits.reinterpret).byte(TEE_LOCAL).u32(local)
  bits.constant(out, bits.nan)
  out.byte(bits.xor)
  bits.constant(out, bits.infinity)
  out.byte(GET_LOCAL).u32(local)
  bits.constant(out, bits.unsigned)
  out.byte(bits.and).byte(bits.sub)
  bits.constant(out, bits.lastBit)
  out.byte(bits.shiftRight).byte(bits.and)
  out.byte(GET_LOCAL).u32(local).byte(bits.xor)
}
