/**
 * Deflate streams from strangers, decoded with a bound on everything: bytes out, blocks, and work for each byte in.
 * A library is not used here because none that runs in a browser says where the stream ends or bounds the cost of
 * empty blocks. Source: RFC 1951; canonical codes are decoded by counts as in Mark Adler's puff, with a first-level
 * table for short codes.
 */

import { type Code, FAST_SIZE, InflateFault, LONGEST_CODE, codeOf, corrupt } from './huffman.ts'

/** Compressors make a block of 16 KiB or more; 64 MiB of such are 4,096. */
const MAX_BLOCKS = 65_536
const END_OF_BLOCK = 256
const CODE_LENGTH_ORDER = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15]

const LENGTH_BASE = new Uint16Array(29)
const LENGTH_EXTRA = new Uint8Array(29)
const DISTANCE_BASE = new Uint16Array(30)
const DISTANCE_EXTRA = new Uint8Array(30)
for (let n = 0, base = 3; n < 28; n++) {
  LENGTH_EXTRA[n] = n < 8 ? 0 : (n >> 2) - 1
  LENGTH_BASE[n] = base
  base += 1 << (LENGTH_EXTRA[n] ?? 0)
}
LENGTH_BASE[28] = 258
for (let n = 0, base = 1; n < 30; n++) {
  DISTANCE_EXTRA[n] = n < 4 ? 0 : (n >> 1) - 1
  DISTANCE_BASE[n] = base
  base += 1 << (DISTANCE_EXTRA[n] ?? 0)
}

const fixedLengths = new Uint8Array(288).fill(8)
fixedLengths.fill(9, 144, 256)
fixedLengths.fill(7, 256, 280)
const FIXED_LITERALS = codeOf(fixedLengths, 'complete')
const FIXED_DISTANCES = codeOf(new Uint8Array(32).fill(5), 'complete')

class Decoder {
  private readonly source: Uint8Array
  private readonly most: number
  private at: number
  private bitBuffer = 0
  private bitCount = 0
  private out: Uint8Array
  private length = 0

  constructor(source: Uint8Array, start: number, most: number) {
    this.source = source
    this.at = start
    this.most = most
    this.out = new Uint8Array(Math.min(most, Math.max(1024, (source.length - start) * 4)))
  }

  run(): { out: Uint8Array; end: number } {
    for (let blocks = 1, last = 0; last === 0; blocks++) {
      if (blocks > MAX_BLOCKS) corrupt('it is cut into too many blocks')
      last = this.bits(1)
      const kind = this.bits(2)
      if (kind === 0) this.stored()
      else if (kind === 1) this.block(FIXED_LITERALS, FIXED_DISTANCES)
      else if (kind === 2) this.dynamic()
      else corrupt('a block is of no known kind')
    }
    const end = this.at - (this.bitCount >> 3)
    if (end > this.source.length) corrupt('it ends too early')
    return { out: this.out.subarray(0, this.length), end }
  }

  /** Tops the bit buffer up to at least 16 bits, with zeros (at most 4 bytes of them) after the end. */
  private fill(): void {
    while (this.bitCount <= 16) {
      if (this.at > this.source.length + 4) corrupt('it ends too early')
      this.bitBuffer |= (this.source[this.at++] ?? 0) << this.bitCount
      this.bitCount += 8
    }
  }

  private bits(count: number): number {
    if (this.bitCount < count) this.fill()
    const value = this.bitBuffer & ((1 << count) - 1)
    this.bitBuffer >>>= count
    this.bitCount -= count
    return value
  }

  private symbol(code: Code): number {
    this.fill()
    const entry = code.fast[this.bitBuffer & (FAST_SIZE - 1)] ?? 0
    if (entry === 0) return this.slowSymbol(code)
    this.bitBuffer >>>= entry & 15
    this.bitCount -= entry & 15
    return entry >> 4
  }

  private slowSymbol(code: Code): number {
    let value = 0
    let first = 0
    let index = 0
    for (let length = 1; length <= LONGEST_CODE; length++) {
      value |= this.bits(1)
      const count = code.counts[length] ?? 0
      if (value - count < first) return code.symbols[index + value - first] ?? corrupt('a code stands for nothing')
      index += count
      first = (first + count) << 1
      value <<= 1
    }
    return corrupt('a code stands for nothing')
  }

