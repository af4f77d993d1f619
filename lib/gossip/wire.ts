import { entryKeyOf, fromHex, hex, playerIdOf, rawId, utf8 } from '../base/index.ts'
import type { EntryKey } from '../base/index.ts'
import { MAX_ENTRY_BYTES } from '../entry/index.ts'
import type { HeadPosition } from '../entry/index.ts'
import type { Head } from '../store/types.ts'
import { OctetReader, OctetWriter } from '../wire/octets.ts'
import type { CloseCode, EndCode, Frame, Goal, Position } from './types.ts'

/** The layout of every frame: docs/protocol.md, section Gossip. */
export const GOSSIP_VERSION = 2
/** The largest frame. */
export const FRAME_BYTES = 65_536
/** The largest number of positions in one `points`. */
export const MAX_POINTS = 64
/** Bytes of a `run` before its entries, and before each entry. */
export const RUN_HEADER_BYTES = 53
export const RUN_ENTRY_BYTES = 2
/** How many heads one `ihave` carries at most. */
export const MAX_HEADS = 800
/** How many losing heads one `lost` carries at most. */
export const MAX_LOST = 8
/** Stands for no offer, and for no epoch. */
export const NO_OFFER = '0'.repeat(16)

const MAGIC = utf8('marmalade gossip')
const NO_KEY = new Uint8Array(32)
const TYPE = {
  hello: 0,
  ihave: 1,
  heard: 2,
  iwant: 3,
  stop: 4,
  fork: 5,
  points: 6,
  at: 7,
  run: 8,
  credit: 9,
  end: 10,
  close: 11,
  lost: 12,
  iwantlost: 13,
} as const
const END_CODES: readonly EndCode[] = ['stopped', 'not-served', 'superseded', 'failed', 'complete']
const CLOSE_CODES: readonly CloseCode[] = [
  'bye',
  'version',
  'malformed',
  'unasked',
  'over-credit',
  'too-slow',
  'silent',
]

/** The bytes of a frame. */
export function encodeFrame(frame: Exclude<Frame, { type: 'optional' }>): Uint8Array {
  const out = new OctetWriter(frame.type === 'run' ? runBytes(frame.entries) : 128).u8(TYPE[frame.type])
  switch (frame.type) {
    case 'hello':
      return out
        .raw(MAGIC)
        .u8(frame.version)
        .raw(fromHex(frame.epoch))
        .raw(fromHex(frame.knownEpoch))
        .u64(frame.knownSequence)
        .raw(fromHex(frame.knownOffer))
        .done()
    case 'ihave':
      out
        .u64(frame.serial)
        .u64(frame.sequence)
        .raw(fromHex(frame.offer))
        .u8(frame.full ? 1 : 0)
      for (const head of frame.heads) writeGoal(out.raw(rawId(head.identity)), head)
      return out.done()
    case 'heard':
      return out.u64(frame.serial).done()
    case 'iwant':
      return writePosition(out.u32(frame.stream).raw(rawId(frame.identity)), frame.after).done()
    case 'stop':
    case 'fork':
      return out.u32(frame.stream).done()
    case 'points':
      return writePositions(out.u32(frame.stream), frame.points).done()
    case 'lost':
      return writePositions(out, frame.heads).done()
    case 'iwantlost':
      return writePositions(writePosition(out.u32(frame.stream), frame.head), frame.points).done()
    case 'at':
      return writeGoal(writePosition(out.u32(frame.stream), frame.at), frame.head).done()
    case 'run':
      writeGoal(out.u32(frame.stream), frame.head)
      for (const entry of frame.entries) out.u16(entry.length).raw(entry)
      return out.done()
    case 'credit':
      return out.u32(frame.bytes).done()
    case 'end':
      return out.u32(frame.stream).u8(END_CODES.indexOf(frame.code)).done()
    case 'close':
      return out.u8(CLOSE_CODES.indexOf(frame.code)).done()
  }
}

/** Bytes of a run that carries these entries. */
function runBytes(entries: readonly Uint8Array[]): number {
  let bytes = RUN_HEADER_BYTES
  for (const entry of entries) bytes += RUN_ENTRY_BYTES + entry.length
  return bytes
}

/** Whether the bytes are those of a `run`, by their type alone. */
export const isRun = (bytes: Uint8Array): boolean => bytes[0] === TYPE.run

/** A frame, or undefined where the bytes are none: too long, too short, out of range or of an unknown type. */
export function decodeFrame(bytes: Uint8Array): Frame | undefined {
  if (bytes.length === 0 || bytes.length > FRAME_BYTES) return undefined
  const reader = new OctetReader(bytes)
  const type = reader.u8()
  if (type >= 0x40 && type < 0x80) return { type: 'optional' }
  const frame = readBody(type, reader)
  return frame && reader.whole ? frame : undefined
}

