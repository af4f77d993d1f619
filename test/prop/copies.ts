import type { EntryKey, PlayerId } from '../../lib/base/index.ts'
import type { Entry } from '../../lib/entry/index.ts'
import { standsFor, traceOf } from '../../lib/feed/index.ts'
import type { Identity } from '../../lib/keys/index.ts'
import type { Store } from '../../lib/store/index.ts'
import { HandClock, collect, headOfChain, rawOf } from '../helpers/chains.ts'
import { inFolder, type StorePlace } from '../helpers/stores.ts'

/** The keys of the originals that these entries carry. */
export const originalsOf = (entries: readonly Entry[]): EntryKey[] =>
  entries.flatMap((entry) => (traceOf(entry).original ? [standsFor(entry).key] : []))

/** A store that can be put back to an earlier time. */
export class Copy {
  store: Store
  readonly clock: HandClock
  readonly owner: Identity
  #place: StorePlace
  #backup: readonly Entry[] = []

  private constructor(owner: Identity, clock: HandClock, place: StorePlace, store: Store) {
    this.owner = owner
    this.clock = clock
    this.#place = place
    this.store = store
  }
  static async open(owner: Identity, clock = new HandClock()): Promise<Copy> {
    const place = inFolder.place()
    return new Copy(owner, clock, place, await place.open(owner, clock))
  }

  feed(identity: PlayerId): Promise<Entry[]> {
    return collect(this.store.read(identity))
  }
  async branches(identity: PlayerId): Promise<Entry[][]> {
    const lost = await this.store.lost(identity)
    return Promise.all(lost.map((head) => collect(this.store.readLost(identity, head))))
  }
  async originals(identity: PlayerId): Promise<EntryKey[]> {
    return originalsOf([...(await this.feed(identity)), ...(await this.branches(identity)).flat()])
  }

  async backup(): Promise<void> {
    this.#backup = await this.feed(this.owner.id)
  }
  /** The owner insists: nobody was asked what it has. */
  async restore(): Promise<void> {
    await this.remove()
    this.#place = inFolder.place()
    this.store = await this.#place.open(this.owner, this.clock)
    if (this.#backup.length > 0) await this.store.ingest(this.owner.id, rawOf(this.#backup))
  }
  async remove(): Promise<void> {
    await this.store.close()
    await this.#place.remove()
  }

  /** Sends the feed, or the first so many of its entries, in runs; then what it keeps besides to its author. */
  async send(to: Copy, identity: PlayerId, { size = 64, most = Infinity } = {}): Promise<void> {
    const feed = await this.feed(identity)
    const head = feed.length > 0 ? headOfChain(feed) : undefined
    for (let at = 0; at < Math.min(feed.length, most); at += size)
      await to.store.ingest(identity, rawOf(feed.slice(at, Math.min(at + size, most))), head)
    if (to.owner.id !== identity || most < Infinity) return
    for (const branch of await this.branches(identity))
      if (branch.length > 0) await to.store.ingest(identity, rawOf(branch), headOfChain(branch))
  }
}