  private reserve(more: number): void {
    const needed = this.length + more
    if (needed > this.most) throw new InflateFault('large', `it inflates to more than ${this.most} bytes`)
    if (needed <= this.out.length) return
    const grown = new Uint8Array(Math.min(this.most, Math.max(needed, this.out.length * 2)))
    grown.set(this.out)
    this.out = grown
  }

  private stored(): void {
    this.at -= this.bitCount >> 3
    this.bitBuffer = this.bitCount = 0
    const { source, at } = this
    const length = (source[at] ?? 0) | ((source[at + 1] ?? 0) << 8)
    const check = (source[at + 2] ?? 0) | ((source[at + 3] ?? 0) << 8)
    if ((length ^ check) !== 0xffff) corrupt('a stored block has a wrong length')
    if (at + 4 + length > source.length) corrupt('it ends too early')
    this.reserve(length)
    this.out.set(source.subarray(at + 4, at + 4 + length), this.length)
    this.length += length
    this.at = at + 4 + length
  }

  private dynamic(): void {
    const literals = this.bits(5) + 257
    const distances = this.bits(5) + 1
    const lengthCodes = this.bits(4) + 4
    if (literals > 286 || distances > 30) corrupt('a block has too many codes')
    const codeLengths = new Uint8Array(19)
    for (let n = 0; n < lengthCodes; n++) codeLengths[CODE_LENGTH_ORDER[n] ?? 0] = this.bits(3)
    const code = codeOf(codeLengths, 'complete')
    const lengths = new Uint8Array(literals + distances)
    for (let n = 0; n < lengths.length;) n = this.codeLength(code, lengths, n)
    if (lengths[END_OF_BLOCK] === 0) corrupt('a block has no end')
    const literalCode = codeOf(lengths.subarray(0, literals), 'single')
    this.block(literalCode, codeOf(lengths.subarray(literals), 'single'))
  }

  /** Reads one code length or a run of them into `lengths` at `n`; gives where the next goes. */
  private codeLength(code: Code, lengths: Uint8Array, n: number): number {
    const symbol = this.symbol(code)
    if (symbol < 16) {
      lengths[n] = symbol
      return n + 1
    }
    if (symbol === 16 && n === 0) corrupt('a run of code lengths repeats nothing')
    const value = symbol === 16 ? (lengths[n - 1] ?? 0) : 0
    const run = symbol === 16 ? 3 + this.bits(2) : symbol === 17 ? 3 + this.bits(3) : 11 + this.bits(7)
    if (n + run > lengths.length) corrupt('a run of code lengths is too long')
    lengths.fill(value, n, n + run)
    return n + run
  }

  private block(literals: Code, distances: Code): void {
    for (;;) {
      const symbol = this.symbol(literals)
      if (symbol === END_OF_BLOCK) return
      if (symbol < END_OF_BLOCK) {
        this.reserve(1)
        this.out[this.length++] = symbol
      } else {
        this.copy(symbol - 257, distances)
      }
    }
  }

  private copy(lengthSymbol: number, distances: Code): void {
    if (lengthSymbol > 28) corrupt('a length is of no known kind')
    const length = (LENGTH_BASE[lengthSymbol] ?? 0) + this.bits(LENGTH_EXTRA[lengthSymbol] ?? 0)
    const symbol = this.symbol(distances)
    if (symbol > 29) corrupt('a distance is of no known kind')
    const distance = (DISTANCE_BASE[symbol] ?? 0) + this.bits(DISTANCE_EXTRA[symbol] ?? 0)
    if (distance > this.length) corrupt('a distance reaches before the start')
    this.reserve(length)
    const { out } = this
    for (let n = 0, from = this.length - distance; n < length; n++) out[this.length++] = out[from++] ?? 0
  }
}

/**
 * Decodes the deflate stream that begins at `start`, to at most `most` bytes; gives them and where the stream ends.
 * @throws InflateFault
 */
export function inflate(source: Uint8Array, start: number, most: number): { out: Uint8Array; end: number } {
  return new Decoder(source, start, most).run()
}
