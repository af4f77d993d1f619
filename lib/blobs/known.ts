import { readdir } from 'node:fs/promises'
import type { BlobId } from '../base/index.ts'
import { hexOf, isMissing } from './files.ts'
import type { BlobFiles } from './files.ts'

/** Names of blobs remembered at most, about 7 MB of them. Folders that do not fit are looked at each time. */
const MAX_NAMES = 65_536

interface Folder {
  /** No blob that is there is lacking, once it is listed; one that has gone may still be among them. */
  readonly names: Set<string>
  /** Whether it has been read; or the reading, while it is under way. */
  listed: Promise<void> | 'whole' | 'too much'
}

/**
 * Which blobs are here, by the folders that hold them, each read when it is first asked about: whoever asks for what is not
 * here, such as strangers who name what they like, costs no look at the disk from then on. Nobody else may add to these folders.
 */
export class KnownBlobs {
  readonly #files: Pick<BlobFiles, 'folderOf'>
  readonly #max: number
  readonly #folders = new Map<string, Folder>()
  #count = 0

  constructor(files: Pick<BlobFiles, 'folderOf'>, max = MAX_NAMES) {
    this.#files = files
    this.#max = max
  }

  /** Whether a blob may be here; where not, it is not. Waits for the disk only where its folder has not been read. @throws ID_INVALID */
  async mayHave(id: BlobId): Promise<boolean> {
    const name = hexOf(id)
    const folder = this.#folders.get(name.slice(0, 2)) ?? this.#read(id)
    if (typeof folder.listed === 'object') await folder.listed
    return folder.listed !== 'whole' || folder.names.has(name)
  }

  /** A blob has come: to be called once its file has its name. */
  add(id: BlobId): void {
    const name = hexOf(id)
    const folder = this.#folders.get(name.slice(0, 2))
    if (folder) this.#note(folder, name)
  }

  /** A blob has gone. */
  delete(id: BlobId): void {
    const name = hexOf(id)
    if (this.#folders.get(name.slice(0, 2))?.names.delete(name) === true) this.#count--
  }

  /** Reads the folder of a blob. What comes meanwhile is noted beside it. */
  #read(id: BlobId): Folder {
    const start = hexOf(id).slice(0, 2)
    const folder: Folder = { names: new Set(), listed: 'too much' }
    this.#folders.set(start, folder)
    if (this.#count >= this.#max) return folder
    const reading = namesIn(this.#files.folderOf(id)).then(
      (rests) => {
        folder.listed = 'whole'
        for (const rest of rests) this.#note(folder, start + rest)
      },
      (error: unknown) => {
        this.#forget(folder)
        this.#folders.delete(start)
        throw error
      },
    )
    folder.listed = reading
    return folder
  }

  #note(folder: Folder, name: string): void {
    if (folder.listed === 'too much' || folder.names.has(name)) return
    folder.names.add(name)
    this.#count++
    if (this.#count > this.#max) this.#forget(folder)
  }

  #forget(folder: Folder): void {
    this.#count -= folder.names.size
    folder.names.clear()
    folder.listed = 'too much'
  }
}

async function namesIn(folder: string): Promise<string[]> {
  try {
    return await readdir(folder)
  } catch (cause) {
    if (isMissing(cause)) return []
    throw cause
  }
}
