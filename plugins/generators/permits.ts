import { isBlobId, type BlobId, type PlayerId } from '../../lib/base/index.ts'
import type { Store } from '../../lib/store/index.ts'
import { IdFile } from '../id-file.ts'
import { generatorIn } from './catalogue.ts'

/** Entries of one trusted player that are looked through. */
const MOST_ENTRIES = 10_000

interface Init {
  /** The file that remembers which archives may run. */
  readonly file: string
  readonly store: Pick<Store, 'byType' | 'get'>
  /** See `trustedPlayers`. */
  readonly trusted: () => readonly PlayerId[]
}

/**
 * Whose archives may run here without being allowed one by one: the owner, and whom the owner trusts and does not block.
 */
export const trustedPlayers = ({
  self,
  trust,
  follows,
}: {
  readonly self: PlayerId
  readonly trust: { list(): readonly PlayerId[] }
  readonly follows: { blocks(player: PlayerId): boolean }
}): PlayerId[] => [self, ...trust.list().filter((player) => !follows.blocks(player))]

/**
 * Which process archives may run on this machine: those that were allowed, by their hash, and those that somebody whom the
 * owner trusts has published in their own feed. A setting of this machine, never an entry.
 */
export class Permits {
  readonly #init: Init
  readonly #allowed: IdFile<BlobId>
  readonly #listeners = new Set<() => void>()

  /** @throws MarmaladeError CONFIG_INVALID where the file is no list of blob ids */
  constructor(init: Init) {
    this.#init = init
    this.#allowed = new IdFile({
      file: init.file,
      isId: isBlobId,
      what: 'blob ids',
      full: 'too many archives are allowed already: `generator allow --revoke` some',
    })
    this.#allowed.onChange(() => this.changed())
  }

  get allowed(): BlobId[] {
    return this.#allowed.list()
  }

  async mayRun(archive: BlobId): Promise<boolean> {
    if (this.#allowed.has(archive)) return true
    for (const player of this.#init.trusted()) if (await this.#publishes(player, archive)) return true
    return false
  }

  /** Resolves when it is remembered. @throws MarmaladeError CONFIG_INVALID where too many are allowed */
  async allow(archive: BlobId, on: boolean): Promise<void> {
    await this.#allowed.set(archive, on)
  }

  /** Who is trusted, or what they publish, is another now: more or fewer may run. */
  changed(): void {
    for (const listener of this.#listeners) listener()
  }

  /** Gives a function that takes the listener away. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  async #publishes(identity: PlayerId, archive: BlobId): Promise<boolean> {
    const { store } = this.#init
    for await (const entry of store.byType('generator', { identity, limit: MOST_ENTRIES }))
      if ((await generatorIn(store, entry))?.archive === archive) return true
    return false
  }
}
