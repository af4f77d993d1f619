import type { ArchiveFile } from './archive/limits.ts'

/** Bytes that one instance may read of its archive: twice the largest memory there is. */
export const MAX_ASSET_BYTES = 32 * 1024 * 1024

/** The files of an archive, for its own instances: in memory that all threads share, so that none of them copies it. */
export interface Assets {
  readonly bytes: SharedArrayBuffer
  /** Where each file lies, by its path in the archive. */
  readonly files: ReadonlyMap<string, { readonly from: number; readonly size: number }>
}

export function assetsOf(files: readonly ArchiveFile[]): Assets {
  const bytes = new SharedArrayBuffer(files.reduce((sum, file) => sum + file.bytes.length, 0))
  const all = new Uint8Array(bytes)
  const places = new Map<string, { from: number; size: number }>()
  let from = 0
  for (const file of files) {
    all.set(file.bytes, from)
    places.set(file.path, { from, size: file.bytes.length })
    from += file.bytes.length
  }
  return { bytes, files: places }
}

/** What one instance reads of its archive. A path is a name among the archive's files and nothing else. */
export class AssetReader {
  readonly #assets: Assets
  #left = MAX_ASSET_BYTES

  constructor(assets: Assets) {
    this.#assets = assets
  }

  /** Bytes of a file; undefined where the archive has none of this path. */
  size(path: string): number | undefined {
    return this.#assets.files.get(path)?.size
  }

  /**
   * Copies what a file has from `offset` on, as far as there is room.
   * @returns how many bytes they are; undefined where there is no such file, `spent` where the instance would have read too much
   */
  read(path: string, offset: number, out: Uint8Array): number | 'spent' | undefined {
    const file = this.#assets.files.get(path)
    if (!file) return undefined
    const size = Math.min(out.length, Math.max(0, file.size - offset))
    if (size > this.#left) return 'spent'
    this.#left -= size
    if (size > 0) out.set(new Uint8Array(this.#assets.bytes, file.from + offset, size))
    return size
  }
}
