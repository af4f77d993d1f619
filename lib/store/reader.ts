import { MarmaladeError, rawId } from '../base/index.ts'
import type { Crypto, EntryKey, GeneratorId, JamId, Micros, PlayerId } from '../base/index.ts'
import type { Entry, HeadPosition } from '../entry/index.ts'
import { chainOf, holds, lastShared, otherHeads } from '../feed/index.ts'
import { headOf } from './change.ts'
import { readFeed, readPlace } from './feeds.ts'
import type { FeedState } from './feeds.ts'
import { positionOf } from './grow.ts'
import { HEAD, entryRow, identityOfHeadKey, parseHead, prefixes } from './layout.ts'
import { takeSnapshot, withSnapshot } from './level.ts'
import type { Db, Snapshot } from './level.ts'
import { entryOf, readChain } from './read.ts'
import type { ReadParts } from './read.ts'
import { scanIndex } from './scan.ts'
import { measure } from './sizes.ts'
import type { Head, ReadRange, ScanOptions, Sizes, Verified, VerifyOptions } from './types.ts'
import { verifyStore } from './verify.ts'

/**
 * The reading half of `Store`. Every read of more than one row is made on a snapshot, so that it sees a feed before a
 * changeover or after it, never both.
 */
export class Reader {
  readonly #db: Db
  readonly #crypto: Crypto
  #closed = false

  constructor({ db, crypto }: { readonly db: Db; readonly crypto: Crypto }) {
    this.#db = db
    this.#crypto = crypto
  }

  async head(identity: PlayerId): Promise<Head | undefined> {
    this.assertOpen()
    const { head } = await readFeed(this.#db, identity)
    return head && headOf(identity, head)
  }

  async *heads(): AsyncGenerator<Head> {
    this.assertOpen()
    const range = { gte: Uint8Array.of(HEAD), lt: Uint8Array.of(HEAD + 1) }
    yield* this.#whileOpen(this.#headRows(range))
  }

  async *#headRows(range: { gte: Uint8Array; lt: Uint8Array }): AsyncGenerator<Head> {
    for await (const [key, value] of this.#db.iterator(range)) yield headOf(identityOfHeadKey(key), parseHead(value))
  }

  async lost(identity: PlayerId): Promise<readonly HeadPosition[]> {
    this.assertOpen()
    const { head, branches } = await readFeed(this.#db, identity)
    return head ? otherHeads(branches, head.branch).map(({ tail }) => positionOf(tail)) : []
  }

  read(identity: PlayerId, range: ReadRange = {}): AsyncGenerator<Entry> {
    return this.#reading((snapshot) => this.#readFeed(identity, range, snapshot))
  }

  async *#readFeed(identity: PlayerId, range: ReadRange, snapshot: Snapshot): AsyncGenerator<Entry> {
    const { head, branches, feed } = await readFeed(this.#db, identity, snapshot)
    if (head) yield* readChain(this.#readParts(snapshot), feed, chainOf(branches, head.branch), range)
  }

  readLost(identity: PlayerId, head: HeadPosition): AsyncGenerator<Entry> {
    return this.#reading((snapshot) => this.#readLost(identity, head, snapshot))
  }

  async *#readLost(identity: PlayerId, lost: HeadPosition, snapshot: Snapshot): AsyncGenerator<Entry> {
    const { head, branches, feed } = await readFeed(this.#db, identity, snapshot)
    if (!head) return
    const branch = otherHeads(branches, head.branch).find(({ tail }) => tail.key === lost.key)
    if (!branch) return
    const chain = chainOf(branches, branch.id)
    const shared = lastShared(chain, chainOf(branches, head.branch))
    yield* readChain(this.#readParts(snapshot), feed, chain, { after: shared?.until ?? 0 })
  }

  async get(key: EntryKey, where: 'feed' | 'anywhere' = 'feed'): Promise<Entry | undefined> {
    this.assertOpen()
    return withSnapshot(this.#db, async (snapshot) => {
      const place = await readPlace(this.#db, key, snapshot)
      if (place && (where === 'anywhere' || isCurrent(await readFeed(this.#db, place.identity, snapshot), place))) {
        const { feed } = await readFeed(this.#db, place.identity, snapshot)
        const bytes = await this.#db.get(entryRow(feed, place.branch, place.comparable), { snapshot })
        return entryOf(bytes, this.#crypto)
      }
      for await (const again of scanIndex(this.#readParts(snapshot), prefixes.original(key), 'oldest first'))
        return again
      return undefined
    })
  }

  async has(identity: PlayerId, position: HeadPosition): Promise<boolean> {
    this.assertOpen()
    return withSnapshot(this.#db, async (snapshot) => {
      const place = await readPlace(this.#db, position.key, snapshot)
      if (place?.identity !== identity || place.comparable !== position.comparable) return false
      return isCurrent(await readFeed(this.#db, identity, snapshot), place)
    })
  }

  async *byType(type: string, options: ScanOptions = {}): AsyncGenerator<Entry> {
    const { identity, limit = Infinity, reverse } = options
    const prefix = identity ? prefixes.feedAndType(rawId(identity), type) : prefixes.type(type)
    let left = limit
    if (!prefix || left <= 0) return
    for await (const entry of this.#scan(prefix, reverse ? 'oldest first' : 'newest first')) {
      yield entry
      if (--left <= 0) return
    }
  }

  byJam(jam: JamId): AsyncGenerator<Entry> {
    return this.#scan(prefixes.jam(jam), 'oldest first')
  }

  byGenerator(generator: GeneratorId): AsyncGenerator<Entry> {
    return this.#scan(prefixes.generator(generator), 'newest first')
  }

  byEdge(target: PlayerId): AsyncGenerator<Entry> {
    return this.#scan(prefixes.edge(target), 'newest first')
  }

  #scan(prefix: Uint8Array, order: 'newest first' | 'oldest first'): AsyncGenerator<Entry> {
    return this.#reading((snapshot) => scanIndex(this.#readParts(snapshot), prefix, order))
  }

  async verifyAll(options: VerifyOptions = {}): Promise<Verified> {
    this.assertOpen()
    return withSnapshot(this.#db, (snapshot) => verifyStore(this.#readParts(snapshot), options))
  }

  async sizes(): Promise<Sizes> {
    this.assertOpen()
    return measure(this.#db, this.heads())
  }

  #readParts(snapshot: Snapshot): ReadParts {
    return { db: this.#db, crypto: this.#crypto, snapshot }
  }

  /** Reads on a snapshot of its own, taken at the first step and given back at the last. */
  async *#reading(read: (snapshot: Snapshot) => AsyncGenerator<Entry>): AsyncGenerator<Entry> {
    this.assertOpen()
    const snapshot = takeSnapshot(this.#db)
    try {
      yield* this.#whileOpen(read(snapshot))
    } finally {
      await snapshot?.close()
    }
  }

  /** What fails because the store was closed meanwhile says so. */
  async *#whileOpen<T>(values: AsyncGenerator<T>): AsyncGenerator<T> {
    try {
      yield* values
    } catch (error) {
      this.assertOpen()
      throw error
    }
  }

  /** From now on every method rejects with CLOSED. */
  protected shut(): void {
    this.#closed = true
  }

  /** @throws MarmaladeError CLOSED */
  protected assertOpen(): void {
    if (this.#closed) throw new MarmaladeError('CLOSED', 'the store has been closed')
  }
}

const isCurrent = ({ head, branches }: FeedState, place: { branch: number; comparable: Micros }): boolean =>
  head !== undefined && holds(chainOf(branches, head.branch), place.branch, place.comparable)
