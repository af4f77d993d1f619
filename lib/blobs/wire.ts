import { blobIdOf, hex, rawId, utf8 } from '../base/index.ts'
import type { BlobId } from '../base/index.ts'
import { OctetReader, OctetWriter } from '../wire/octets.ts'
import type { BlobCloseCode, BlobFrame, DenyCode, WantLine } from './types.ts'

/** The layout of every frame: docs/protocol.md, section Blobs. */
export const BLOBS_VERSION = 1
/** The most bytes of one `pull`, and so of one `data`. */
export const PIECE_BYTES = 65_536
/** The largest frame: a `data` with a whole piece. */
export const BLOB_FRAME_BYTES = PIECE_BYTES + 5
/** The most blobs named in one frame. */
export const MAX_LINES = 1_000

/** No line that names a blob is shorter. */
const LINE_BYTES = 32
const MAGIC = utf8('marmalade blobs ')
const TYPE = { hello: 0, want: 1, unwant: 2, have: 3, pull: 4, data: 5, deny: 6, close: 7 } as const
const DENY_CODES: readonly DenyCode[] = ['not-served', 'range', 'failed']
const CLOSE_CODES: readonly BlobCloseCode[] = [
  'bye',
  'version',
  'malformed',
  'unasked',
  'too-many',
  'too-slow',
  'silent',
]

/** The bytes of a frame. */
export function encodeBlobFrame(frame: Exclude<BlobFrame, { type: 'optional' }>): Uint8Array {
  const out = new OctetWriter(frame.type === 'data' ? frame.bytes.length + 5 : 64).u8(TYPE[frame.type])
  switch (frame.type) {
    case 'hello':
      return out.raw(MAGIC).u8(frame.version).done()
    case 'want':
      for (const { blob, maxBytes, hops } of frame.wants) out.raw(rawId(blob)).u64(maxBytes).u8(hops)
      return out.done()
    case 'unwant':
      for (const blob of frame.blobs) out.raw(rawId(blob))
      return out.done()
    case 'have':
      for (const { blob, size } of frame.blobs) out.raw(rawId(blob)).u64(size)
      return out.done()
    case 'pull':
      return out.u32(frame.request).raw(rawId(frame.blob)).u64(frame.offset).u32(frame.length).done()
    case 'data':
      return out.u32(frame.request).raw(frame.bytes).done()
    case 'deny':
      return out.u32(frame.request).u8(DENY_CODES.indexOf(frame.code)).done()
    case 'close':
      return out.u8(CLOSE_CODES.indexOf(frame.code)).done()
  }
}

/** A frame, or undefined where the bytes are none. */
export function decodeBlobFrame(bytes: Uint8Array): BlobFrame | undefined {
  if (bytes.length === 0 || bytes.length > BLOB_FRAME_BYTES) return undefined
  const reader = new OctetReader(bytes)
  const type = reader.u8()
  if (type >= 0x40 && type < 0x80) return { type: 'optional' }
  const frame = readBody(type, reader)
  return frame && reader.whole ? frame : undefined
}

/** How many looks at the disk a frame asks for. What was pulled, and what answers a pull, is bounded otherwise. */
export function looksOf(bytes: Uint8Array): number {
  const [type] = bytes
  if (type === TYPE.pull || type === TYPE.data) return 0
  return Math.max(1, Math.floor(bytes.length / LINE_BYTES))
}

function readBody(type: number, reader: OctetReader): BlobFrame | undefined {
  switch (type) {
    case TYPE.hello:
      return readHello(reader)
    case TYPE.want: {
      const wants = lines(reader, (): WantLine => ({ blob: blob(reader), maxBytes: reader.u64(), hops: reader.u8() }))
      return wants && { type: 'want', wants }
    }
    case TYPE.unwant: {
      const blobs = lines(reader, () => blob(reader))
      return blobs && { type: 'unwant', blobs }
    }
    case TYPE.have: {
      const blobs = lines(reader, () => ({ blob: blob(reader), size: reader.u64() }))
      return blobs && { type: 'have', blobs }
    }
    case TYPE.pull:
      return readPull(reader)
    case TYPE.data:
      return { type: 'data', request: reader.u32(), bytes: reader.raw(reader.left) }
    case TYPE.deny:
      return { type: 'deny', request: reader.u32(), code: DENY_CODES[reader.u8()] ?? 'failed' }
    case TYPE.close:
      return { type: 'close', code: CLOSE_CODES[reader.u8()] ?? 'bye' }
    default:
      return undefined
  }
}

function readHello(reader: OctetReader): BlobFrame | undefined {
  if (hex(reader.raw(MAGIC.length)) !== hex(MAGIC)) return undefined
  const version = reader.u8()
  // A later version may say more in its hello: what follows is passed over.
  reader.raw(reader.left)
  return { type: 'hello', version }
}

function readPull(reader: OctetReader): BlobFrame | undefined {
  const request = reader.u32()
  const id = blob(reader)
  const offset = reader.u64()
  const length = reader.u32()
  return length > 0 && length <= PIECE_BYTES ? { type: 'pull', request, blob: id, offset, length } : undefined
}

const blob = (reader: OctetReader): BlobId => blobIdOf(reader.raw(32))

function lines<T>(reader: OctetReader, line: () => T): T[] | undefined {
  const found: T[] = []
  while (reader.left > 0 && reader.ok) {
    if (found.length === MAX_LINES) return undefined
    found.push(line())
  }
  return found
}
