import { type Refusal, compareBytes, refusal, utf8 } from '../../base/index.ts'
import { gzip, gunzip } from './gzip.ts'
import { type ArchiveFile, MAX_BYTES, MAX_FILES, MAX_TAR_BYTES } from './limits.ts'
import { isIgnored, pathFault } from './path.ts'
import { readTar, writeTar } from './tar.ts'

/**
 * Packs a generator's files into a `.tgz`: dotfiles and node_modules left out, the rest sorted by the bytes of their
 * paths under a fixed owner, mode and time. The same files give the same bytes on every machine, in any order.
 * Codes: ARCHIVE_PATH_REFUSED, ARCHIVE_DUPLICATE, ARCHIVE_TOO_MANY_FILES, ARCHIVE_TOO_LARGE.
 */
export function pack(files: readonly ArchiveFile[]): Uint8Array | Refusal {
  const kept = files.filter((file) => !isIgnored(file.path))
  if (kept.length > MAX_FILES)
    return refusal('ARCHIVE_TOO_MANY_FILES', `${kept.length} files are more than the ${MAX_FILES} an archive may hold`)
  const size = kept.reduce((sum, file) => sum + file.bytes.length, 0)
  if (size > MAX_BYTES)
    return refusal('ARCHIVE_TOO_LARGE', `${size} bytes of files are more than the ${MAX_BYTES} an archive may hold`)
  for (const { path } of kept) {
    const fault = pathFault(path)
    if (fault !== undefined)
      return refusal('ARCHIVE_PATH_REFUSED', `the path ${JSON.stringify(path)} ${fault}: rename it`)
  }
  const sorted = kept.toSorted((a, b) => compareBytes(utf8(a.path), utf8(b.path)))
  const twice = sorted.find((file, n) => file.path === sorted[n + 1]?.path)
  if (twice) return refusal('ARCHIVE_DUPLICATE', `${JSON.stringify(twice.path)} is given twice`)
  const tar = writeTar(sorted)
  if (!tar) return refusal('ARCHIVE_PATH_REFUSED', 'a path is too long to fit a tar header: shorten its file name')
  return gzip(tar)
}

/**
 * The files of an archive, in memory. Stops at the first thing that is wrong and at every bound, before it has cost much.
 * Codes: ARCHIVE_CORRUPT, ARCHIVE_TOO_LARGE, ARCHIVE_PATH_REFUSED, ARCHIVE_ENTRY_REFUSED, ARCHIVE_TOO_MANY_FILES,
 * ARCHIVE_DUPLICATE.
 */
export function unpack(bytes: Uint8Array): ArchiveFile[] | Refusal {
  const tar = gunzip(bytes, MAX_TAR_BYTES)
  return 'code' in tar ? tar : readTar(tar)
}
