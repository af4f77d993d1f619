/** Collects bytes of a module; integers are LEB128. */
export class Writer {
  private buffer = new Uint8Array(256)
  length = 0

  byte(value: number): this {
    this.reserve(1)
    this.buffer[this.length++] = value
    return this
  }

  bytes(values: Uint8Array | readonly number[]): this {
    this.reserve(values.length)
    this.buffer.set(values, this.length)
    this.length += values.length
    return this
  }

  u32(value: number): this {
    let rest = value
    for (; rest > 127; rest = Math.floor(rest / 128)) this.byte((rest & 127) | 128)
    return this.byte(rest)
  }

  /** A signed number of at most 32 bits. */
  i32(value: number): this {
    let rest = value
    for (;;) {
      const byte = rest & 127
      rest >>= 7
      if ((rest === 0 && byte < 64) || (rest === -1 && byte >= 64)) return this.byte(byte)
      this.byte(byte | 128)
    }
  }

  /** A signed number of at most 64 bits. */
  i64(value: bigint): this {
    let rest = value
    for (;;) {
      const byte = Number(rest & 127n)
      rest >>= 7n
      if ((rest === 0n && byte < 64) || (rest === -1n && byte >= 64)) return this.byte(byte)
      this.byte(byte | 128)
    }
  }

  /** Bytes with their length before them. */
  sized(values: Uint8Array): this {
    return this.u32(values.length).bytes(values)
  }

  section(id: number, content: Uint8Array): this {
    return this.byte(id).sized(content)
  }

  done(): Uint8Array {
    return this.buffer.slice(0, this.length)
  }

  private reserve(more: number): void {
    if (this.length + more <= this.buffer.length) return
    const grown = new Uint8Array(Math.max(this.buffer.length * 2, this.length + more))
    grown.set(this.buffer.subarray(0, this.length))
    this.buffer = grown
  }
}
