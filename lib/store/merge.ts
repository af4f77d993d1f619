import { hasCode } from '../base/index.ts'
import type { Crypto } from '../base/index.ts'
import type { Branch } from '../feed/index.ts'
import { CHUNK_BYTES } from './chunk.ts'
import type { Chunk } from './chunk.ts'
import type { Feeds } from './feeds.ts'
import { chunkKey, chunksEnd } from './layout.ts'
import type { Write } from './level.ts'
import { chunkOf, entriesOf } from './read.ts'
import { mergeWrites } from './rows.ts'

/** A branch that gets as many entries in small runs is put together at its end. */
const EVERY = 32

interface Parts {
  readonly feeds: Feeds
  readonly crypto: Crypto
}

/** Puts chunks of a branch that follow on one another together, as many as fit into one. */
export class Merge {
  /** Chunks there were, and are. */
  before = 0
  after = 0
  readonly #crypto: Crypto
  readonly #feed: number
  readonly #branch: number
  #group: Chunk[] = []
  #room = 0

  constructor(crypto: Crypto, feed: number, branch: number) {
    this.#crypto = crypto
    this.#feed = feed
    this.#branch = branch
  }

  /** Whether the next chunk goes together with those that were taken last. */
  fits(chunk: Chunk): boolean {
    return this.#group.length > 0 && chunk.bytes <= this.#room
  }

  /** Takes the next chunk, in their order; gives what to write for those before it. */
  take(chunk: Chunk): Write[] {
    const writes = this.fits(chunk) ? [] : this.end()
    if (this.#group.length === 0) this.#room = CHUNK_BYTES
    this.#group.push(chunk)
    this.#room -= chunk.bytes
    this.before++
    return writes
  }

  /** What to write for the last chunks. @throws MarmaladeError STORE_CORRUPT */
  end(): Write[] {
    const group = this.#group
    this.#group = []
    const last = group.at(-1)
    if (!last) return []
    this.after++
    if (group.length === 1) return []
    const entries = group.map((chunk) => entriesOf(chunk, this.#crypto))
    return mergeWrites(entries, { feed: this.#feed, branch: this.#branch, count: last.count })
  }
}

/**
 * Puts the end of a branch together after `added` entries were put there, where every 32nd is one of them: so each entry
 * that came alone is written twice, three times at most. Called in the feed's turn, after they were written. What is
 * damaged stays as it is, for `verifyAll` to name.
 * @throws MarmaladeError STORE_WRITE
 */
export async function mergeTail(
  { feeds, crypto }: Parts,
  feed: number,
  { id, count }: Branch,
  added: number,
): Promise<void> {
  const merged = EVERY * Math.floor((count - added) / EVERY)
  if (added >= EVERY || count - merged < EVERY) return
  let writes: Write[]
  try {
    writes = await tailWrites({ feeds, crypto }, feed, id, merged)
  } catch (error) {
    if (hasCode(error, 'STORE_CORRUPT')) return
    throw error
  }
  if (writes.length > 0) await feeds.writer.write(writes, 'quick')
}

/** What puts together the chunks of a branch after the one that the chain's entry number `merged` is in, and that one. */
async function tailWrites({ feeds, crypto }: Parts, feed: number, branch: number, merged: number): Promise<Write[]> {
  const chunks: Chunk[] = []
  const range = { gte: chunkKey(feed, branch, 0), lte: chunksEnd(feed, branch), reverse: true, limit: 2 * EVERY }
  for await (const value of feeds.db.values(range)) {
    const chunk = chunkOf(value)
    chunks.push(chunk)
    // What was put together last may have room left.
    if (chunk.count <= merged) break
  }
  const merge = new Merge(crypto, feed, branch)
  const writes = chunks.reverse().flatMap((chunk) => merge.take(chunk))
  return [...writes, ...merge.end()]
}
