/** Fixed-width big-endian fields: what the frames of gossip and blobs are made of. */

const TWO_32 = 0x1_0000_0000

/** Builds one frame. Grows as needed; `done` gives the bytes written. */
export class OctetWriter {
  #bytes: Uint8Array
  #at = 0

  constructor(size = 128) {
    this.#bytes = new Uint8Array(size)
  }

  u8(value: number): this {
    this.#room(1)
    this.#bytes[this.#at++] = value
    return this
  }
  u16(value: number): this {
    return this.u8(value >>> 8).u8(value & 255)
  }
  u32(value: number): this {
    return this.u16(value >>> 16).u16(value & 0xffff)
  }
  /** A whole number from 0 to 2^53 - 1 in 8 bytes. */
  u64(value: number): this {
    return this.u32(Math.floor(value / TWO_32)).u32(value % TWO_32)
  }
  raw(bytes: Uint8Array): this {
    this.#room(bytes.length)
    this.#bytes.set(bytes, this.#at)
    this.#at += bytes.length
    return this
  }
  done(): Uint8Array {
    return this.#bytes.subarray(0, this.#at)
  }

  #room(more: number): void {
    if (this.#at + more <= this.#bytes.length) return
    const grown = new Uint8Array(Math.max(this.#bytes.length * 2, this.#at + more))
    grown.set(this.#bytes.subarray(0, this.#at))
    this.#bytes = grown
  }
}

/** Takes one frame apart. Reading past the end, or a number above 2^53 - 1, clears `ok` and gives zeros. */
export class OctetReader {
  ok = true
  readonly #bytes: Uint8Array
  #at = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
  }

  get left(): number {
    return this.#bytes.length - this.#at
  }
  /** Whether every byte has been read and none was missing. */
  get whole(): boolean {
    return this.ok && this.left === 0
  }
  u8(): number {
    if (!this.#has(1)) return 0
    return this.#bytes[this.#at++] ?? 0
  }
  u16(): number {
    return this.u8() * 256 + this.u8()
  }
  u32(): number {
    return this.u16() * 65536 + this.u16()
  }
  u64(): number {
    const value = this.u32() * TWO_32 + this.u32()
    if (!Number.isSafeInteger(value)) this.ok = false
    return this.ok ? value : 0
  }
  /** A view of the next `length` bytes, not a copy. */
  raw(length: number): Uint8Array {
    if (!this.#has(length)) return new Uint8Array(0)
    const part = this.#bytes.subarray(this.#at, this.#at + length)
    this.#at += length
    return part
  }

  #has(length: number): boolean {
    if (this.left < length) this.ok = false
    return this.ok
  }
}
