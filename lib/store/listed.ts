import type { Micros } from '../base/index.ts'
import { Numbers, getU64, putNumber, putU64, rowBytes, sizeOfNumber, viewOf } from './octets.ts'

/** One entry in an index: the comparable by which it counts (the original's for an `again`), and its own. */
export interface Item {
  readonly counts: Micros
  readonly comparable: Micros
}
/** The chunk that the entries of an index row lie in: its last entry names it. */
export interface ChunkSpot {
  readonly feed: number
  readonly branch: number
  readonly last: Micros
}

/** Bytes after the prefix in the key of an index row. */
export const POSITION_BYTES = 24

/** Key of an index row: prefix, the highest `counts` of its items, the chunk. */
export function indexKey(prefix: Uint8Array, counts: Micros, { feed, branch, last }: ChunkSpot): Uint8Array {
  const out = rowBytes(prefix.length + POSITION_BYTES)
  out.set(prefix, 0)
  const view = viewOf(out)
  putU64(view, prefix.length, counts)
  view.setUint32(prefix.length + 8, feed)
  view.setUint32(prefix.length + 12, branch)
  putU64(view, prefix.length + 16, last)
  return out
}

/** The first key of the rows whose highest `counts` is this one. */
export function positionKey(prefix: Uint8Array, counts: Micros): Uint8Array {
  const out = rowBytes(prefix.length + 8)
  out.set(prefix, 0)
  putU64(viewOf(out), prefix.length, counts)
  return out
}

/** What an index row's key says: its highest `counts`, and the chunk. */
export function parseIndexKey(key: Uint8Array): ChunkSpot & { readonly highest: Micros } {
  const view = viewOf(key)
  const at = key.length - POSITION_BYTES
  return {
    highest: getU64(view, at),
    feed: view.getUint32(at + 8),
    branch: view.getUint32(at + 12),
    last: getU64(view, at + 16),
  }
}

/**
 * The items of a row, newest first: for each by how much it counts less than the one before, and how much its own
 * comparable is above that by which it counts (0 but for an `again`).
 */
export function indexValue(items: readonly Item[]): Uint8Array {
  let size = 0
  let before = items[0]?.counts ?? 0
  for (const { counts, comparable } of items) {
    size += sizeOfNumber(before - counts) + sizeOfNumber(comparable - counts)
    before = counts
  }
  const out = rowBytes(size)
  let at = 0
  before = items[0]?.counts ?? 0
  for (const { counts, comparable } of items) {
    at = putNumber(out, putNumber(out, at, before - counts), comparable - counts)
    before = counts
  }
  return out
}

/** The items of a row whose key says `highest`. */
export function parseIndexValue(value: Uint8Array, highest: Micros): Item[] {
  const numbers = new Numbers(value)
  const items: Item[] = []
  for (let counts = highest; !numbers.ended;) {
    counts -= numbers.next()
    items.push({ counts, comparable: counts + numbers.next() })
  }
  return items
}
