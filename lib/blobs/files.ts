import { readdir, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { MarmaladeError, blobIdOf, fromHex, hex, isBlobId, rawId } from '../base/index.ts'
import type { BlobId } from '../base/index.ts'

/** Where blobs lie below a home's `blobs` folder: whole ones by hash, unfinished ones apart. */
export class BlobFiles {
  readonly root: string
  /** Being written, named at random; removed at the next opening. */
  readonly temporary: string
  /** What came of transfers that were cut; each is gone on with. */
  readonly partial: string

  constructor(root: string) {
    this.root = join(root, 'sha256')
    this.temporary = join(root, 'tmp')
    this.partial = join(root, 'partial')
  }

  /** @throws MarmaladeError ID_INVALID: only what is a blob id becomes part of a path */
  pathOf(id: BlobId): string {
    const name = hexOf(id)
    return join(this.root, name.slice(0, 2), name.slice(2))
  }

  folderOf(id: BlobId): string {
    return join(this.root, hexOf(id).slice(0, 2))
  }

  partialOf(id: BlobId): string {
    return join(this.partial, hexOf(id))
  }

  /** Every whole blob, in the order of the hashes. Files with other names are passed over. */
  async *list(): AsyncIterable<{ id: BlobId; size: number }> {
    for (const folder of await names(this.root, /^[0-9a-f]{2}$/)) {
      for (const rest of await names(join(this.root, folder), /^[0-9a-f]{62}$/)) {
        const size = await sizeOf(join(this.root, folder, rest))
        if (size !== undefined) yield { id: blobIdOf(fromHex(folder + rest)), size }
      }
    }
  }

  /** Keeps the newest unfinished transfers and removes the others. */
  async prunePartials(keep: number, notBefore: number): Promise<void> {
    const found: { path: string; changed: number }[] = []
    for (const name of await names(this.partial, /^/)) {
      const path = join(this.partial, name)
      found.push({ path, changed: (await stat(path)).mtimeMs })
    }
    found.sort((a, b) => b.changed - a.changed)
    for (const [at, { path, changed }] of found.entries())
      if (at >= keep || changed < notBefore) await rm(path, { force: true, recursive: true })
  }
}

function hexOf(id: BlobId): string {
  if (!isBlobId(id)) throw new MarmaladeError('ID_INVALID', `${JSON.stringify(id)} is no blob id: &<hash>.sha256`)
  return hex(rawId(id))
}

const names = async (folder: string, pattern: RegExp): Promise<string[]> =>
  (await readdir(folder)).filter((name) => pattern.test(name)).sort()

/** Bytes of a file, undefined where there is none. */
export async function sizeOf(path: string): Promise<number | undefined> {
  try {
    const found = await stat(path)
    return found.isFile() ? found.size : undefined
  } catch (cause) {
    if (isMissing(cause)) return undefined
    throw cause
  }
}

export const isMissing = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR')
