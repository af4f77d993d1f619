import { utf8 } from '../../base/index.ts'

const LENGTH = 2

/**
 * Lines from one thread to another through shared memory: one writes, one reads, neither waits. Shape: the two words
 * count the bytes written and read, each line is its length in two bytes and its UTF-8.
 */
export class LineRing {
  readonly #words: Int32Array
  readonly #bytes: Uint8Array
  readonly #decoder = new TextDecoder()

  /** @param memory 8 bytes and a power of two */
  constructor(memory: SharedArrayBuffer, at: number, size: number) {
    this.#words = new Int32Array(memory, at, 2)
    this.#bytes = new Uint8Array(memory, at + 8, size)
  }

  static bytes(size: number): number {
    return 8 + size
  }

  /** False where there is no room: the line was not written. */
  write(line: string): boolean {
    const bytes = utf8(line)
    const written = Atomics.load(this.#words, 0)
    const used = (written - Atomics.load(this.#words, 1)) | 0
    if (bytes.length > 0xffff || used + LENGTH + bytes.length > this.#bytes.length) return false
    this.#put(written, bytes.length & 0xff)
    this.#put(written + 1, bytes.length >> 8)
    bytes.forEach((byte, i) => this.#put(written + LENGTH + i, byte))
    Atomics.store(this.#words, 0, (written + LENGTH + bytes.length) | 0)
    return true
  }

  /** The oldest line; undefined where there is none. */
  read(): string | undefined {
    const read = Atomics.load(this.#words, 1)
    if (Atomics.load(this.#words, 0) === read) return undefined
    const length = this.#get(read) | (this.#get(read + 1) << 8)
    const bytes = Uint8Array.from({ length }, (_, i) => this.#get(read + LENGTH + i))
    Atomics.store(this.#words, 1, (read + LENGTH + length) | 0)
    return this.#decoder.decode(bytes)
  }

  #put(at: number, byte: number): void {
    this.#bytes[at & (this.#bytes.length - 1)] = byte
  }

  #get(at: number): number {
    return this.#bytes[at & (this.#bytes.length - 1)] ?? 0
  }
}
