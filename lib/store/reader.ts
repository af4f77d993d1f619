import { MarmaladeError, ownedParts } from '../base/index.ts'
import type { Crypto, EntryKey, GeneratorId, JamId, Micros, PlayerId } from '../base/index.ts'
import type { Entry, HeadPosition, RawEntry } from '../entry/index.ts'
import { chainOf, holds, lastShared, otherHeads, standsFor } from '../feed/index.ts'
import { toldOnce } from './afterwards.ts'
import type { Told } from './afterwards.ts'
import { FirstAgains } from './again.ts'
import { headOf } from './change.ts'
import { readFeed, readNumbered } from './feeds.ts'
import type { FeedState, Feeds } from './feeds.ts'
import { positionOf } from './grow.ts'
import {
  CHANGED,
  HEAD,
  changedKey,
  headKey,
  numberKey,
  parseHead,
  parseNumber,
  prefixes,
  rangeOf,
  sequenceOf,
} from './layout.ts'
import { takeSnapshot, withSnapshot } from './level.ts'
import type { Db, Snapshot } from './level.ts'
import { entryOf, findKey, findOn, readChain, readRaw, spotOf } from './read.ts'
import { scanIndex } from './scan.ts'
import type { ScanParts } from './scan.ts'
import { measure } from './sizes.ts'
import type { Changed, Head, ReadRange, RunSize, ScanOptions, Sizes, Verified, VerifyOptions } from './types.ts'
import { verifyStore } from './verify.ts'
import type { Order } from './window.ts'

/** Rows looked up in one go. */
const STEP = 64

interface ReaderParts extends Told {
  readonly db: Db
  readonly crypto: Crypto
  readonly feeds: Pick<Feeds, 'read'>
}

/**
 * The reading half of `Store`. Every read of more than one row is made on a snapshot, so that it sees a feed before a
 * changeover or after it, never both.
 */
export class Reader {
  readonly #db: Db
  readonly #crypto: Crypto
  readonly #feeds: ReaderParts['feeds']
  readonly #onFault: Told['onFault']
  readonly #agains = new FirstAgains()
  #closed = false

  constructor({ db, crypto, feeds, onFault }: ReaderParts) {
    this.#db = db
    this.#crypto = crypto
    this.#feeds = feeds
    this.#onFault = toldOnce(onFault)
  }

  async head(identity: PlayerId): Promise<Head | undefined> {
    this.assertOpen()
    const state = await this.#feeds.read(identity)
    return state?.head && headOf(identity, state.head)
  }

  async *heads(): AsyncGenerator<Head> {
    this.assertOpen()
    yield* this.#whileOpen(this.#headRows())
  }

  async *#headRows(): AsyncGenerator<Head> {
    for await (const value of this.#db.values(rangeOf(HEAD))) yield headOfRow(value)
  }

  async *changedSince(sequence: number): AsyncGenerator<Changed> {
    this.assertOpen()
    const snapshot = takeSnapshot(this.#db)
    try {
      yield* this.#whileOpen(this.#changed(sequence, snapshot))
    } finally {
      await snapshot?.close()
    }
  }

  async *#changed(after: number, snapshot: Snapshot): AsyncGenerator<Changed> {
    const range = { gt: changedKey(after), lt: Uint8Array.of(CHANGED + 1), snapshot }
    const rows = this.#db.iterator(range)
    try {
      for (let found = await rows.nextv(STEP); found.length > 0; found = await rows.nextv(STEP)) {
        const keys = found.map(([, feed]) => headKey(parseNumber(feed)))
        const heads = await this.#db.getMany(keys, { snapshot })
        for (const [i, [key]] of found.entries()) {
          const value = heads[i]
          if (value) yield { sequence: sequenceOf(key), head: headOfRow(value) }
        }
      }
    } finally {
      await rows.close()
    }
  }

  async lost(identity: PlayerId): Promise<readonly HeadPosition[]> {
    this.assertOpen()
    const state = await this.#feeds.read(identity)
    return state?.head ? otherHeads(state.branches, state.head.branch).map(({ tail }) => positionOf(tail)) : []
  }

