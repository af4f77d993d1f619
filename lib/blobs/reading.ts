import { open, type FileHandle } from 'node:fs/promises'
import { MarmaladeError } from '../base/index.ts'
import type { BlobId } from '../base/index.ts'
import { isMissing, type BlobFiles } from './files.ts'

/** Bytes of one piece. */
export const READ_BYTES = 65_536

export interface BlobRange {
  /** First byte, 0 where left out. */
  readonly offset?: number
  /** At most so many bytes, all that follow where left out. */
  readonly length?: number
}

/** Bytes of a blob in pieces of 64 KiB. @throws BLOB_UNKNOWN, ID_INVALID; USAGE for a range that no blob has */
export async function* readBlob(
  files: BlobFiles,
  id: BlobId,
  { offset = 0, length = Infinity }: BlobRange,
): AsyncIterable<Uint8Array> {
  if (!Number.isSafeInteger(offset) || offset < 0 || !(length >= 0))
    throw new MarmaladeError('USAGE', `a blob has no bytes from ${offset}, ${length} long`)
  const file = await openBlob(files, id)
  try {
    for (let at = offset, left = length; left > 0;) {
      const { bytesRead, buffer } = await file.read(new Uint8Array(READ_BYTES), 0, Math.min(READ_BYTES, left), at)
      if (bytesRead === 0) return
      yield buffer.subarray(0, bytesRead)
      at += bytesRead
      left -= bytesRead
    }
  } finally {
    await file.close()
  }
}

async function openBlob(files: BlobFiles, id: BlobId): Promise<FileHandle> {
  try {
    return await open(files.pathOf(id), 'r')
  } catch (cause) {
    if (!isMissing(cause)) throw cause
    throw new MarmaladeError('BLOB_UNKNOWN', `${id} is not here: fetch it first`, { cause })
  }
}
