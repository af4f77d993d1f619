import { deflateSync } from 'fflate'
import { type Refusal, concat, refusal } from '../../base/index.ts'
import { crc32 } from './crc.ts'
import { InflateFault } from './huffman.ts'
import { inflate } from './inflate.ts'

/** Magic, deflate, no flags, no time, no hint, unknown system: the ten bytes that every pack begins with (RFC 1952). */
const HEADER = Uint8Array.of(0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255)
const TRAILER_LENGTH = 8
const FLAG_HEADER_CRC = 2
const FLAG_EXTRA = 4
const FLAG_NAME = 8
const FLAG_COMMENT = 16

/** Deflates with fflate, whose version is pinned, at fixed settings: the same bytes on every machine. */
export function gzip(bytes: Uint8Array): Uint8Array {
  const trailer = new DataView(new ArrayBuffer(TRAILER_LENGTH))
  trailer.setUint32(0, crc32(bytes), true)
  trailer.setUint32(4, bytes.length, true)
  return concat([HEADER, deflateSync(bytes, { level: 9, mem: 8 }), new Uint8Array(trailer.buffer)])
}

/**
 * Inflates one gzip member that is all there is, to at most `most` bytes.
 * Codes: ARCHIVE_CORRUPT, ARCHIVE_TOO_LARGE.
 */
export function gunzip(bytes: Uint8Array, most: number): Uint8Array | Refusal {
  const start = headerLength(bytes)
  if (start === undefined) return corrupt('it is no gzip file')
  try {
    const { out, end } = inflate(bytes, start, most)
    if (end + TRAILER_LENGTH !== bytes.length) return corrupt('bytes are missing or left over after its end')
    const trailer = new DataView(bytes.buffer, bytes.byteOffset + end, TRAILER_LENGTH)
    if (trailer.getUint32(0, true) !== crc32(out)) return corrupt('its checksum does not match')
    if (trailer.getUint32(4, true) !== out.length) return corrupt('its length does not match')
    return out
  } catch (fault) {
    if (!(fault instanceof InflateFault)) throw fault
    if (fault.kind === 'large') return refusal('ARCHIVE_TOO_LARGE', `the archive inflates to more than ${most} bytes`)
    return corrupt(fault.message)
  }
}

const corrupt = (why: string): Refusal =>
  refusal('ARCHIVE_CORRUPT', `the archive cannot be read: ${why}; fetch or pack it again`)

/** Bytes before the deflate stream; undefined where this is no gzip file. */
function headerLength(bytes: Uint8Array): number | undefined {
  if (bytes.length < 18 || bytes[0] !== 0x1f || bytes[1] !== 0x8b || bytes[2] !== 8) return undefined
  const flags = bytes[3] ?? 0
  if (flags & 0xe0) return undefined
  let at = 10
  if (flags & FLAG_EXTRA) at += 2 + (bytes[at] ?? 0) + ((bytes[at + 1] ?? 0) << 8)
  for (const flag of [FLAG_NAME, FLAG_COMMENT]) {
    if (!(flags & flag)) continue
    const zero = bytes.indexOf(0, at)
    if (zero < 0) return undefined
    at = zero + 1
  }
  if (flags & FLAG_HEADER_CRC) at += 2
  return at < bytes.length ? at : undefined
}
