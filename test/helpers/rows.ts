import { Chunk, chunkValue } from '../../lib/store/chunk.ts'
import { CHUNK } from '../../lib/store/layout.ts'
import type { Db } from '../../lib/store/index.ts'
import { collect } from './chains.ts'

/** The rows of a kind, in order. */
export async function rowsOf(db: Db, kind: number): Promise<[Uint8Array, Uint8Array][]> {
  return collect(db.iterator({ gte: Uint8Array.of(kind), lt: Uint8Array.of(kind + 1) }))
}

/** The nth row of a kind with a byte turned. */
export const turn = (kind: number, nth: number, byte: (value: Uint8Array) => number) => async (db: Db) => {
  const [key, value] = (await rowsOf(db, kind))[nth]!
  const turned = Uint8Array.from(value)
  const at = byte(turned)
  turned[at] = (turned[at] ?? 0) ^ 1
  await db.put(key, turned)
}

/** The bytes of an entry of the second chunk, 2 or 3, changed; the others as they are. */
export const change = (nth: number, changed: (bytes: Uint8Array[]) => Uint8Array) => async (db: Db) => {
  const [key, value] = (await rowsOf(db, CHUNK))[1]!
  const chunk = Chunk.parse(value)!
  const bytes: Uint8Array[] = [0, 1].map((i) => chunk.bytesAt(i))
  bytes[nth - 2] = changed(bytes)
  await db.put(key, chunkValue(bytes, chunk.count))
}
/** One bit of a byte turned. */
export const flip = (bytes: Uint8Array, at: number): Uint8Array => bytes.with(at, (bytes[at] ?? 0) ^ 1)
