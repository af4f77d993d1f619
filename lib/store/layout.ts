import { concat, rawId, utf8 } from '../base/index.ts'
import type { EntryKey, GeneratorId, JamId, Micros, PlayerId } from '../base/index.ts'
import { entryKeyOf, ownedParts, playerIdOf } from '../base/index.ts'
import type { Branch } from '../feed/index.ts'

/** docs/store.md has every row to the byte. All numbers are big-endian, so that rows sort as numbers do. */
export const FORMAT = 1

/** First byte of a key: which kind of row. */
export const META = 0x00
export const HEAD = 0x01
export const SHAPE = 0x02
export const ENTRY = 0x03
export const PLACE = 0x04
export const BY_TYPE = 0x10
export const BY_FEED_AND_TYPE = 0x11
export const BY_JAM = 0x12
export const BY_GENERATOR = 0x13
export const BY_EDGE = 0x14
export const BY_ORIGINAL = 0x15
export const INDEXES = [BY_TYPE, BY_FEED_AND_TYPE, BY_JAM, BY_GENERATOR, BY_EDGE, BY_ORIGINAL] as const

/** A type is indexed up to this many bytes of UTF-8; no known one comes near. */
export const MAX_TYPE_BYTES = 64
const NONE = 0xffff_ffff

const byte = (value: number): Uint8Array => Uint8Array.of(value)
function putU64(view: DataView, at: number, value: number): void {
  view.setUint32(at, Math.floor(value / 0x1_0000_0000))
  view.setUint32(at + 4, value % 0x1_0000_0000)
}
const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
const getU64 = (view: DataView, at: number): number => view.getUint32(at) * 0x1_0000_0000 + view.getUint32(at + 4)

export const FORMAT_KEY = concat([byte(META), utf8('format')])

export const headKey = (identity: PlayerId): Uint8Array => concat([byte(HEAD), rawId(identity)])
export const shapeKey = (identity: PlayerId): Uint8Array => concat([byte(SHAPE), rawId(identity)])
export const placeKey = (key: EntryKey): Uint8Array => concat([byte(PLACE), rawId(key)])
export const identityOfHeadKey = (key: Uint8Array): PlayerId => playerIdOf(key.subarray(1, 33))

/** Key of a raw entry; 45 bytes. */
export function entryRow(feed: Uint8Array, branch: number, comparable: Micros): Uint8Array {
  const out = new Uint8Array(45)
  out[0] = ENTRY
  out.set(feed, 1)
  const view = new DataView(out.buffer)
  view.setUint32(33, branch)
  putU64(view, 37, comparable)
  return out
}
/** Feed, branch and comparable of an entry's key. */
export function parseEntryRow(key: Uint8Array): { feed: Uint8Array; branch: number; comparable: Micros } {
  const view = viewOf(key)
  return { feed: key.subarray(1, 33), branch: view.getUint32(33), comparable: getU64(view, 37) }
}

/** Where an entry lies, and how many entries its chain has up to and including it. */
export interface Place {
  readonly identity: PlayerId
  readonly branch: number
  readonly comparable: Micros
  readonly count: number
}
export function placeValue(feed: Uint8Array, branch: number, comparable: Micros, count: number): Uint8Array {
  const out = new Uint8Array(52)
  out.set(feed, 0)
  const view = new DataView(out.buffer)
  view.setUint32(32, branch)
  putU64(view, 36, comparable)
  putU64(view, 44, count)
  return out
}
export function parsePlace(value: Uint8Array): Place {
  const view = viewOf(value)
  return {
    identity: playerIdOf(value.subarray(0, 32)),
    branch: view.getUint32(32),
    comparable: getU64(view, 36),
    count: getU64(view, 44),
  }
}

