import { compareBytes } from '../base/index.ts'
import { parseEntry } from '../entry/index.ts'
import type { Entry } from '../entry/index.ts'
import { Chunk } from './chunk.ts'
import { readNumbered } from './feeds.ts'
import { INDEXES, chunkKey, rangeOf } from './layout.ts'
import { parseIndexKey } from './listed.ts'
import type { ReadParts } from './read.ts'
import { indexRowsOf } from './rows.ts'
import type { Check, Report } from './verify.ts'

/** Index rows read in one go. */
const STEP = 1_024

/** How many index rows there are. */
export async function countRows({ db, snapshot }: ReadParts): Promise<number> {
  let count = 0
  for (const kind of INDEXES) {
    const rows = db.keys({ ...rangeOf(kind), snapshot })
    try {
      for (let found = await rows.nextv(STEP); found.length > 0; found = await rows.nextv(STEP)) count += found.length
    } finally {
      await rows.close()
    }
  }
  return count
}

/** Names every index row whose chunk is not here, or does not belong under it. */
export async function findStrays(check: Check, report: Report): Promise<void> {
  const { db, snapshot } = check
  for (const kind of INDEXES)
    for await (const key of db.keys({ ...rangeOf(kind), snapshot })) {
      const { feed, branch, last } = parseIndexKey(key)
      const chunk = Chunk.parse((await db.get(chunkKey(feed, branch, last), { snapshot })) ?? new Uint8Array(0))
      if (chunk && indexRowsOf(entriesIn(chunk, check), feed, branch).some((row) => compareBytes(row.key, key) === 0))
        continue
      const state = await readNumbered(db, feed, snapshot)
      if (state) report(check, state.identity, 'STORE_INDEX', 'an index lists an entry that is not here', last)
      else check.bad++
    }
}

function entriesIn(chunk: Chunk, { crypto }: ReadParts): Entry[] {
  const entries: Entry[] = []
  for (let i = 0; i < chunk.size; i++) {
    const parsed = parseEntry(chunk.bytesAt(i), crypto)
    if (parsed.ok) entries.push(parsed.entry)
  }
  return entries
}
