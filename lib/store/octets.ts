/** Numbers in rows: big-endian, so that rows sort as numbers do; variable ones seven bits a byte, the lowest first. */

const HIGH = 0x1_0000_0000

/**
 * Bytes for a row, to be filled whole. They come from Node's pool: LevelDB's binding asks for the buffer behind what it is
 * given, and a small array of its own has none until then (by measurement a third of the cost of a small row).
 */
export const rowBytes = (length: number): Uint8Array => Buffer.allocUnsafe(length)

export const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)

/** A whole number below 2^53 in eight bytes. */
export function putU64(view: DataView, at: number, value: number): void {
  view.setUint32(at, Math.floor(value / HIGH))
  view.setUint32(at + 4, value % HIGH)
}
export const getU64 = (view: DataView, at: number): number => view.getUint32(at) * HIGH + view.getUint32(at + 4)

/** Bytes that a whole number below 2^53 takes as a variable one: one to eight. */
export function sizeOfNumber(value: number): number {
  let size = 1
  for (let left = value; left >= 128; left /= 128) size++
  return size
}

/** Writes a variable number; gives the index after it. */
export function putNumber(out: Uint8Array, at: number, value: number): number {
  let to = at
  let left = value
  while (left >= HIGH) {
    out[to++] = (left % 128) | 128
    left = Math.floor(left / 128)
  }
  for (left >>>= 0; left > 127; left >>>= 7) out[to++] = (left & 127) | 128
  out[to++] = left
  return to
}

/** Reads variable numbers one after another; NaN past the end. */
export class Numbers {
  readonly #bytes: Uint8Array
  #at: number

  constructor(bytes: Uint8Array, at = 0) {
    this.#bytes = bytes
    this.#at = at
  }

  get ended(): boolean {
    return this.#at >= this.#bytes.length
  }

  next(): number {
    let value = 0
    for (let unit = 1; ; unit *= 128) {
      const byte = this.#bytes[this.#at++]
      if (byte === undefined) return NaN
      value += (byte & 127) * unit
      if (byte < 128) return value
    }
  }
}
