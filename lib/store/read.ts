import { MarmaladeError } from '../base/index.ts'
import type { Crypto, EntryKey, Micros } from '../base/index.ts'
import type { Segment } from '../feed/index.ts'
import { hasParent, hashOf, parseEntry } from '../entry/index.ts'
import type { Entry, HeadPosition, RawEntry } from '../entry/index.ts'
import { CHUNK_BYTES, Chunk } from './chunk.ts'
import { chunkKey, chunksEnd, parseChunkKey, parsePlace, placeKey } from './layout.ts'
import type { Spot } from './layout.ts'
import type { Db, Snapshot } from './level.ts'
import type { ReadRange, RunSize } from './types.ts'

/** Chunks of a feed that are read at a time, at most. */
const ROWS_AHEAD = 64
/** Bytes of chunks read at a time where much of a feed is wanted. */
const BYTES_AHEAD = 65_536

export interface ReadParts {
  readonly db: Db
  readonly crypto: Crypto
  readonly snapshot?: Snapshot
}

/** What cannot be read, and what its owner can do. */
export const corrupt = (detail: string): MarmaladeError =>
  new MarmaladeError(
    'STORE_CORRUPT',
    `${detail}: \`verify --all\` names what is damaged; a backup of the home may have it whole`,
  )

/** An entry from its bytes. @throws MarmaladeError STORE_CORRUPT */
export function entryOf(bytes: Uint8Array | undefined, crypto: Crypto): Entry {
  // A copy: who keeps one entry would keep its whole chunk in memory.
  const parsed = bytes && parseEntry(bytes.slice(), crypto)
  if (parsed?.ok) return parsed.entry
  throw corrupt(parsed ? parsed.message : 'an index names an entry that is not here')
}

/** A chunk from its value. @throws MarmaladeError STORE_CORRUPT */
export function chunkOf(value: Uint8Array | undefined): Chunk {
  const chunk = value && Chunk.parse(value)
  if (!chunk) throw corrupt(value ? 'a chunk of entries is damaged' : 'an index names entries that are not here')
  return chunk
}

export const entriesOf = (chunk: Chunk, crypto: Crypto): Entry[] =>
  Array.from({ length: chunk.size }, (_, i) => entryOf(chunk.bytesAt(i), crypto))

/** The chunk that holds the entries of a branch up to `comparable`, the first of those that end at or after it. */
export async function chunkAt(
  { db, snapshot }: Pick<ReadParts, 'db' | 'snapshot'>,
  { feed, branch, comparable }: Spot,
): Promise<{ readonly chunk: Chunk; readonly last: Micros } | undefined> {
  const range = { gte: chunkKey(feed, branch, comparable), lte: chunksEnd(feed, branch), limit: 1, snapshot }
  for await (const [key, value] of db.iterator(range)) return { chunk: chunkOf(value), last: parseChunkKey(key).last }
  return undefined
}

/** An entry's bytes as a view of its chunk's, and how many entries its chain has up to it; undefined where it is not here. */
export interface Found extends Spot {
  readonly bytes: Uint8Array
  readonly count: number
}
export async function findAt(parts: Pick<ReadParts, 'db' | 'snapshot'>, spot: Spot): Promise<Found | undefined> {
  const found = await chunkAt(parts, spot)
  const index = found?.chunk.find(spot.comparable) ?? -1
  return found && index >= 0
    ? { ...spot, bytes: found.chunk.bytesAt(index), count: found.chunk.countAt(index) }
    : undefined
}

/** Where an entry lies, if it is here: by a part of its hash, so that another may lie there. */
export async function spotOf({ db, snapshot }: ReadParts, key: EntryKey): Promise<Spot | undefined> {
  const place = await db.get(placeKey(hashOf({ key })), { snapshot })
  return place && parsePlace(place)
}

/** The entry of that key, if it is what lies there. The hash is checked whole. @throws MarmaladeError STORE_CORRUPT */
export async function findOn(parts: ReadParts, key: EntryKey, spot: Spot): Promise<Found | undefined> {
  const found = await findAt(parts, spot)
  return found && parts.crypto.sha256Base64(found.bytes) === hashOf({ key }) ? found : undefined
}

/** An entry by its key, whether in a current feed or in a kept branch. @throws MarmaladeError STORE_CORRUPT */
export async function findKey(parts: ReadParts, key: EntryKey): Promise<Found | undefined> {
  const spot = await spotOf(parts, key)
  return spot && findOn(parts, key, spot)
}

/** Entries of a chain, oldest first unless reversed. @throws MarmaladeError STORE_CORRUPT */
export async function* readChain(
  parts: ReadParts,
  feed: number,
  chain: readonly Segment[],
  range: ReadRange = {},
): AsyncGenerator<Entry> {
  let left = range.limit ?? Infinity
  const order = range.reverse ? 'newest' : 'oldest'
  const ahead = range.limit === undefined ? BYTES_AHEAD : CHUNK_BYTES
  for (const stretch of stretchesOf(chain, range)) {
    if (left <= 0) return
    for await (const { chunk, first, end } of readChunks(parts, feed, stretch, order, ahead)) {
      for (let i = first; i < end && left > 0; i++, left--) {
        const index = range.reverse ? end - 1 - (i - first) : i
        yield entryOf(chunk.bytesAt(index), parts.crypto)
      }
      if (left <= 0) return
    }
  }
}

