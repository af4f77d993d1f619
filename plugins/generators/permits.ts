import { readFile, rename, writeFile } from 'node:fs/promises'
import { isBlobId, MarmaladeError, type BlobId, type PlayerId } from '../../lib/base/index.ts'
import type { Store } from '../../lib/store/index.ts'
import { generatorIn } from './catalogue.ts'

/** Archives allowed one by one at most, and entries of one trusted player that are looked through. */
const MOST = 4_096
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
  readonly #allowed: Set<BlobId>
  readonly #listeners = new Set<() => void>()
  #writing: Promise<void> = Promise.resolve()

  private constructor(init: Init, allowed: Set<BlobId>) {
    this.#init = init
    this.#allowed = allowed
  }

  /** @throws MarmaladeError CONFIG_INVALID where the file is no list of blob ids */
  static async load(init: Init): Promise<Permits> {
    return new Permits(init, await readAllowed(init.file))
  }

  get allowed(): BlobId[] {
    return [...this.#allowed]
  }

  async mayRun(archive: BlobId): Promise<boolean> {
    if (this.#allowed.has(archive)) return true
    for (const player of this.#init.trusted()) if (await this.#publishes(player, archive)) return true
    return false
  }

  /** Resolves when it is remembered. @throws MarmaladeError CONFIG_INVALID where too many are allowed */
  async allow(archive: BlobId, on: boolean): Promise<void> {
    if (on && this.#allowed.size >= MOST)
      throw new MarmaladeError(
        'CONFIG_INVALID',
        `${MOST} archives are allowed already: \`generator allow --revoke\` some`,
      )
    if (on) this.#allowed.add(archive)
    else this.#allowed.delete(archive)
    const written = this.#writing.then(() => this.#write())
    this.#writing = written.catch(() => undefined)
    // What was taken back ends whether the disk remembers that or not.
    await written.finally(() => this.changed())
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

  async #write(): Promise<void> {
    const { file } = this.#init
    await writeFile(`${file}.new`, `${JSON.stringify(this.allowed, null, 2)}\n`, { mode: 0o600 })
    await rename(`${file}.new`, file)
  }
}

async function readAllowed(file: string): Promise<Set<BlobId>> {
  try {
    const list: unknown = JSON.parse(await readFile(file, 'utf8'))
    if (Array.isArray(list) && list.every(isBlobId)) return new Set(list)
    throw new Error('it is another JSON')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return new Set()
    throw new MarmaladeError('CONFIG_INVALID', `${file} is no list of blob ids: mend it or remove it`, { cause: error })
  }
}
