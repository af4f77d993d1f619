import { playerIdOf } from '../base/index.ts'
import type { PlayerId } from '../base/index.ts'
import { chainOf, holds } from '../feed/index.ts'
import type { Segment } from '../feed/index.ts'
import type { Entry } from '../entry/index.ts'
import { readFeed } from './feeds.ts'
import { after, entryRow, parseIndexRow } from './layout.ts'
import { entryOf } from './read.ts'
import type { ReadParts } from './read.ts'

/** Index rows looked at in one go, and feeds whose chains one scan remembers. */
const ROWS = 64
const MAX_CHAINS = 1_024

/**
 * Entries of current feeds that an index lists, by the comparables by which they count. Index rows are written with
 * the entries of any branch; those of branches that are not the feed are passed over here, so that a changeover
 * changes every index at once.
 */
export async function* scanIndex(
  parts: ReadParts,
  prefix: Uint8Array,
  order: 'newest first' | 'oldest first',
): AsyncGenerator<Entry> {
  const { db, crypto, snapshot } = parts
  const chains = new Chains(parts)
  const range = { gte: prefix, lt: after(prefix), reverse: order === 'newest first', snapshot }
  const rows = db.keys(range)
  try {
    for (;;) {
      const keys = await rows.nextv(ROWS)
      if (keys.length === 0) return
      const wanted: Uint8Array[] = []
      for (const key of keys) {
        const { feed, branch, comparable } = parseIndexRow(key)
        if (holds(await chains.of(feed), branch, comparable)) wanted.push(entryRow(feed, branch, comparable))
      }
      for (const bytes of await db.getMany(wanted, { snapshot })) yield entryOf(bytes, crypto)
    }
  } finally {
    await rows.close()
  }
}

/** The current chains of the feeds that one scan meets. */
class Chains {
  readonly #parts: ReadParts
  readonly #chains = new Map<PlayerId, readonly Segment[]>()

  constructor(parts: ReadParts) {
    this.#parts = parts
  }

  async of(feed: Uint8Array): Promise<readonly Segment[]> {
    const identity = playerIdOf(feed)
    const known = this.#chains.get(identity)
    if (known) return known
    const { db, snapshot } = this.#parts
    const { head, branches } = await readFeed(db, identity, snapshot)
    const chain = head ? chainOf(branches, head.branch) : []
    if (this.#chains.size >= MAX_CHAINS) this.#chains.clear()
    this.#chains.set(identity, chain)
    return chain
  }
}