/**
 * As `Store.readRun`: links are checked by hash, nothing else of an entry is looked at. What comes before an entry that does
 * not fit on the one before it may be damaged itself, so it is left out.
 * @throws MarmaladeError STORE_CORRUPT where nothing is left, or the chain has changed since it was looked up
 */
export async function readRaw(
  parts: ReadParts,
  feed: number,
  chain: readonly Segment[],
  after: HeadPosition | undefined,
  most: RunSize,
): Promise<RawEntry[]> {
  const entries: RawEntry[] = []
  let parent = after ? hashOf(after) : null
  let room = most.bytes
  for (const stretch of stretchesOf(chain, after ? { after: after.comparable } : {})) {
    for await (const { chunk, first, end } of readChunks(parts, feed, stretch, 'oldest', most.bytes)) {
      for (let i = first; i < end; i++) {
        const bytes = chunk.bytesAt(i)
        room -= most.each + bytes.length
        if (room < 0 || entries.length >= most.entries) return entries
        if (!hasParent(bytes, 0, parent)) {
          if (entries.length === 1) throw corrupt('an entry does not fit on the one before it')
          return entries.slice(0, -1)
        }
        parent = parts.crypto.sha256Base64(bytes)
        entries.push({ bytes, comparable: chunk.comparableAt(i), key: `%${parent}.sha256` as EntryKey })
      }
    }
  }
  return entries
}

/** Entries of one branch: those after `from`, up to and including `until`. */
export interface Stretch {
  readonly branch: number
  readonly from: Micros
  readonly until: Micros
}
/** A chunk and which of its entries, `first` to before `end`, belong to a stretch. */
export interface Part {
  readonly chunk: Chunk
  readonly last: Micros
  readonly first: number
  readonly end: number
}

/**
 * The chunks of a stretch, from the oldest or the newest on, about `ahead` bytes of them a read.
 * @throws MarmaladeError STORE_CORRUPT
 */
export async function* readChunks(
  parts: Pick<ReadParts, 'db' | 'snapshot'>,
  feed: number,
  { branch, from, until }: Stretch,
  order: 'oldest' | 'newest',
  ahead = CHUNK_BYTES,
): AsyncGenerator<Part> {
  const { db, snapshot } = parts
  const gt = chunkKey(feed, branch, from)
  const reverse = order === 'newest'
  const lte = reverse ? await endOf(parts, feed, branch, until) : chunksEnd(feed, branch)
  for await (const [key, value] of rowsBetween(db, { gt, lte, reverse, snapshot }, ahead)) {
    const { last } = parseChunkKey(key)
    const chunk = chunkOf(value)
    const first = chunk.after(from)
    const end = last > until ? chunk.after(until) : chunk.size
    if (first < end) yield { chunk, last, first, end }
    if (!reverse && last >= until) return
  }
}

/**
 * Rows of a range. Each read is handed to a thread and waited for, which costs more than a row itself: so as many rows at
 * a time as hold about `ahead` bytes.
 */
async function* rowsBetween(db: Db, range: RowRange, ahead: number): AsyncGenerator<[Uint8Array, Uint8Array]> {
  // `highWaterMarkBytes` is classic-level's; other databases read ROWS_AHEAD rows at a time.
  const options: RowRange & { readonly highWaterMarkBytes: number } = { ...range, highWaterMarkBytes: ahead }
  const rows = db.iterator(options)
  try {
    for (let found = await rows.nextv(ROWS_AHEAD); found.length > 0; found = await rows.nextv(ROWS_AHEAD)) yield* found
  } finally {
    await rows.close()
  }
}
interface RowRange {
  readonly gt: Uint8Array
  readonly lte: Uint8Array
  readonly reverse: boolean
  readonly snapshot: Snapshot
}

/** Key of the chunk that `until` lies in. */
async function endOf(
  { db, snapshot }: Pick<ReadParts, 'db' | 'snapshot'>,
  feed: number,
  branch: number,
  until: Micros,
): Promise<Uint8Array> {
  const lte = chunksEnd(feed, branch)
  for await (const key of db.keys({ gte: chunkKey(feed, branch, until), lte, limit: 1, snapshot })) return key
  return lte
}

/** The stretches of branches to read, in the order of reading. */
function stretchesOf(chain: readonly Segment[], range: ReadRange): Stretch[] {
  const stretches = chain.map(({ branch, until }, i) => ({
    branch,
    from: Math.max(chain[i - 1]?.until ?? 0, range.after ?? 0),
    until: Math.min(until, range.until ?? Infinity),
  }))
  const wanted = stretches.filter(({ from, until }) => from < until)
  return range.reverse ? wanted.reverse() : wanted
}
