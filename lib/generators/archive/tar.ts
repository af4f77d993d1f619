/**
 * The tar of an archive. Written here and not by a library because its bytes are part of the contract (the same folder
 * gives the same blob for ever), and read here because a library repairs and skips what must be refused.
 * Source: POSIX.1-1988 ustar (the "pax" page of POSIX.1-2008, section "ustar Interchange Format").
 */
import { type Refusal, fromUtf8Strict, refusal, utf8 } from '../../base/index.ts'
import { pathFault } from './path.ts'
import { type ArchiveFile, MAX_BYTES, MAX_FILES } from './limits.ts'

const RECORD = 512
const NAME_LENGTH = 100
const PREFIX_LENGTH = 155
const CHECKSUM_AT = 148
const MODE = 0o644
const MODE_EXECUTABLE = 0o755

const padded = (length: number): number => Math.ceil(length / RECORD) * RECORD

/** A ustar stream of the files in the order given, each owned by nobody, of the year 1970; undefined where a path does not fit. */
export function writeTar(files: readonly ArchiveFile[]): Uint8Array | undefined {
  let length = 2 * RECORD
  for (const file of files) length += RECORD + padded(file.bytes.length)
  const out = new Uint8Array(length)
  let at = 0
  for (const file of files) {
    const header = tarHeader(file.path, file.bytes.length, file.executable ? MODE_EXECUTABLE : MODE)
    if (!header) return undefined
    out.set(header, at)
    out.set(file.bytes, at + RECORD)
    at += RECORD + padded(file.bytes.length)
  }
  return out
}

/**
 * The header of a plain file in a ustar stream, 512 bytes: owned by nobody, of the year 1970. Undefined where the path
 * does not fit.
 * @param size bytes of the file, below 8 GiB
 */
export function tarHeader(path: string, size: number, mode = MODE): Uint8Array | undefined {
  const split = splitPath(path)
  if (!split) return undefined
  const record = new Uint8Array(RECORD)
  const octal = (at: number, digits: number, value: number): void =>
    record.set(utf8(value.toString(8).padStart(digits, '0')), at)
  record.set(utf8(split.name), 0)
  octal(100, 7, mode)
  octal(108, 7, 0)
  octal(116, 7, 0)
  octal(124, 11, size)
  octal(136, 11, 0)
  record.set(utf8('0'), 156)
  record.set(utf8('ustar\x0000'), 257)
  record.set(utf8(split.prefix), 345)
  octal(CHECKSUM_AT, 6, checksum(record))
  record[CHECKSUM_AT + 7] = 0x20
  return record
}

/** A path in the header's two fields: all in the name where it fits, else cut at the first slash that leaves a short enough name. */
function splitPath(path: string): { name: string; prefix: string } | undefined {
  if (path.length <= NAME_LENGTH) return { name: path, prefix: '' }
  const slash = path.indexOf('/', path.length - NAME_LENGTH - 1)
  if (slash < 1 || slash > PREFIX_LENGTH) return undefined
  return { name: path.slice(slash + 1), prefix: path.slice(0, slash) }
}

/** The sum of a header's bytes with its checksum field read as spaces. */
function checksum(record: Uint8Array): number {
  let sum = 8 * 0x20
  for (let n = 0; n < RECORD; n++) if (n < CHECKSUM_AT || n >= CHECKSUM_AT + 8) sum += record[n] ?? 0
  return sum
}

interface Header {
  readonly path: string
  readonly size: number
  readonly kind: 'file' | 'folder'
  readonly executable: boolean
}

/**
 * The regular files of a tar stream, in its order. Codes: ARCHIVE_CORRUPT, ARCHIVE_PATH_REFUSED,
 * ARCHIVE_ENTRY_REFUSED, ARCHIVE_TOO_MANY_FILES, ARCHIVE_TOO_LARGE, ARCHIVE_DUPLICATE.
 */
