import { MarmaladeError } from '../base/index.ts'
import type { BlobId, EntryKey, JamId, PlayerId } from '../base/index.ts'
import { readPayload, verifyEntry } from '../entry/index.ts'
import type { Entry } from '../entry/index.ts'
import { Ledger, readItem, Shares } from '../jam/index.ts'
import type { Fork, JamEntry } from '../jam/index.ts'
import { nodeCrypto } from '../keys/index.ts'

/** A bundle is read whole: entries of its jam in it. Each player has its own share of them (`Shares`). */
const MAX_ENTRIES = 1_048_576

/**
 * Gathers from whole feeds what is of one jam, and what its players publish: what a score is built from. Each entry is
 * checked by its own signature.
 */
export class JamCollector {
  readonly #ledger: Ledger
  readonly #shares: Shares
  readonly #entries = new Map<EntryKey, JamEntry>()
  /** Publications by archive. */
  readonly #published = new Map<BlobId, number>()
  #ofJam = 0

  constructor(jam: JamId) {
    this.#ledger = new Ledger(jam)
    this.#shares = new Shares(jam)
  }

  /** @throws MarmaladeError JAM_TOO_LARGE */
  take(entry: Entry): void {
    const read = readItem(this.#ledger.jam, entry)
    const published = read.kind === 'item' && read.item.kind === 'generator' ? read.item.payload.archive : undefined
    if (published !== undefined) this.#published.set(published, (this.#published.get(published) ?? 0) + 1)
    else if (read.kind !== 'other' || namesJam(entry, this.#ledger.jam)) this.#ofJam++
    if (read.kind === 'other' || !verifyEntry(entry, nodeCrypto)) return
    this.#keep(entry)
  }

  #keep(entry: Entry): void {
    const { identity, key, comparable, payload } = entry
    const slim: JamEntry = { identity, key, comparable, payload }
    const excess = this.#shares.take(slim)?.entry
    if (excess === slim) return
    if (excess) {
      this.#entries.delete(excess.key)
      this.#ledger.remove(excess.key)
    }
    if (this.#entries.size >= MAX_ENTRIES)
      throw new MarmaladeError(
        'JAM_TOO_LARGE',
        `more than ${MAX_ENTRIES} entries of ${this.#ledger.jam} are for no bundle`,
      )
    this.#entries.set(key, slim)
    this.#ledger.add(slim)
  }

  /** What `buildScore` takes, without what is too much of one player, in the order in which it came. */
  get entries(): readonly JamEntry[] {
    return [...this.#entries.values()]
  }

  /** Everyone ever admitted, and whose entries a fork begins with, as far as what has been taken tells. */
  get players(): ReadonlySet<PlayerId> {
    return this.#ledger.players
  }

  /** What the jam begins with, where it was forked: that may stand before the start that says so, so it is read last, and taken by `carry`. */
  get fork(): Fork | undefined {
    return this.#ledger.fork
  }

  /** Takes an entry where the jam begins with it. @throws MarmaladeError JAM_TOO_LARGE */
  carry(entry: Entry): void {
    if (!this.fork?.read(entry) || !verifyEntry(entry, nodeCrypto)) return
    this.#ofJam++
    this.#keep(entry)
  }

  /** How many entries are of the jam, with those that publish one of these archives. */
  countWith(archives: ReadonlySet<BlobId>): number {
    let count = this.#ofJam
    for (const [archive, times] of this.#published) if (archives.has(archive)) count += times
    return count
  }
}

/** Whether what is no part of the music belongs to the jam all the same: what a player says in it. */
const namesJam = ({ payload }: Entry, jam: JamId): boolean => typeof payload === 'object' && payload['jam'] === jam

/** The blobs that an entry of a player names as what it publishes: archives and pictures. */
export function blobsNamed(entry: Pick<Entry, 'comparable' | 'payload'>): BlobId[] {
  const read = readPayload(entry)
  switch (read.kind) {
    case 'again':
      return blobsNamed({ comparable: read.payload.comparable, payload: read.payload.payload })
    case 'generator':
      return [read.payload.archive]
    case 'identification':
      return read.payload.image === undefined || read.payload.image === null ? [] : [read.payload.image]
    case 'image':
      return [read.payload.blob]
    case 'collection':
      return read.payload.blobs.map(({ blob }) => blob)
    default:
      return []
  }
}
