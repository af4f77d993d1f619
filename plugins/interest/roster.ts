import { ownedParts, type EntryKey, type JamId, type PlayerId } from '../../lib/base/index.ts'
import { verifyEntry, type Entry } from '../../lib/entry/index.ts'
import { Members, readItem, type AdmitItem } from '../../lib/jam/index.ts'
import { nodeCrypto } from '../../lib/keys/index.ts'
import { maySay } from '../../lib/players/index.ts'
import type { Change, Store } from '../../lib/store/index.ts'

/** Members of a jam that are known here at most: those admitted first. */
const MAX_MEMBERS = 256
/** Admits of one jam that are remembered. */
const MAX_ADMITS = 1_024
const MEMBERSHIP = new Set(['jam'])

/**
 * Who was ever admitted to a jam that this node need not be in: lib/jam's rule over the `start` and `admit` entries in
 * the feeds of those who are members. What is played in it is not looked at.
 */
export class Roster {
  readonly jam: JamId
  readonly starter: PlayerId
  readonly #store: Store
  readonly #admits = new Map<EntryKey, AdmitItem>()
  #started = false
  /** Members whose entries have been read. */
  readonly #read = new Set<PlayerId>()
  #everyone: ReadonlySet<PlayerId>

  constructor(jam: JamId, store: Store) {
    this.jam = jam
    this.starter = ownedParts(jam).owner
    this.#store = store
    this.#everyone = new Set([this.starter])
  }

  /** The starter, and once its start is here everyone admitted, at most 256. */
  get everyone(): ReadonlySet<PlayerId> {
    return this.#everyone
  }

  /** Whether a player is known to be of the jam: the starter not before its start is here. */
  has(player: PlayerId): boolean {
    return this.#started && this.#everyone.has(player)
  }

  /** Reads what the feeds here say. */
  async load(): Promise<void> {
    await this.#grow()
  }

  /** Folds a change of a feed in; true where who belongs to the jam is another now. */
  async observe({ head: { identity }, entries, changeover }: Change): Promise<boolean> {
    if (!this.#read.has(identity)) return false
    const before = this.#text()
    if (changeover) {
      // Those whom it admitted, and whom these did, may be out.
      this.#admits.clear()
      this.#read.clear()
      this.#started = false
      await this.#grow()
    } else if (entries.map((entry) => this.#take(entry)).includes(true)) await this.#grow()
    return before !== this.#text()
  }

  #text(): string {
    return `${String(this.#started)} ${[...this.#everyone].join()}`
  }

  async #grow(): Promise<void> {
    for (;;) {
      const { everyone } = new Members(this.starter, this.#admits.values())
      this.#everyone = new Set(this.#started ? [...everyone].slice(0, MAX_MEMBERS) : [this.starter])
      const unread = [...this.#everyone].filter((player) => !this.#read.has(player))
      if (unread.length === 0) return
      for (const player of unread) await this.#readOf(player)
    }
  }

  async #readOf(player: PlayerId): Promise<void> {
    this.#read.add(player)
    for await (const entry of this.#store.byType('jam', { identity: player, reverse: true })) this.#take(entry)
  }

  /** True where it counts and was not known. */
  #take(entry: Entry): boolean {
    if (!maySay(entry, MEMBERSHIP)) return false
    const read = readItem(this.jam, entry)
    if (read.kind !== 'item') return false
    const { item } = read
    const starts = item.kind === 'start' && item.identity === this.starter && !this.#started
    const admits = item.kind === 'admit' && !this.#admits.has(item.key) && this.#admits.size < MAX_ADMITS
    if ((!starts && !admits) || !verifyEntry(entry, nodeCrypto)) return false
    if (starts) this.#started = true
    else if (item.kind === 'admit') this.#admits.set(item.key, item)
    return true
  }
}
