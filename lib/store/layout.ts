import { base64Into, concat, entryKeyOf, playerIdOf, rawId, utf8 } from '../base/index.ts'
import type { EntryKey, JamId, Micros, Name, PlayerId } from '../base/index.ts'
import { ownedParts } from '../base/index.ts'
import type { Branch } from '../feed/index.ts'
import type { HeadPosition } from '../entry/index.ts'
import { Numbers, getU64, putNumber, putU64, rowBytes, sizeOfNumber, viewOf } from './octets.ts'

/** docs/store.md has every row to the byte. All fixed numbers are big-endian, so that rows sort as numbers do. */
export const FORMAT = 2

/** First byte of a key: which kind of row. */
export const META = 0x00
export const NUMBER = 0x20
export const HEAD = 0x21
export const SHAPE = 0x22
export const CHANGED = 0x23
export const CHUNK = 0x24
export const PLACE = 0x25
export const BY_TYPE = 0x30
export const BY_FEED_AND_TYPE = 0x31
export const BY_JAM = 0x32
export const BY_GENERATOR = 0x33
export const BY_EDGE = 0x34
export const BY_ORIGINAL = 0x35
export const INDEXES = [BY_TYPE, BY_FEED_AND_TYPE, BY_JAM, BY_GENERATOR, BY_EDGE, BY_ORIGINAL] as const

/** A type is indexed up to this many bytes of UTF-8; no known one comes near. */
export const MAX_TYPE_BYTES = 64
/** Bytes of an entry's hash that its place is found by: as hard to forge as the hash, half as long. */
export const HASH_PREFIX = 16
const NONE = 0xffff_ffff

const byte = (value: number): Uint8Array => Uint8Array.of(value)

export const FORMAT_KEY = concat([byte(META), utf8('format')])
/** Holds the epoch while nobody has the store open, or who has it has written nothing. */
export const CLEAN_KEY = concat([byte(META), utf8('clean')])

export const numberKey = (identity: PlayerId): Uint8Array => concat([byte(NUMBER), rawId(identity)])
export const headKey = (feed: number): Uint8Array => numbered(HEAD, feed)
export const shapeKey = (feed: number): Uint8Array => numbered(SHAPE, feed)
export const numberValue = (feed: number): Uint8Array => numbered(0, feed).subarray(1)
export const parseNumber = (value: Uint8Array): number => viewOf(value).getUint32(0)

function numbered(kind: number, feed: number): Uint8Array {
  const out = rowBytes(5)
  out[0] = kind
  viewOf(out).setUint32(1, feed)
  return out
}
/** The keys of all rows of a kind. */
export const rangeOf = (kind: number) => ({ gte: byte(kind), lt: byte(kind + 1) })

/** The number in the key of a head or shape. */
export const feedOfKey = (key: Uint8Array): number => viewOf(key).getUint32(1)

/** Which feed changed at this number of the store's sequence. */
export function changedKey(sequence: number): Uint8Array {
  const out = rowBytes(9)
  out[0] = CHANGED
  putU64(viewOf(out), 1, sequence)
  return out
}
export const sequenceOf = (key: Uint8Array): number => getU64(viewOf(key), 1)

/** Key of a chunk: the last of its entries says where it lies. */
export function chunkKey(feed: number, branch: number, last: Micros): Uint8Array {
  const out = rowBytes(17)
  out[0] = CHUNK
  const view = viewOf(out)
  view.setUint32(1, feed)
  view.setUint32(5, branch)
  putU64(view, 9, last)
  return out
}
/** Feed, branch and the comparable of the last entry of a chunk's key. */
export function parseChunkKey(key: Uint8Array): { feed: number; branch: number; last: Micros } {
  const view = viewOf(key)
  return { feed: view.getUint32(1), branch: view.getUint32(5), last: getU64(view, 9) }
}
/** After every chunk of the branch. */
export const chunksEnd = (feed: number, branch: number): Uint8Array => chunkKey(feed, branch, Number.MAX_SAFE_INTEGER)

/** Where an entry lies. */
export interface Spot {
  readonly feed: number
  readonly branch: number
  readonly comparable: Micros
}
/** By the hash of the entry, in base64. */
export function placeKey(hash: string): Uint8Array {
  const out = rowBytes(1 + HASH_PREFIX)
  out[0] = PLACE
  base64Into(out, 1, hash, HASH_PREFIX)
  return out
}
/** Feed, branch and comparable as variable numbers. */
export function placeValue(feed: number, branch: number, comparable: Micros): Uint8Array {
  const out = rowBytes(sizeOfNumber(feed) + sizeOfNumber(branch) + sizeOfNumber(comparable))
  putNumber(out, putNumber(out, putNumber(out, 0, feed), branch), comparable)
  return out
}
export function parsePlace(value: Uint8Array): Spot {
  const numbers = new Numbers(value)
  return { feed: numbers.next(), branch: numbers.next(), comparable: numbers.next() }
}

