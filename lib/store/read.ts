import { MarmaladeError } from '../base/index.ts'
import type { Crypto, Micros } from '../base/index.ts'
import type { Segment } from '../feed/index.ts'
import { parseEntry } from '../entry/index.ts'
import type { Entry } from '../entry/index.ts'
import { entryRow } from './layout.ts'
import type { Db, Snapshot } from './level.ts'
import type { ReadRange } from './types.ts'

export interface ReadParts {
  readonly db: Db
  readonly crypto: Crypto
  readonly snapshot?: Snapshot
}

/** An entry from its row. @throws MarmaladeError STORE_CORRUPT */
export function entryOf(bytes: Uint8Array | undefined, crypto: Crypto): Entry {
  const parsed = bytes && parseEntry(bytes, crypto)
  if (parsed?.ok) return parsed.entry
  const detail = parsed ? parsed.message : 'an index names an entry that is not here'
  throw new MarmaladeError('STORE_CORRUPT', `${detail}: run verify --all, and fetch the feed again`)
}

/** Entries of a chain, oldest first unless reversed. @throws MarmaladeError STORE_CORRUPT */
export async function* readChain(
  { db, crypto, snapshot }: ReadParts,
  feed: Uint8Array,
  chain: readonly Segment[],
  range: ReadRange = {},
): AsyncGenerator<Entry> {
  const reverse = range.reverse ?? false
  let left = range.limit ?? Infinity
  for (const { branch, from, until } of partsOf(chain, range)) {
    if (left <= 0) return
    const limit = left === Infinity ? -1 : left
    const gt = entryRow(feed, branch, from)
    const lte = entryRow(feed, branch, until)
    for await (const bytes of db.values({ gt, lte, reverse, limit, snapshot })) {
      yield entryOf(bytes, crypto)
      left--
    }
  }
}

/** The stretches of branches to read, in the order of reading. */
function partsOf(chain: readonly Segment[], range: ReadRange): { branch: number; from: Micros; until: Micros }[] {
  const stretches = chain.map(({ branch, until }, i) => ({
    branch,
    from: Math.max(chain[i - 1]?.until ?? 0, range.after ?? 0),
    until: Math.min(until, range.until ?? Infinity),
  }))
  const wanted = stretches.filter(({ from, until }) => from < until)
  return range.reverse ? wanted.reverse() : wanted
}
