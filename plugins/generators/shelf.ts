import { link, mkdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { BlobId, Name, PlayerId } from '../../lib/base/index.ts'
import type { BlobStore } from '../../lib/blobs/index.ts'

interface Init {
  /** `<home>/generators`. */
  readonly folder: string
  readonly store: BlobStore
  /** The player's part of a file name: fit for a path, and nobody else's here. */
  readonly fileNameOf: (player: PlayerId) => string
  readonly onFault: (error: unknown) => void
}

/** `generators/<player>:<name>.tgz`, for people: each name's newest archive, as a hard link to its blob. */
export class Shelf {
  readonly #init: Init
  #last: Promise<void> = Promise.resolve()

  constructor(init: Init) {
    this.#init = init
  }

  /** Puts an archive under its name, after those before it; nothing where it is not here. */
  put(player: PlayerId, name: Name, archive: BlobId): void {
    this.#last = this.#last
      .then(() => this.#link(player, name, archive))
      .catch((error: unknown) => this.#init.onFault(error))
  }

  /** Resolves when everything has its place. */
  idle(): Promise<void> {
    return this.#last
  }

  async #link(player: PlayerId, name: Name, archive: BlobId): Promise<void> {
    const { folder, store, fileNameOf } = this.#init
    if (!(await store.has(archive))) return
    await mkdir(folder, { recursive: true })
    // Both parts are checked: the player's has no `/`, a name only a-z 0-9 . _ - and no leading dot.
    const file = join(folder, `${fileNameOf(player)}:${name}.tgz`)
    await rm(`${file}.new`, { force: true })
    await link(store.path(archive), `${file}.new`)
    await rename(`${file}.new`, file)
  }
}