/** A head: which branch is the feed, its last entry, and how many entries the chain has. */
export type HeadRow = Pick<Branch, 'tail' | 'count'> & { readonly branch: number }
/** A head as stored: also whose it is, and its number in the store's sequence of changes. */
export type StoredHead = HeadRow & { readonly identity: PlayerId; readonly sequence: number }

export function headValue({ identity, branch, tail, count, sequence }: StoredHead): Uint8Array {
  const out = new Uint8Array(92)
  const view = viewOf(out)
  out.set(rawId(identity), 0)
  view.setUint32(32, branch)
  putPosition(out, view, 36, tail)
  putU64(view, 76, count)
  putU64(view, 84, sequence)
  return out
}
export function parseHead(value: Uint8Array): StoredHead {
  const view = viewOf(value)
  return {
    identity: playerIdOf(value.subarray(0, 32)),
    branch: view.getUint32(32),
    tail: getPosition(value, view, 36),
    count: getU64(view, 76),
    sequence: getU64(view, 84),
  }
}

/** Comparable and hash in 40 bytes. */
function putPosition(out: Uint8Array, view: DataView, at: number, { comparable, key }: HeadPosition): void {
  putU64(view, at, comparable)
  out.set(rawId(key), at + 8)
}
const getPosition = (value: Uint8Array, view: DataView, at: number): HeadPosition => ({
  comparable: getU64(view, at),
  key: entryKeyOf(value.subarray(at + 8, at + 40)),
})

const STATES = ['kept', 'arriving', 'dropping'] as const
const BRANCH_BYTES = 65

/** The next free branch number, then every branch in 65 bytes. */
export function shapeValue(next: number, branches: ReadonlyMap<number, Branch>): Uint8Array {
  const out = new Uint8Array(4 + branches.size * BRANCH_BYTES)
  const view = viewOf(out)
  view.setUint32(0, next)
  let at = 4
  for (const branch of branches.values()) {
    view.setUint32(at, branch.id)
    view.setUint32(at + 4, branch.parent ?? NONE)
    putU64(view, at + 8, branch.at)
    out[at + 16] = STATES.indexOf(branch.state)
    putPosition(out, view, at + 17, branch.tail)
    putU64(view, at + 57, branch.count)
    at += BRANCH_BYTES
  }
  return out
}
export function parseShape(value: Uint8Array): { next: number; branches: Map<number, Branch> } {
  const view = viewOf(value)
  const branches = new Map<number, Branch>()
  for (let at = 4; at + BRANCH_BYTES <= value.length; at += BRANCH_BYTES) {
    const parent = view.getUint32(at + 4)
    const branch: Branch = {
      id: view.getUint32(at),
      ...(parent === NONE ? {} : { parent }),
      at: getU64(view, at + 8),
      state: STATES[view.getUint8(at + 16)] ?? 'kept',
      tail: getPosition(value, view, at + 17),
      count: getU64(view, at + 57),
    }
    branches.set(branch.id, branch)
  }
  return { next: view.getUint32(0), branches }
}

const sized = (text: string): Uint8Array => {
  const bytes = utf8(text)
  return concat([byte(bytes.length), bytes])
}

/** How the rows of each index begin. A type above 64 bytes has none. */
export const prefixes = {
  type: (type: string): Uint8Array | undefined => typed(byte(BY_TYPE), type),
  feedAndType: (feed: number, type: string): Uint8Array | undefined => typed(numbered(BY_FEED_AND_TYPE, feed), type),
  jam: (jam: JamId): Uint8Array => {
    const { owner, name } = ownedParts(jam)
    return concat([byte(BY_JAM), rawId(owner), sized(name)])
  },
  /** Of the owner's feed. */
  generator: (feed: number, name: Name): Uint8Array => concat([numbered(BY_GENERATOR, feed), sized(name)]),
  edge: (target: PlayerId): Uint8Array => concat([byte(BY_EDGE), rawId(target)]),
  original: (key: EntryKey): Uint8Array => concat([byte(BY_ORIGINAL), rawId(key).subarray(0, HASH_PREFIX)]),
}
const typed = (before: Uint8Array, type: string): Uint8Array | undefined => {
  const text = sized(type)
  return text.length > MAX_TYPE_BYTES + 1 ? undefined : concat([before, text])
}

/** The first key after all that begin with the prefix. */
export function after(prefix: Uint8Array): Uint8Array {
  const out = prefix.slice()
  for (let at = out.length - 1; at >= 0; at--) {
    const value = out[at] ?? 0
    if (value === 255) continue
    out[at] = value + 1
    return out.subarray(0, at + 1)
  }
  return Uint8Array.of(255)
}