export function readTar(tar: Uint8Array): ArchiveFile[] | Refusal {
  const files: ArchiveFile[] = []
  const seen = new Set<string>()
  const folders = new Set<string>()
  let bytes = 0
  let at = 0
  for (;;) {
    const record = tar.subarray(at, at + RECORD)
    if (record.length < RECORD) return corrupt('it ends in the middle of a header')
    at += RECORD
    if (isZero(record)) break
    const header = readHeader(record)
    if ('code' in header) return header
    if (header.kind === 'folder') continue
    bytes += header.size
    if (bytes > MAX_BYTES)
      return refusal('ARCHIVE_TOO_LARGE', `the archive holds more than ${MAX_BYTES} bytes of files`)
    if (files.length === MAX_FILES)
      return refusal('ARCHIVE_TOO_MANY_FILES', `the archive holds more than ${MAX_FILES} files`)
    if (at + padded(header.size) > tar.length) return corrupt('it ends in the middle of a file')
    const clash = claim(header.path, seen, folders)
    if (clash) return clash
    files.push({ path: header.path, bytes: tar.slice(at, at + header.size), executable: header.executable })
    at += padded(header.size)
  }
  if (!isZero(tar.subarray(at))) return corrupt('something follows its end')
  return files
}

/** Notes a file's path; refuses one that is there already, as a file or as a folder. */
function claim(path: string, seen: Set<string>, folders: Set<string>): Refusal | undefined {
  const parents: string[] = []
  for (let slash = path.indexOf('/'); slash > 0; slash = path.indexOf('/', slash + 1))
    parents.push(path.slice(0, slash))
  if (seen.has(path) || folders.has(path) || parents.some((parent) => seen.has(parent)))
    return refusal('ARCHIVE_DUPLICATE', `the archive holds ${JSON.stringify(path)} twice`)
  seen.add(path)
  for (const parent of parents) folders.add(parent)
  return undefined
}

const corrupt = (why: string): Refusal =>
  refusal('ARCHIVE_CORRUPT', `the archive's tar cannot be read: ${why}; fetch or pack it again`)
const isZero = (bytes: Uint8Array): boolean => bytes.every((byte) => byte === 0)

const KINDS: Readonly<Record<string, string>> = {
  '1': 'a hard link',
  '2': 'a symbolic link',
  '3': 'a character device',
  '4': 'a block device',
  '6': 'a named pipe',
}

function readHeader(record: Uint8Array): Header | Refusal {
  if (checksum(record) !== readOctal(record, CHECKSUM_AT, 8)) return corrupt('a header has a wrong checksum')
  const magic = text(record, 257, 6)
  if (magic !== 'ustar' && magic !== 'ustar ') return corrupt('a header is not of the ustar kind')
  const name = text(record, 0, NAME_LENGTH)
  const prefix = magic === 'ustar' ? text(record, 345, PREFIX_LENGTH) : ''
  const size = readOctal(record, 124, 12)
  const mode = readOctal(record, 100, 8)
  if (name === undefined || prefix === undefined || size === undefined || mode === undefined)
    return corrupt('a header cannot be read')
  const full = prefix === '' ? name : `${prefix}/${name}`
  const flag = String.fromCharCode(record[156] ?? 0)
  if (flag === '5') return folder(full, size)
  if (flag !== '0' && flag !== '\0') {
    const kind = KINDS[flag] ?? `an entry of kind ${JSON.stringify(flag)}`
    return refusal('ARCHIVE_ENTRY_REFUSED', `${JSON.stringify(full)} is ${kind}: archives hold plain files only`)
  }
  const path = full.startsWith('./') ? full.slice(2) : full
  const fault = pathFault(path)
  if (fault !== undefined) return refusal('ARCHIVE_PATH_REFUSED', `the path ${JSON.stringify(full)} ${fault}`)
  return { path, size, kind: 'file', executable: (mode & 0o100) !== 0 }
}

/** A folder's own entry, which tar writes and we skip; its path is held to the same rule. */
function folder(full: string, size: number): Header | Refusal {
  if (size !== 0) return corrupt('a folder has a size')
  const path = full.replace(/^\.\//, '').replace(/\/$/, '')
  const fault = path === '' || path === '.' ? undefined : pathFault(path)
  if (fault !== undefined) return refusal('ARCHIVE_PATH_REFUSED', `the path ${JSON.stringify(full)} ${fault}`)
  return { path, size, kind: 'folder', executable: false }
}

/** Text up to the first zero; undefined where it is no UTF-8. */
function text(record: Uint8Array, at: number, length: number): string | undefined {
  const field = record.subarray(at, at + length)
  const zero = field.indexOf(0)
  return fromUtf8Strict(zero < 0 ? field : field.subarray(0, zero))
}

/** An octal number closed by a zero, a space or the field's end; undefined where it is none. */
function readOctal(record: Uint8Array, at: number, length: number): number | undefined {
  const digits = text(record, at, length)?.trim()
  return digits !== undefined && /^[0-7]{1,11}$/.test(digits) ? parseInt(digits, 8) : undefined
}
