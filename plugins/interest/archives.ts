import type { BlobId, PlayerId } from '../../lib/base/index.ts'
import type { Entry } from '../../lib/entry/index.ts'
import { believedIn } from '../../lib/players/index.ts'
import type { Change, Store } from '../../lib/store/index.ts'
import type { Roster } from './roster.ts'

/** What names archives. */
const SAYS: ReadonlySet<string> = new Set(['generator', 'play'])
/** Generators of one member that are looked at: the newest. */
const MAX_OF_MEMBER = 256
/** Archives of one jam that are remembered: past it the oldest goes. */
const MAX_ARCHIVES = 8_192

/** The archives that a jam's members have published, and those played in it, each with one member that names it. */
export class Archives {
  readonly #roster: Pick<Roster, 'everyone' | 'jam' | 'has'>
  readonly #store: Store
  /** Read when it is first asked for. */
  #named: Promise<Map<BlobId, PlayerId>> | undefined

  constructor(roster: Pick<Roster, 'everyone' | 'jam' | 'has'>, store: Store) {
    this.#roster = roster
    this.#store = store
  }

  /** A member whose feed names the archive; undefined where none does. */
  async namedBy(archive: BlobId): Promise<PlayerId | undefined> {
    this.#named ??= this.#read()
    const reading = this.#named
    try {
      return (await reading).get(archive)
    } catch (error) {
      if (this.#named === reading) this.#named = undefined
      throw error
    }
  }

  /** Who belongs to the jam is another now: all is read anew when it is next asked for. */
  forget(): void {
    this.#named = undefined
  }

  /** Folds a change of a feed in. */
  async observe({ head: { identity }, entries, changeover }: Change): Promise<void> {
    if (!this.#named || !this.#roster.has(identity)) return
    if (changeover) {
      this.forget()
      return
    }
    const named = await this.#named
    for (const entry of entries) await this.#take(named, entry)
  }

  async #read(): Promise<Map<BlobId, PlayerId>> {
    const named = new Map<BlobId, PlayerId>()
    const { everyone, jam } = this.#roster
    for (const identity of everyone) {
      for await (const entry of this.#store.byType('generator', { identity, limit: MAX_OF_MEMBER }))
        await this.#take(named, entry)
    }
    for await (const entry of this.#store.byJam(jam)) await this.#take(named, entry)
    return named
  }

  async #take(named: Map<BlobId, PlayerId>, entry: Entry): Promise<void> {
    if (!this.#roster.has(entry.identity)) return
    const read = (await believedIn(this.#store, entry, SAYS))?.read
    if (!read) return
    const plays = read.kind === 'play' && read.payload.jam === this.#roster.jam
    if (read.kind !== 'generator' && !plays) return
    const { archive } = read.payload
    if (named.has(archive)) return
    named.set(archive, entry.identity)
    if (named.size <= MAX_ARCHIVES) return
    for (const oldest of named.keys()) {
      named.delete(oldest)
      return
    }
  }
}