function readBody(type: number, reader: OctetReader): Frame | undefined {
  switch (type) {
    case TYPE.hello:
      return readHello(reader)
    case TYPE.ihave:
      return readHeads(reader)
    case TYPE.heard:
      return { type: 'heard', serial: reader.u64() }
    case TYPE.iwant:
      return {
        type: 'iwant',
        stream: reader.u32(),
        identity: playerIdOf(reader.raw(32)),
        after: readPosition(reader),
      }
    case TYPE.stop:
      return { type: 'stop', stream: reader.u32() }
    case TYPE.fork:
      return { type: 'fork', stream: reader.u32() }
    case TYPE.points:
      return readPoints(reader)
    case TYPE.at:
      return readAt(reader)
    case TYPE.run:
      return readRun(reader)
    case TYPE.credit:
      return { type: 'credit', bytes: reader.u32() }
    case TYPE.end:
      return { type: 'end', stream: reader.u32(), code: END_CODES[reader.u8()] ?? 'failed' }
    case TYPE.lost:
      return readLost(reader)
    case TYPE.iwantlost:
      return readIwantLost(reader)
    case TYPE.close:
      return { type: 'close', code: CLOSE_CODES[reader.u8()] ?? 'bye' }
    default:
      return undefined
  }
}

function readHello(reader: OctetReader): Frame | undefined {
  const magic = reader.raw(MAGIC.length)
  if (hex(magic) !== hex(MAGIC)) return undefined
  const version = reader.u8()
  const epoch = hex(reader.raw(8))
  const knownEpoch = hex(reader.raw(8))
  const knownSequence = reader.u64()
  const knownOffer = hex(reader.raw(8))
  // A later version may say more in its hello: what follows is passed over.
  reader.raw(reader.left)
  return { type: 'hello', version, epoch, knownEpoch, knownSequence, knownOffer }
}

function readHeads(reader: OctetReader): Frame | undefined {
  const serial = reader.u64()
  const sequence = reader.u64()
  const offer = hex(reader.raw(8))
  const flags = reader.u8()
  const heads: Head[] = []
  while (reader.left > 0 && reader.ok) {
    const identity = playerIdOf(reader.raw(32))
    const goal = readGoal(reader)
    heads.push({ identity, ...goal })
  }
  return flags > 1 ? undefined : { type: 'ihave', serial, sequence, offer, full: flags === 1, heads }
}

function readPoints(reader: OctetReader): Frame | undefined {
  const stream = reader.u32()
  const points = readPositions(reader, MAX_POINTS)
  return points && { type: 'points', stream, points }
}

function readLost(reader: OctetReader): Frame | undefined {
  const heads = readPositions(reader, MAX_LOST)
  return heads && { type: 'lost', heads }
}

function readIwantLost(reader: OctetReader): Frame | undefined {
  const stream = reader.u32()
  const head = readPosition(reader)
  const points = readPositions(reader, MAX_POINTS)
  return head && points && { type: 'iwantlost', stream, head, points }
}

/** All positions that are left, at most so many; none of them is the place before the first entry. */
function readPositions(reader: OctetReader, most: number): HeadPosition[] | undefined {
  const positions: HeadPosition[] = []
  while (reader.left > 0 && reader.ok) {
    const position = readPosition(reader)
    if (!position || positions.length === most) return undefined
    positions.push(position)
  }
  return positions
}

function readAt(reader: OctetReader): Frame | undefined {
  const stream = reader.u32()
  const at = readPosition(reader)
  const head = readGoal(reader)
  return head.count > 0 ? { type: 'at', stream, at, head } : undefined
}

function readRun(reader: OctetReader): Frame | undefined {
  const stream = reader.u32()
  const head = readGoal(reader)
  const entries: Uint8Array[] = []
  while (reader.left > 0 && reader.ok) {
    const length = reader.u16()
    if (length === 0 || length > MAX_ENTRY_BYTES) return undefined
    entries.push(reader.raw(length))
  }
  return entries.length > 0 && head.count > 0 ? { type: 'run', stream, head, entries } : undefined
}

/** Comparable and key; zeros stand for the place before the first entry. */
function writePosition(out: OctetWriter, position: Position): OctetWriter {
  return position ? out.u64(position.comparable).raw(rawId(position.key)) : out.u64(0).raw(NO_KEY)
}
function writePositions(out: OctetWriter, positions: readonly HeadPosition[]): OctetWriter {
  for (const position of positions) writePosition(out, position)
  return out
}
function readPosition(reader: OctetReader): Position {
  const comparable = reader.u64()
  const key = reader.raw(32)
  return comparable === 0 ? undefined : { comparable, key: entryKeyOf(key) }
}

function writeGoal(out: OctetWriter, goal: Goal): OctetWriter {
  return out.u64(goal.comparable).raw(rawId(goal.key)).u64(goal.count)
}
function readGoal(reader: OctetReader): Goal {
  const comparable = reader.u64()
  const key: EntryKey = entryKeyOf(reader.raw(32))
  return { comparable, key, count: reader.u64() }
}
