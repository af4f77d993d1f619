import { MarmaladeError, concat, entryKeyOf, fromUtf8, playerIdOf, utf8 } from '../base/index.ts'
import type { Crypto, Micros } from '../base/index.ts'
import type { Branch } from '../feed/index.ts'
import { parseEntry } from '../entry/index.ts'
import type { Entry } from '../entry/index.ts'
import {
  FORMAT,
  FORMAT_KEY,
  META,
  NUMBER,
  changedKey,
  headKey,
  headValue,
  numberKey,
  numberValue,
  parseShape,
  shapeKey,
  shapeValue,
} from './layout.ts'
import { write } from './level.ts'
import type { Db, Write } from './level.ts'
import { getU64, viewOf } from './octets.ts'
import { writesOf } from './rows.ts'

/** Rows of format 1 that are not in its indexes, by the first byte of their keys; its indexes end before `V1_END`. */
const V1_HEAD = 0x01
const V1_SHAPE = 0x02
const V1_ENTRY = 0x03
const V1_END = 0x16
/** Of the old format, while a copy of all is made; then the new one is read and what is left of the old is deleted. */
const LEFT_KEY = concat([Uint8Array.of(META), utf8('left')])
/** Entries written in one batch. */
const BATCH = 1_024

export interface MigrateParts {
  readonly db: Db
  readonly crypto: Crypto
  /** Called now and then with how many entries are copied, of how many. */
  readonly onProgress?: ((done: number, total: number) => void) | undefined
}

/**
 * Makes a database one of this format: an empty one, or one of format 1, whose feeds and losing chains are copied. What
 * was there is deleted when the copy is whole and synced: a copy that was interrupted begins anew.
 * @throws MarmaladeError STORE_FORMAT for any other format
 */
export async function prepare(parts: MigrateParts): Promise<void> {
  const { db } = parts
  const [found, left] = await db.getMany([FORMAT_KEY, LEFT_KEY])
  const format = found && fromUtf8(found)
  if (format === String(FORMAT) && !left) return
  if (format !== undefined && format !== '1' && format !== String(FORMAT))
    throw new MarmaladeError(
      'STORE_FORMAT',
      `this version reads databases of formats 1 and ${FORMAT}: update marmalade`,
    )
  const done: Write = { type: 'put', key: FORMAT_KEY, value: utf8(String(FORMAT)) }
  if (format === '1') {
    await db.clear({ gte: Uint8Array.of(NUMBER) })
    await copyFeeds(parts)
    await write(db, [done, { type: 'put', key: LEFT_KEY, value: new Uint8Array(0) }], 'synced')
  }
  if (format === undefined) return write(db, [done], 'synced')
  await db.clear({ gte: Uint8Array.of(V1_HEAD), lt: Uint8Array.of(V1_END) })
  await write(db, [{ type: 'del', key: LEFT_KEY }], 'synced')
}

async function copyFeeds({ db, crypto, onProgress }: MigrateParts): Promise<void> {
  const rows = { gte: Uint8Array.of(V1_HEAD), lt: Uint8Array.of(V1_HEAD + 1) }
  let total = 0
  for await (const value of db.values(rows)) total += getU64(viewOf(value), 44)
  let feed = 0
  let copied = 0
  const tell = (count: number): void => onProgress?.((copied += count), Math.max(copied, total))
  for await (const [key, value] of db.iterator(rows)) {
    await copyFeed({ db, crypto, tell }, key.subarray(1), value, feed++)
  }
}

interface Copying {
  readonly db: Db
  readonly crypto: Crypto
  readonly tell: (count: number) => void
}

async function copyFeed(copying: Copying, identity: Uint8Array, headRow: Uint8Array, feed: number): Promise<void> {
  const { db } = copying
  const view = viewOf(headRow)
  const head = {
    branch: view.getUint32(0),
    tail: { comparable: getU64(view, 4), key: entryKeyOf(headRow.subarray(12, 44)) },
    count: getU64(view, 44),
  }
  const shapeRow = await db.get(concat([Uint8Array.of(V1_SHAPE), identity]))
  const { next, branches } = shapeRow ? parseShape(shapeRow) : { next: 1, branches: new Map<number, Branch>() }
  branches.set(head.branch, { at: 0, ...branches.get(head.branch), id: head.branch, state: 'kept', ...head })
  const ends = new Map<number, Map<Micros, number>>()
  for (const branch of [...branches.values()].sort((a, b) => a.id - b.id)) {
    const before = branch.parent === undefined ? 0 : (ends.get(branch.parent)?.get(branch.at) ?? 0)
    const hang = [...branches.values()].filter(({ parent }) => parent === branch.id).map(({ at }) => at)
    ends.set(branch.id, await copyBranch(copying, { identity, feed, branch: branch.id, before, hang: new Set(hang) }))
  }
  const sequence = feed + 1
  const id = playerIdOf(identity)
  const writes: Write[] = [
    { type: 'put', key: numberKey(id), value: numberValue(feed) },
    { type: 'put', key: headKey(feed), value: headValue({ ...head, identity: id, sequence }) },
    { type: 'put', key: changedKey(sequence), value: numberValue(feed) },
  ]
  if (shapeRow) writes.push({ type: 'put', key: shapeKey(feed), value: shapeValue(next, branches) })
  await write(db, writes, 'quick')
}

interface BranchCopy {
  readonly identity: Uint8Array
  readonly feed: number
  readonly branch: number
  /** Entries of the chain before the branch. */
  readonly before: number
  /** Comparables of entries that other branches hang on. */
  readonly hang: ReadonlySet<Micros>
}

/** Gives how many entries the chain has up to each of those that other branches hang on. */
async function copyBranch({ db, crypto, tell }: Copying, copy: BranchCopy): Promise<Map<Micros, number>> {
  const { feed, branch, before, hang } = copy
  const counts = new Map<Micros, number>()
  const prefix = concat([Uint8Array.of(V1_ENTRY), copy.identity, numberValue(branch)])
  const values = db.values({ gte: prefix, lt: concat([prefix, new Uint8Array(8).fill(255)]) })
  let count = before
  try {
    for (let found = await values.nextv(BATCH); found.length > 0; found = await values.nextv(BATCH)) {
      const entries = found.map((bytes) => entryOfV1(bytes, crypto))
      for (const [i, { comparable }] of entries.entries())
        if (hang.has(comparable)) counts.set(comparable, count + i + 1)
      count += entries.length
      await write(db, writesOf(entries, { feed, branch, count }), 'quick')
      tell(entries.length)
    }
  } finally {
    await values.close()
  }
  return counts
}

function entryOfV1(bytes: Uint8Array, crypto: Crypto): Entry {
  const parsed = parseEntry(bytes, crypto)
  if (parsed.ok) return parsed.entry
  throw new MarmaladeError('STORE_CORRUPT', `the database cannot be brought to format ${FORMAT}: ${parsed.message}`)
}
