import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { type BlobId, blobIdOf } from '../../lib/base/index.ts'
import { packageRoot } from '../../lib/base/node/root.ts'
import { type ArchiveFile, isRefused, pack } from '../../lib/generators/index.ts'
import { readFolder } from '../../lib/generators/node/folder.ts'

export interface Archive {
  readonly id: BlobId
  readonly bytes: Uint8Array
}

/** The archive of an example generator, as it is published. */
export const shippedArchive = async (name: string): Promise<Archive> =>
  archiveOf(await readFolder(join(packageRoot(), 'fixtures/generators', name)))

/** Files as an archive, under its blob id. */
export function archiveOf(files: readonly ArchiveFile[]): Archive {
  const bytes = pack(files)
  if (isRefused(bytes)) throw new Error(bytes.message)
  return { id: blobIdOf(createHash('sha256').update(bytes).digest()), bytes }
}
