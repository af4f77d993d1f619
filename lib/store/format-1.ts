import { MarmaladeError, concat, entryKeyOf, playerIdOf } from '../base/index.ts'
import type { Crypto, Micros, PlayerId } from '../base/index.ts'
import { checkRun, parseRun } from '../feed/index.ts'
import type { Branch } from '../feed/index.ts'
import { compareHeads } from '../entry/index.ts'
import type { Entry } from '../entry/index.ts'
import { positionOf } from './grow.ts'
import {
  changedKey,
  chunkKey,
  headKey,
  headValue,
  parseChunkKey,
  numberKey,
  numberValue,
  parseShape,
  shapeKey,
  shapeValue,
} from './layout.ts'
import type { HeadRow } from './layout.ts'
import { write } from './level.ts'
import type { Db, Write } from './level.ts'
import { getU64, putU64, viewOf } from './octets.ts'
import { chunkOf, entriesOf } from './read.ts'
import { deletesOf, writesOf } from './rows.ts'

/** Rows of format 1 that are not in its indexes, by the first byte of their keys; its indexes end before `V1_END`. */
export const V1_HEAD = 0x01
const V1_SHAPE = 0x02
const V1_ENTRY = 0x03
export const V1_END = 0x16
const V1_HEAD_BYTES = 52
/** Rows of entries that could not be copied: the old key after this byte, the old value. */
const ASIDE = 0x40
/** Entries written in one batch. */
const BATCH = 1_024

export interface Copying {
  readonly db: Db
  readonly crypto: Crypto
  /** Called with how many entries more are done. */
  readonly tell: (count: number) => void
}

/** What of a feed could not be copied. */
export interface LeftAside {
  readonly identity: PlayerId
  /** Where the first stood that could not. */
  readonly from: Micros
  readonly entries: number
}

export const leftError = ({ identity, from, entries }: LeftAside): MarmaladeError =>
  new MarmaladeError(
    'STORE_CORRUPT',
    `${entries} entries of ${identity} from ${from} on could not be brought to the new format, since one of them is damaged or lacks: ` +
      'what is left of them is kept aside (docs/store.md, "Format 1"); stay connected, so that others send them again',
  )

/** How many entries a head row of format 1 says there are. */
export const countIn = (headRow: Uint8Array): number =>
  headRow.length === V1_HEAD_BYTES ? getU64(viewOf(headRow), 44) : 0

/**
 * Copies a feed with its losing chains. Where an entry is damaged or lacks, its branch ends with the last before it whose
 * own signature verifies; that one, what follows on it and what hangs there are put aside as they are.
 * @returns what was put aside or lacks; undefined where nothing was and does
 */
export async function copyFeed(
  copying: Copying,
  identity: Uint8Array,
  headRow: Uint8Array,
  feed: number,
): Promise<LeftAside | undefined> {
  const { db } = copying
  const id = playerIdOf(identity)
  const shapeRow = await db.get(concat([Uint8Array.of(V1_SHAPE), identity]))
  const shape = shapeRow ? parseShape(shapeRow) : { next: 1, branches: new Map<number, Branch>() }
  const head = parseHeadV1(headRow)
  if (head)
    shape.branches.set(head.branch, { at: 0, ...shape.branches.get(head.branch), ...named(head), state: 'kept' })
  const aside = new Aside(copying, identity)
  const kept = new Map<number, Branch>()
  const hooks = new Hooks([...shape.branches.values()])
  for (const branch of [...shape.branches.values()].sort((a, b) => a.id - b.id)) {
    const anchor = hooks.get(branch)
    if (branch.parent !== undefined && !anchor) {
      await aside.put(branch.id, 0)
      continue
    }
    const copied = await copyBranch(copying, { identity: id, raw: identity, feed, branch, anchor, hooks })
    if (copied.whole) kept.set(branch.id, branch)
    else {
      const { comparable, count } = copied.end ? { ...copied.end.tail, count: copied.end.count } : NOWHERE
      const put = await aside.put(branch.id, comparable + 1)
      if (put === 0 && comparable < branch.tail.comparable) aside.lack(comparable + 1, branch.count - count)
      if (copied.end && copied.end !== anchor) kept.set(branch.id, { ...branch, ...named(copied.end) })
    }
  }
  const best = bestOf(kept, head)
  if (best) {
    const sequence = feed + 1
    const { tail, count } = best
    const writes: Write[] = [
      { type: 'put', key: numberKey(id), value: numberValue(feed) },
      { type: 'put', key: headKey(feed), value: headValue({ branch: best.id, tail, count, identity: id, sequence }) },
      { type: 'put', key: changedKey(sequence), value: numberValue(feed) },
    ]
    if (shapeRow) writes.push({ type: 'put', key: shapeKey(feed), value: shapeValue(shape.next, kept) })
    await write(db, writes, 'quick')
  } else await clearCopied(copying, feed)
  return aside.left && { identity: id, ...aside.left }
}

const NOWHERE = { comparable: 0, count: 0 }

/**
 * Deletes what was copied of a feed that has no branch to be one, only some that were being deleted: its number is the
 * next feed's.
 */
async function clearCopied({ db, crypto }: Copying, feed: number): Promise<void> {
  for await (const [key, value] of db.iterator({ gte: chunkKey(feed, 0, 0), lt: chunkKey(feed + 1, 0, 0) })) {
    const { branch } = parseChunkKey(key)
    await write(db, deletesOf(entriesOf(chunkOf(value), crypto), feed, branch), 'quick')
  }
}