  async readRun(identity: PlayerId, after: HeadPosition | undefined, most: RunSize): Promise<readonly RawEntry[]> {
    this.assertOpen()
    const state = await this.#feeds.read(identity)
    if (!state?.head) return []
    const parts = { db: this.#db, crypto: this.#crypto }
    try {
      return await readRaw(parts, state.feed, chainOf(state.branches, state.head.branch), after, most)
    } catch (error) {
      this.assertOpen()
      const now = await this.#feeds.read(identity)
      if (now?.sequence !== state.sequence) return []
      throw error
    }
  }

  read(identity: PlayerId, range: ReadRange = {}): AsyncGenerator<Entry> {
    return this.#reading((snapshot) => this.#readFeed(identity, range, snapshot))
  }

  async *#readFeed(identity: PlayerId, range: ReadRange, snapshot: Snapshot): AsyncGenerator<Entry> {
    const state = await readFeed(this.#db, identity, snapshot)
    if (!state?.head) return
    yield* readChain(this.#readParts(snapshot), state.feed, chainOf(state.branches, state.head.branch), range)
  }

  readLost(identity: PlayerId, head: HeadPosition, after: Micros = 0): AsyncGenerator<Entry> {
    return this.#reading((snapshot) => this.#readLost(identity, head, after, snapshot))
  }

  async *#readLost(identity: PlayerId, lost: HeadPosition, after: Micros, snapshot: Snapshot): AsyncGenerator<Entry> {
    const state = await readFeed(this.#db, identity, snapshot)
    if (!state?.head) return
    const { head, branches, feed } = state
    const branch = losingBranch(state, lost)
    if (!branch) return
    const chain = chainOf(branches, branch.id)
    const shared = lastShared(chain, chainOf(branches, head.branch))
    yield* readChain(this.#readParts(snapshot), feed, chain, { after: Math.max(shared?.until ?? 0, after) })
  }

  async get(key: EntryKey, where: 'feed' | 'anywhere' = 'feed', author?: PlayerId): Promise<Entry | undefined> {
    this.assertOpen()
    return withSnapshot(this.#db, async (snapshot) => {
      const parts = this.#readParts(snapshot)
      const spot = await spotOf(parts, key)
      const by = author === undefined ? spot && readNumbered(this.#db, spot.feed, snapshot) : undefined
      const state = await (author === undefined ? by : readFeed(this.#db, author, snapshot))
      // What is not meant may be damaged: an `again` counts in its place all the same.
      const isMeant = spot && spot.feed === state?.feed && (where === 'anywhere' || isCurrent(state, spot))
      const found = isMeant ? await findOn(parts, key, spot) : undefined
      if (found) return entryOf(found.bytes, this.#crypto)
      if (state && (author !== undefined || !isMeant)) return this.#agains.of(parts, state, key)
      if (author !== undefined) return undefined
      for await (const again of scanIndex(parts, prefixes.original(key), 'oldest first'))
        if (standsFor(again).key === key) return again
      return undefined
    })
  }

  async has(identity: PlayerId, position: HeadPosition, losing?: HeadPosition): Promise<boolean> {
    this.assertOpen()
    return withSnapshot(this.#db, async (snapshot) => {
      const state = await readFeed(this.#db, identity, snapshot)
      const end = losing ? losingBranch(state, losing)?.id : state?.head?.branch
      if (!state || end === undefined) return false
      const found = await findKey(this.#readParts(snapshot), position.key)
      if (found?.feed !== state.feed || found.comparable !== position.comparable) return false
      return holds(chainOf(state.branches, end), found.branch, found.comparable)
    })
  }

  async *byType(type: string, options: ScanOptions = {}): AsyncGenerator<Entry> {
    const { identity, limit = Infinity, reverse } = options
    let left = limit
    if (left <= 0) return
    const prefix = async (snapshot: Snapshot): Promise<Uint8Array | undefined> => {
      if (!identity) return prefixes.type(type)
      const feed = await this.#numberOf(identity, snapshot)
      return feed === undefined ? undefined : prefixes.feedAndType(feed, type)
    }
    for await (const entry of this.#scan(prefix, reverse ? 'oldest first' : 'newest first')) {
      yield entry
      if (--left <= 0) return
    }
  }

  byJam(jam: JamId): AsyncGenerator<Entry> {
    return this.#scan(() => prefixes.jam(jam), 'oldest first')
  }

  byGenerator(generator: GeneratorId): AsyncGenerator<Entry> {
    const { owner, name } = ownedParts(generator)
    return this.#scan(async (snapshot) => {
      const feed = await this.#numberOf(owner, snapshot)
      return feed === undefined ? undefined : prefixes.generator(feed, name)
    }, 'newest first')
  }

  byEdge(target: PlayerId): AsyncGenerator<Entry> {
    return this.#scan(() => prefixes.edge(target), 'newest first')
  }

  #scan(
    prefix: (snapshot: Snapshot) => Uint8Array | undefined | Promise<Uint8Array | undefined>,
    order: Order,
  ): AsyncGenerator<Entry> {
    return this.#reading((snapshot) => this.#scanUnder(prefix(snapshot), order, snapshot))
  }

  async *#scanUnder(
    prefix: Uint8Array | undefined | Promise<Uint8Array | undefined>,
    order: Order,
    snapshot: Snapshot,
  ): AsyncGenerator<Entry> {
    const under = await prefix
    if (under) yield* scanIndex(this.#readParts(snapshot), under, order)
  }

  async #numberOf(identity: PlayerId, snapshot: Snapshot): Promise<number | undefined> {
    const value = await this.#db.get(numberKey(identity), { snapshot })
    return value && parseNumber(value)
  }

  async verifyAll(options: VerifyOptions = {}): Promise<Verified> {
    this.assertOpen()
    return withSnapshot(this.#db, (snapshot) => verifyStore(this.#readParts(snapshot), options))
  }

  async sizes(): Promise<Sizes> {
    this.assertOpen()
    return measure(this.#db)
  }

  #readParts(snapshot: Snapshot): ScanParts {
    return { db: this.#db, crypto: this.#crypto, snapshot, onFault: this.#onFault }
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
      for await (const value of values) {
        this.assertOpen()
        yield value
      }
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

function headOfRow(value: Uint8Array): Head {
  const head = parseHead(value)
  return headOf(head.identity, head)
}

/** The kept branch that ends in a losing head. */
const losingBranch = (state: FeedState | undefined, { key }: HeadPosition) =>
  state?.head && otherHeads(state.branches, state.head.branch).find(({ tail }) => tail.key === key)

const isCurrent = (state: FeedState | undefined, spot: { branch: number; comparable: Micros } | undefined): boolean =>
  spot !== undefined &&
  state?.head !== undefined &&
  holds(chainOf(state.branches, state.head.branch), spot.branch, spot.comparable)
