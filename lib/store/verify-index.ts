import { MarmaladeError, hex } from '../base/index.ts'
import { parseEntry } from '../entry/index.ts'
import type { Entry } from '../entry/index.ts'
import { Chunk } from './chunk.ts'
import { readNumbered } from './feeds.ts'
import { INDEXES, chunkKey, rangeOf } from './layout.ts'
import { parseIndexKey } from './listed.ts'
import type { ChunkSpot } from './listed.ts'
import type { ReadParts } from './read.ts'
import { indexRowsOf } from './rows.ts'
import type { VerifyOptions } from './types.ts'
import type { Check, Report } from './verify.ts'

/** Index rows read in one go. */
const STEP = 1_024
/** Chunks whose index rows are remembered: all of a small store, the neighbours in a large one. */
const MAX_CHUNKS = 256

/** @throws MarmaladeError CANCELLED */
export function assertWanted({ signal }: VerifyOptions): void {
  if (signal?.aborted) throw new MarmaladeError('CANCELLED', 'the check was given up')
}

/** How many index rows there are. @throws MarmaladeError CANCELLED */
export async function countRows({
  db,
  snapshot,
  options,
}: Pick<Check, 'db' | 'snapshot' | 'options'>): Promise<number> {
  let count = 0
  for (const kind of INDEXES) {
    const rows = db.keys({ ...rangeOf(kind), snapshot })
    try {
      for (let found = await rows.nextv(STEP); found.length > 0; found = await rows.nextv(STEP)) {
        assertWanted(options)
        count += found.length
      }
    } finally {
      await rows.close()
    }
  }
  return count
}

/** Names every index row whose chunk is not here, or does not belong under it. @throws MarmaladeError CANCELLED */
export async function findStrays(check: Check, report: Report): Promise<void> {
  const { db, snapshot, options } = check
  const known = new Map<string, ReadonlySet<string>>()
  for (const kind of INDEXES)
    for await (const key of db.keys({ ...rangeOf(kind), snapshot })) {
      assertWanted(options)
      const spot = parseIndexKey(key)
      const { feed, branch, last } = spot
      const name = `${feed} ${branch} ${last}`
      const rows = known.get(name) ?? (await rowsOf(check, spot))
      known.delete(name)
      known.set(name, rows)
      const [oldest] = known.keys()
      if (known.size > MAX_CHUNKS && oldest !== undefined) known.delete(oldest)
      if (rows.has(hex(key))) continue
      const state = await readNumbered(db, feed, snapshot)
      if (state) report(check, state.identity, 'STORE_INDEX', 'an index lists an entry that is not here', last)
      else check.bad++
    }
}

/** The keys of the index rows that a chunk asks for; none where it is not here. */
async function rowsOf(check: Check, { feed, branch, last }: ChunkSpot): Promise<ReadonlySet<string>> {
  const { db, snapshot } = check
  const chunk = Chunk.parse((await db.get(chunkKey(feed, branch, last), { snapshot })) ?? new Uint8Array(0))
  return new Set(chunk ? indexRowsOf(entriesIn(chunk, check), feed, branch).map(({ key }) => hex(key)) : [])
}

function entriesIn(chunk: Chunk, { crypto }: ReadParts): Entry[] {
  const entries: Entry[] = []
  for (let i = 0; i < chunk.size; i++) {
    const parsed = parseEntry(chunk.bytesAt(i), crypto)
    if (parsed.ok) entries.push(parsed.entry)
  }
  return entries
}