function parseHeadV1(row: Uint8Array): HeadRow | undefined {
  if (row.length !== V1_HEAD_BYTES) return undefined
  const view = viewOf(row)
  return {
    branch: view.getUint32(0),
    tail: { comparable: getU64(view, 4), key: entryKeyOf(row.subarray(12, 44)) },
    count: getU64(view, 44),
  }
}

const named = ({ branch, tail, count }: HeadRow): Pick<Branch, 'id' | 'tail' | 'count'> => ({ id: branch, tail, count })

/** The branch that is the feed: the one that was, where it is whole, else that of the highest head. */
function bestOf(kept: ReadonlyMap<number, Branch>, head: HeadRow | undefined): Branch | undefined {
  const was = head && kept.get(head.branch)
  if (was && was.tail.key === head.tail.key) return was
  const byHead = [...kept.values()].sort((a, b) => compareHeads(b.tail, a.tail))
  // No half of a chain that was arriving is the feed while there is another one.
  return byHead.find(({ state }) => state === 'kept') ?? byHead.find(({ state }) => state === 'arriving')
}

/** The entries that branches hang on, once they are copied. */
class Hooks {
  readonly #wanted: ReadonlySet<string>
  readonly #found = new Map<string, HeadRow>()

  constructor(branches: readonly Branch[]) {
    this.#wanted = new Set(branches.flatMap(({ parent, at }) => (parent === undefined ? [] : [`${parent} ${at}`])))
  }

  /** Where a branch hangs; undefined where it starts a chain, or where that entry is not here. */
  get({ parent, at }: Branch): HeadRow | undefined {
    return parent === undefined ? undefined : this.#found.get(`${parent} ${at}`)
  }

  add(branch: number, entry: Entry, count: number): void {
    const name = `${branch} ${entry.comparable}`
    if (this.#wanted.has(name)) this.#found.set(name, { branch, tail: positionOf(entry), count })
  }
}

interface BranchCopy {
  readonly identity: PlayerId
  readonly raw: Uint8Array
  readonly feed: number
  readonly branch: Branch
  readonly anchor: HeadRow | undefined
  readonly hooks: Hooks
}

/** Where a copied branch ends, and whether that is where it ended before. */
async function copyBranch(
  { db, crypto, tell }: Copying,
  { identity, raw, feed, branch, anchor, hooks }: BranchCopy,
): Promise<{ whole: boolean; end: HeadRow | undefined }> {
  const values = db.values(rowsOf(raw, branch.id, 0))
  let end = anchor
  let waiting: readonly Entry[] = []
  const put = async (entries: readonly Entry[]): Promise<void> => {
    const [last] = entries.slice(-1)
    if (!last) return
    const before = end?.count ?? 0
    const count = before + entries.length
    await write(db, writesOf(entries, { feed, branch: branch.id, count }), 'quick')
    for (const [i, entry] of entries.entries()) hooks.add(branch.id, entry, before + i + 1)
    end = { branch: branch.id, tail: positionOf(last), count }
    tell(entries.length)
  }
  try {
    for (let found = await values.nextv(BATCH); found.length > 0; found = await values.nextv(BATCH)) {
      const run = parseRun(identity, found, crypto)
      const start = { unverified: waiting, ...(end && { tail: end.tail }) }
      const checked = checkRun(run.entries, start, Number.MAX_SAFE_INTEGER, crypto)
      await put(checked.authentic)
      waiting = checked.waiting
      if (checked.stop ?? run.stop) return { whole: false, end }
    }
  } finally {
    await values.close()
  }
  // What was being deleted may end anywhere.
  if (branch.state === 'dropping') await put(waiting)
  const isWhole = waiting.length === 0 && end?.tail.key === branch.tail.key
  return { whole: branch.state === 'dropping' || isWhole, end }
}

/** The rows of a branch's entries from a comparable on. */
function rowsOf(identity: Uint8Array, branch: number, from: Micros): { gte: Uint8Array; lt: Uint8Array } {
  const prefix = concat([Uint8Array.of(V1_ENTRY), identity, numberValue(branch)])
  const at = new Uint8Array(8)
  putU64(viewOf(at), 0, from)
  return { gte: concat([prefix, at]), lt: concat([prefix, new Uint8Array(8).fill(255)]) }
}

/** Keeps rows of one feed that could not be copied. */
class Aside {
  left: Omit<LeftAside, 'identity'> | undefined
  readonly #db: Db
  readonly #identity: Uint8Array

  constructor({ db }: Copying, identity: Uint8Array) {
    this.#db = db
    this.#identity = identity
  }

  /** Puts the rows of a branch from a comparable on aside. How many they are. */
  async put(branch: number, from: Micros): Promise<number> {
    let put = 0
    const rows = this.#db.iterator(rowsOf(this.#identity, branch, from))
    try {
      for (let found = await rows.nextv(BATCH); found.length > 0; found = await rows.nextv(BATCH)) {
        const writes = found.map(([key, value]): Write => ({ type: 'put', key: key.with(0, ASIDE), value }))
        await write(this.#db, writes, 'quick')
        const [[first] = [new Uint8Array(45)]] = found
        const at = getU64(viewOf(first), first.length - 8)
        this.lack(at, found.length)
        put += found.length
      }
    } finally {
      await rows.close()
    }
    return put
  }

  /** Entries from a comparable on are not copied. */
  lack(from: Micros, entries: number): void {
    this.left = { from: Math.min(this.left?.from ?? Infinity, from), entries: (this.left?.entries ?? 0) + entries }
  }
}
