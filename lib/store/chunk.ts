import type { Micros } from '../base/index.ts'
import { comparableIn } from '../entry/index.ts'
import { getU64, putU64, viewOf } from './octets.ts'

/** Bytes of entries in a chunk: as many as fit, at least one. Larger ones cost more to read one entry of. */
export const CHUNK_BYTES = 16_384
/** Before the lengths: how many entries, and how many the chain has up to the last of them. */
const HEADER_BYTES = 10

/** Consecutive entries of a branch stored as one value. */
export class Chunk {
  /** How many entries it has. */
  readonly size: number
  /** Entries of the whole chain up to and including the last of it. */
  readonly count: number
  readonly #value: Uint8Array
  /** Where each entry begins, and where the last ends. */
  readonly #starts: readonly number[]

  private constructor(value: Uint8Array, count: number, starts: readonly number[]) {
    this.#value = value
    this.count = count
    this.#starts = starts
    this.size = starts.length - 1
  }

  /** Undefined where the bytes are no chunk. */
  static parse(value: Uint8Array): Chunk | undefined {
    if (value.length < HEADER_BYTES + 2) return undefined
    const view = viewOf(value)
    const size = view.getUint16(0)
    let at = HEADER_BYTES + 2 * size
    if (size === 0 || at > value.length) return undefined
    const starts = [at]
    for (let i = 0; i < size; i++) starts.push((at += view.getUint16(HEADER_BYTES + 2 * i)))
    return at === value.length ? new Chunk(value, getU64(view, 2), starts) : undefined
  }

  /** Bytes of all its entries. */
  get bytes(): number {
    return this.#value.length - (this.#starts[0] ?? 0)
  }

  /** The bytes of an entry, as a view of the chunk's. */
  bytesAt(index: number): Uint8Array {
    return this.#value.subarray(this.#starts[index], this.#starts[index + 1])
  }

  /** NaN where the entry's bytes are damaged. */
  comparableAt(index: number): Micros {
    return comparableIn(this.#value, this.#starts[index] ?? 0)
  }

  /** Entries of the chain up to and including this one. */
  countAt(index: number): number {
    return this.count - (this.size - 1 - index)
  }

  /** Index of the first entry past a comparable; `size` where there is none. */
  after(comparable: Micros): number {
    let low = 0
    for (let high = this.size; low < high;) {
      const middle = (low + high) >> 1
      if (this.comparableAt(middle) > comparable) high = middle
      else low = middle + 1
    }
    return low
  }

  /** Index of the entry with this comparable, -1 where there is none. */
  find(comparable: Micros): number {
    const index = this.after(comparable) - 1
    return index >= 0 && this.comparableAt(index) === comparable ? index : -1
  }
}

/** The value of a chunk; `count` as the chunk's. */
export function chunkValue(entries: readonly Uint8Array[], count: number): Uint8Array {
  let length = HEADER_BYTES + 2 * entries.length
  let at = length
  for (const entry of entries) length += entry.length
  const out = new Uint8Array(length)
  const view = viewOf(out)
  view.setUint16(0, entries.length)
  putU64(view, 2, count)
  for (const [i, entry] of entries.entries()) {
    view.setUint16(HEADER_BYTES + 2 * i, entry.length)
    out.set(entry, at)
    at += entry.length
  }
  return out
}

/** Consecutive entries cut into chunks. */
export function cutChunks<T extends { readonly bytes: Uint8Array }>(entries: readonly T[]): T[][] {
  const chunks: T[][] = []
  let room = 0
  for (const entry of entries) {
    const last = chunks.at(-1)
    if (last && entry.bytes.length <= room) last.push(entry)
    else {
      chunks.push([entry])
      room = CHUNK_BYTES
    }
    room -= entry.bytes.length
  }
  return chunks
}
