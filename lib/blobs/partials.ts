import { rm } from 'node:fs/promises'
import type { BlobId, Millis } from '../base/index.ts'
import type { BlobFiles } from './files.ts'
import { PartialBlob } from './partial.ts'

/** Cut transfers that are kept for going on with, and for how long. */
const MAX_PARTIALS = 64
const PARTIAL_AGE: Millis = 7 * 24 * 3_600_000

interface Init {
  readonly files: BlobFiles
  /** Of all that nobody writes to, together. */
  readonly maxBytes: number
  /** Milliseconds since 1970. */
  readonly now: () => Millis
}

/** What came of transfers that were cut. Those written last stay, as far as number, bytes and age allow; what is open always does. */
export class Partials {
  readonly #init: Init
  /** Paths of those that are open, or about to be. */
  readonly #open = new Set<string>()
  #pruning: Promise<unknown> = Promise.resolve()

  constructor(init: Init) {
    this.#init = init
  }

  /** One at a time for each blob and part. @throws BLOB_WRITE, ID_INVALID */
  async open(id: BlobId, part: string): Promise<PartialBlob> {
    const path = this.#init.files.partialOf(id, part)
    this.#open.add(path)
    // What is being removed may be this: it begins anew then.
    await this.#pruning
    try {
      return await PartialBlob.open(path, () => this.#closed(path))
    } catch (error) {
      this.#open.delete(path)
      throw error
    }
  }

  async drop(id: BlobId, part: string): Promise<void> {
    await rm(this.#init.files.partialOf(id, part), { force: true })
  }

  /** Removes what is beyond the bounds; gives how many those were. */
  prune(): Promise<number> {
    const { files, maxBytes, now } = this.#init
    const pruned = this.#pruning.then(() =>
      files.prunePartials({
        keep: MAX_PARTIALS,
        bytes: maxBytes,
        notBefore: now() - PARTIAL_AGE,
        spares: (path) => this.#open.has(path),
      }),
    )
    this.#pruning = pruned.catch(() => undefined)
    return pruned
  }

  async #closed(path: string): Promise<void> {
    this.#open.delete(path)
    // It is closed, and maybe a blob, whatever becomes of the others: they are tried again, and a collection says why not.
    await this.prune().catch(() => undefined)
  }
}