/** A head as stored: which branch is the feed, its last entry, and how many entries the chain has. */
export type HeadRow = Pick<Branch, 'tail' | 'count'> & { readonly branch: number }
export function headValue({ branch, tail, count }: HeadRow): Uint8Array {
  const out = new Uint8Array(52)
  const view = new DataView(out.buffer)
  view.setUint32(0, branch)
  putU64(view, 4, tail.comparable)
  out.set(rawId(tail.key), 12)
  putU64(view, 44, count)
  return out
}
export function parseHead(value: Uint8Array): HeadRow {
  const view = viewOf(value)
  return {
    branch: view.getUint32(0),
    tail: { comparable: getU64(view, 4), key: entryKeyOf(value.subarray(12, 44)) },
    count: getU64(view, 44),
  }
}

const STATES = ['kept', 'arriving', 'dropping'] as const
const BRANCH_BYTES = 65

/** The next free branch number, then every branch in 65 bytes. */
export function shapeValue(next: number, branches: ReadonlyMap<number, Branch>): Uint8Array {
  const out = new Uint8Array(4 + branches.size * BRANCH_BYTES)
  const view = new DataView(out.buffer)
  view.setUint32(0, next)
  let at = 4
  for (const branch of branches.values()) {
    view.setUint32(at, branch.id)
    view.setUint32(at + 4, branch.parent ?? NONE)
    putU64(view, at + 8, branch.at)
    out[at + 16] = STATES.indexOf(branch.state)
    putU64(view, at + 17, branch.tail.comparable)
    out.set(rawId(branch.tail.key), at + 25)
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
      tail: { comparable: getU64(view, at + 17), key: entryKeyOf(value.subarray(at + 25, at + 57)) },
      count: getU64(view, at + 57),
    }
    branches.set(branch.id, branch)
  }
  return { next: view.getUint32(0), branches }
}

const sized = (text: Uint8Array): Uint8Array => concat([byte(text.length), text])
const owned = (id: JamId | GeneratorId): Uint8Array => {
  const { owner, name } = ownedParts(id)
  return concat([rawId(owner), sized(utf8(name))])
}

/** How the rows of each index begin. A type above 64 bytes has none. */
export const prefixes = {
  type: (type: string): Uint8Array | undefined => typed(byte(BY_TYPE), type),
  feedAndType: (feed: Uint8Array, type: string): Uint8Array | undefined =>
    typed(concat([byte(BY_FEED_AND_TYPE), feed]), type),
  jam: (jam: JamId): Uint8Array => concat([byte(BY_JAM), owned(jam)]),
  generator: (generator: GeneratorId): Uint8Array => concat([byte(BY_GENERATOR), owned(generator)]),
  edge: (target: PlayerId): Uint8Array => concat([byte(BY_EDGE), rawId(target)]),
  original: (key: EntryKey): Uint8Array => concat([byte(BY_ORIGINAL), rawId(key)]),
}
function typed(before: Uint8Array, type: string): Uint8Array | undefined {
  const text = utf8(type)
  return text.length > MAX_TYPE_BYTES ? undefined : concat([before, sized(text)])
}

/** Bytes at the end of every index row: when the entry counts from, and where it lies. */
const POSITION_BYTES = 52
/** An index row: prefix, comparable by which it counts (the original's for an `again`), feed, branch, comparable. */
export function indexRow(prefix: Uint8Array, counts: Micros, feed: Uint8Array, branch: number, comparable: Micros) {
  const out = new Uint8Array(prefix.length + POSITION_BYTES)
  out.set(prefix, 0)
  const view = new DataView(out.buffer)
  putU64(view, prefix.length, counts)
  out.set(feed, prefix.length + 8)
  view.setUint32(prefix.length + 40, branch)
  putU64(view, prefix.length + 44, comparable)
  return out
}
/** Where the entry of an index row lies. */
export function parseIndexRow(key: Uint8Array): { feed: Uint8Array; branch: number; comparable: Micros } {
  const at = key.length - POSITION_BYTES
  const view = viewOf(key)
  return { feed: key.subarray(at + 8, at + 40), branch: view.getUint32(at + 40), comparable: getU64(view, at + 44) }
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
