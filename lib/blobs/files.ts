import { readdir, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { MarmaladeError, blobIdOf, fromHex, hex, isBlobId, rawId } from '../base/index.ts'
import type { BlobId, Millis } from '../base/index.ts'

/** A blob on disk. */
export interface BlobFile {
  readonly id: BlobId
  /** Bytes. */
  readonly size: number
  /** Milliseconds since 1970 at which it came or was last asked for: its file's time of change. */
  readonly usedAt: Millis
}

/** Where blobs lie below a home's `blobs` folder: whole ones by hash, unfinished ones apart. */
export class BlobFiles {
  readonly root: string
  /** Being written, named at random; removed at the next opening. */
  readonly temporary: string
  /** What came of transfers that were cut; each is gone on with. */
  readonly partial: string
  /** Empty files named as what the user keeps by hand. */
  readonly kept: string

  constructor(root: string) {
    this.root = join(root, 'sha256')
    this.temporary = join(root, 'tmp')
    this.partial = join(root, 'partial')
    this.kept = join(root, 'kept')
  }

  /** @throws MarmaladeError ID_INVALID: only what is a blob id becomes part of a path */
  pathOf(id: BlobId): string {
    const name = hexOf(id)
    return join(this.root, name.slice(0, 2), name.slice(2))
  }

  folderOf(id: BlobId): string {
    return join(this.root, hexOf(id).slice(0, 2))
  }

  partialOf(id: BlobId, part: string): string {
    return join(this.partial, `${hexOf(id)}.${part}`)
  }

  keptOf(id: BlobId): string {
    return join(this.kept, hexOf(id))
  }

  /** Every whole blob, in the order of the hashes. Files with other names are passed over. */
  async *list(): AsyncIterable<BlobFile> {
    for (const folder of await names(this.root, /^[0-9a-f]{2}$/)) {
      for (const rest of await names(join(this.root, folder), /^[0-9a-f]{62}$/)) {
        const found = await fileAt(join(this.root, folder, rest))
        if (found) yield { id: blobIdOf(fromHex(folder + rest)), ...found }
      }
    }
  }

  /** Keeps the unfinished transfers written last, as far as the bounds allow, and removes the others; gives how many those were. */
  async prunePartials({ keep, bytes, notBefore, spares }: PartialBounds): Promise<number> {
    const found: { path: string; size: number; usedAt: Millis }[] = []
    for (const name of await names(this.partial, /^/)) {
      const path = join(this.partial, name)
      const file = await fileAt(path)
      if (file && !spares(path)) found.push({ path, ...file })
    }
    found.sort((a, b) => b.usedAt - a.usedAt)
    let held = 0
    let removed = 0
    for (const [at, { path, size, usedAt }] of found.entries()) {
      held += size
      if ((at < keep && held <= bytes && usedAt >= notBefore) || spares(path)) continue
      await rm(path, { force: true })
      removed++
    }
    return removed
  }
}

/** How many unfinished transfers are kept, how many bytes of them, and since when. */
interface PartialBounds {
  readonly keep: number
  readonly bytes: number
  readonly notBefore: Millis
  /** Counts for nothing and stays; asked again right before it would go. */
  readonly spares: (path: string) => boolean
}

/** The 64 digits that a blob's file is named by. @throws ID_INVALID */
export function hexOf(id: BlobId): string {
  if (!isBlobId(id)) throw new MarmaladeError('ID_INVALID', `${JSON.stringify(id)} is no blob id: &<hash>.sha256`)
  return hex(rawId(id))
}

const names = async (folder: string, pattern: RegExp): Promise<string[]> =>
  (await readdir(folder)).filter((name) => pattern.test(name)).sort()

/** A file's bytes and when it was last used; undefined where there is none. */
export async function fileAt(path: string): Promise<Omit<BlobFile, 'id'> | undefined> {
  try {
    const found = await stat(path)
    return found.isFile() ? { size: found.size, usedAt: found.mtimeMs } : undefined
  } catch (cause) {
    if (isMissing(cause)) return undefined
    throw cause
  }
}

/** Removes every file of a folder that is the same file as another; nothing where either is not there. */
export async function removeLinks(folder: string, path: string): Promise<void> {
  try {
    const { ino, dev, nlink } = await stat(path)
    if (nlink < 2) return
    for (const name of await readdir(folder)) {
      const found = await stat(join(folder, name)).catch(() => undefined)
      if (found?.ino === ino && found.dev === dev) await rm(join(folder, name), { force: true })
    }
  } catch (cause) {
    if (!isMissing(cause)) throw cause
  }
}

export const isMissing = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR')
