import { type ErrorCode, fromUtf8Strict } from '../../base/index.ts'

/** Why a module is refused, thrown inside the parser and turned into a refusal where the parser is called. */
export class ModuleFault extends Error {
  readonly code: ErrorCode

  constructor(code: ErrorCode, message: string) {
    super(message)
    this.code = code
  }
}
export const fault = (code: ErrorCode, message: string): never => {
  throw new ModuleFault(code, message)
}
export const malformed = (message: string): never => fault('WASM_MALFORMED', `the module cannot be parsed: ${message}`)

/** Reads a module's bytes in order, never past `end`. Integers are LEB128 (WebAssembly 1.0, section 5.2.2). */
export class Reader {
  readonly bytes: Uint8Array
  at: number
  readonly end: number

  constructor(bytes: Uint8Array, at = 0, end = bytes.length) {
    this.bytes = bytes
    this.at = at
    this.end = end
  }

  byte(): number {
    if (this.at >= this.end) malformed('it ends too early')
    return this.bytes[this.at++] ?? 0
  }

  /** Unsigned, at most 32 bits in at most 5 bytes. */
  u32(): number {
    let value = 0
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = this.byte()
      if (shift === 28 && byte > 15) malformed('a number is too large')
      value += (byte & 127) * 2 ** shift
      if (byte < 128) return value
    }
    return malformed('a number is too long')
  }

  /** A count or an index that is held to a bound before anything is done with it. */
  count(most: number, what: string): number {
    const value = this.u32()
    return value <= most
      ? value
      : fault('WASM_LIMIT', `${value} ${what} are more than the ${most} a generator may have`)
  }

  /** Steps over a signed number of at most `bits` bits: V8 checks its value. */
  skipSigned(bits: 32 | 33 | 64): void {
    for (let n = Math.ceil(bits / 7); n > 0; n--) if (this.byte() < 128) return
    malformed('a number is too long')
  }

  skip(length: number): void {
    if (length > this.end - this.at) malformed('it ends too early')
    this.at += length
  }

  /** The next `length` bytes, as numbers are taken out of them. */
  view(length: number): DataView {
    const from = this.at
    this.skip(length)
    return new DataView(this.bytes.buffer, this.bytes.byteOffset + from, length)
  }

  /** The next `length` bytes as a reader of their own. */
  part(length: number): Reader {
    const from = this.at
    this.skip(length)
    return new Reader(this.bytes, from, from + length)
  }

  name(): string {
    const length = this.u32()
    const from = this.at
    this.skip(length)
    return fromUtf8Strict(this.bytes.subarray(from, this.at)) ?? malformed('a name is no UTF-8')
  }

  get done(): boolean {
    return this.at === this.end
  }
}
