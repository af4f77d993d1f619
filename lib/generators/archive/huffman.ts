/** Why a stream was not decoded. */
export class InflateFault extends Error {
  readonly kind: 'corrupt' | 'large'

  constructor(kind: 'corrupt' | 'large', message: string) {
    super(message)
    this.kind = kind
  }
}
/** @throws InflateFault */
export const corrupt = (message: string): never => {
  throw new InflateFault('corrupt', message)
}

export const LONGEST_CODE = 15
const FAST_BITS = 9
export const FAST_SIZE = 1 << FAST_BITS

/** A canonical Huffman code: how many codes have each length, and the symbols in order of their codes. */
export interface Code {
  readonly counts: Uint16Array
  readonly symbols: Uint16Array
  /** By the next 9 bits: symbol << 4 | length, 0 where the code is longer. */
  readonly fast: Uint16Array
}

/** A code from the lengths of its symbols' codes; 'single' may have but one or none. @throws InflateFault */
export function codeOf(lengths: Uint8Array, shape: 'complete' | 'single'): Code {
  const counts = new Uint16Array(LONGEST_CODE + 1)
  for (const length of lengths) counts[length] = (counts[length] ?? 0) + 1
  const used = lengths.length - (counts[0] ?? 0)
  counts[0] = 0
  let left = 1
  for (let n = 1; n <= LONGEST_CODE; n++) {
    left = left * 2 - (counts[n] ?? 0)
    if (left < 0) corrupt('a code has too many symbols')
  }
  if (left > 0 && !(shape === 'single' && used <= 1)) corrupt('a code has too few symbols')
  const offsets = new Uint16Array(LONGEST_CODE + 2)
  for (let n = 1; n <= LONGEST_CODE; n++) offsets[n + 1] = (offsets[n] ?? 0) + (counts[n] ?? 0)
  const symbols = new Uint16Array(used)
  for (let symbol = 0; symbol < lengths.length; symbol++) {
    const length = lengths[symbol] ?? 0
    if (length === 0) continue
    const at = offsets[length] ?? 0
    symbols[at] = symbol
    offsets[length] = at + 1
  }
  return { counts, symbols, fast: fastTable(counts, symbols) }
}

function fastTable(counts: Uint16Array, symbols: Uint16Array): Uint16Array {
  const fast = new Uint16Array(FAST_SIZE)
  let code = 0
  let at = 0
  for (let length = 1; length <= FAST_BITS; length++, code <<= 1) {
    for (let n = counts[length] ?? 0; n > 0; n--, code++, at++) {
      const entry = ((symbols[at] ?? 0) << 4) | length
      for (let slot = reversed(code, length); slot < FAST_SIZE; slot += 1 << length) fast[slot] = entry
    }
  }
  return fast
}

function reversed(code: number, length: number): number {
  let out = 0
  for (let n = 0; n < length; n++) out |= ((code >> n) & 1) << (length - 1 - n)
  return out
}
