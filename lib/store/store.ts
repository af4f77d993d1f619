import { MarmaladeError, isPlayerId } from '../base/index.ts'
import type { Clock, Crypto, Micros, PlayerId, Signer } from '../base/index.ts'
import { Author } from '../entry/index.ts'
import type { Entry, HeadPosition, Payload } from '../entry/index.ts'
import { Appender } from './append.ts'
import { headOf } from './change.ts'
import { compactStore } from './compact.ts'
import { discardFeed, finishDiscards } from './discard.ts'
import { Epoch } from './epoch.ts'
import { Feeds } from './feeds.ts'
import { Held } from './held.ts'
import { ingestRun } from './ingest.ts'
import { Intake } from './intake.ts'
import type { IngestParts } from './ingest.ts'
import type { Db } from './level.ts'
import { Listeners } from './listeners.ts'
import { prepare } from './migrate.ts'
import { OwnFeedOf } from './own.ts'
import type { OwnFeed } from './own.ts'
import { Reader } from './reader.ts'
import { Restored } from './restored.ts'
import type { Origin } from './restored.ts'
import type { Change, CompactOptions, Compacted, Head, Ingested, Store } from './types.ts'
import { Turns } from './turns.ts'
import { Waiting } from './waiting.ts'

export interface StoreParts {
  /** Opened by the store, and closed with it. */
  readonly db: Db
  readonly crypto: Crypto
  readonly clock: Clock
  /** Whose feed `append` writes, and who signs for it. */
  readonly identity: PlayerId
  readonly signer: Signer
  /** Called now and then while a database of format 1 is brought to this one: entries copied, of how many. */
  readonly onMigrate?: (done: number, total: number) => void
  /** Where the database lies, to tell whether it was put back from a backup; one without is never taken for that. */
  readonly origin?: Origin
  /**
   * Called with what fails after a change was written and told (dropping branches, putting chunks together: it is tried
   * again later), with what an index lists and cannot be read (STORE_CORRUPT, once each: it is passed over), and with what
   * of a database of format 1 could not be copied. Without it, a warning of the process.
   */
  readonly onFault?: (error: unknown) => void
  /** Called once when the database is closed. */
  readonly afterClose?: () => void
}

/**
 * Opens a store. Reads a few rows, whatever it holds; one of format 1 is copied first.
 * @throws MarmaladeError STORE_FORMAT; what the database throws where it cannot be opened
 */
export async function openStore(parts: StoreParts): Promise<Store> {
  const { db } = parts
  await db.open()
  try {
    const { crypto, identity: own, onMigrate: onProgress, onFault = warn } = parts
    await prepare({ db, crypto, own, onProgress, onFault })
    await finishDiscards(db)
  } catch (error) {
    await db.close()
    throw error
  }
  const epoch = await Epoch.open(db)
  return new LevelStore(parts, epoch, await Feeds.open(db, epoch), await Restored.open(db, parts.origin))
}

const OWN_STAYS =
  'that is your own feed: it is never deleted. Put a backup of the home in its place, or `key restore` in an empty home: what peers have of it comes back'

const warn = (error: unknown): void => process.emitWarning(error instanceof Error ? error : String(error))

/** `Store` over a database with the `level` API. Layout: docs/store.md. */
class LevelStore extends Reader implements Store {
  readonly identity: PlayerId
  readonly own: OwnFeed
  readonly #db: Db
  readonly #clock: Clock
  readonly #epoch: Epoch
  readonly #feeds: Feeds
  readonly #held = new Held()
  readonly #ingest: IngestParts
  readonly #intake: Intake
  readonly #listeners = new Listeners<Change>()
  readonly #appender: Appender
  readonly #afterClose: (() => void) | undefined
  /** One at a time, broken off when the store is closed. */
  readonly #compacting = new Turns<'compact'>()
  readonly #ending = new AbortController()
  #closing: Promise<void> | undefined

  constructor(parts: StoreParts, epoch: Epoch, feeds: Feeds, restored: Restored) {
    const { onFault = warn } = parts
    super({ ...parts, feeds, onFault })
    this.#db = parts.db
    this.#clock = parts.clock
    this.#afterClose = parts.afterClose
    this.identity = parts.identity
    this.#epoch = epoch
    this.#feeds = feeds
    const { crypto, clock } = parts
    this.#intake = new Intake(crypto)
    const waiting = new Waiting()
    const { identity } = parts
    this.#ingest = { feeds, held: this.#held, waiting, crypto, clock, emit: this.#emit, own: identity, onFault }
    const author = new Author(identity, parts.signer, crypto)
    const own = { feeds, crypto, clock, identity, author, emit: this.#emit }
    this.#appender = new Appender({ ...own, restored, onFault })
    const get: Store['get'] = (...wanted) => this.get(...wanted)
    this.own = new OwnFeedOf({ parts: { ...own, get, onFault }, restored, assertOpen: () => this.assertOpen() })
  }

  get epoch(): string {
    return this.#epoch.id
  }

  get sequence(): number {
    return this.#feeds.sequence
  }

  readonly #emit = (change: Change): void => this.#listeners.tell(change)

  async append(payload: Payload, signed?: (entry: Entry) => void): Promise<Entry> {
    this.assertOpen()
    return this.#appender.append(payload, signed)
  }

  async ingest(identity: PlayerId, run: readonly Uint8Array[], announced?: HeadPosition): Promise<Ingested> {
    this.assertOpen()
    if (!isPlayerId(identity)) throw new MarmaladeError('ID_INVALID', 'a feed is named by an identity (@….ed25519)')
    return this.#intake.take(identity, run, (parse) =>
      this.#feeds.inTurn(identity, async () => ingestRun(this.#ingest, identity, await parse(), announced)),
    )
  }

  async discard(identity: PlayerId): Promise<Head | undefined> {
    this.assertOpen()
    if (identity === this.identity) throw new MarmaladeError('DISCARD_OWN', OWN_STAYS)
    try {
      const gone = await this.#feeds.inTurn(identity, async () => discardFeed(this.#feeds, identity))
      return gone?.head && headOf(identity, gone.head)
    } finally {
      // What waits for a signature hangs on the feed; a feed that has stayed is sent it again.
      this.#ingest.waiting.delete(identity)
    }
  }

  nextDue(): Micros | undefined {
    return this.#held.nextDue()
  }

  async releaseDue(): Promise<readonly Ingested[]> {
    this.assertOpen()
    const results: Ingested[] = []
    for (const { identity, entries } of this.#held.takeDue(this.#clock.micros())) {
      const run = entries.map((entry) => entry.bytes)
      results.push(await this.ingest(identity, run))
    }
    return results
  }

  async compact(options: CompactOptions = {}): Promise<Compacted> {
    this.assertOpen()
    const signal = AbortSignal.any([this.#ending.signal, ...(options.signal ? [options.signal] : [])])
    const parts = { feeds: this.#feeds, crypto: this.#ingest.crypto }
    try {
      return await this.#compacting.run('compact', () => compactStore(parts, { ...options, signal }))
    } catch (error) {
      this.assertOpen()
      throw error
    }
  }

  onChange(listener: (change: Change) => void): () => void {
    this.assertOpen()
    return this.#listeners.add(listener)
  }

  close(): Promise<void> {
    this.shut()
    this.#ending.abort()
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    await this.#compacting.idle()
    await this.#appender.idle()
    await this.#feeds.idle()
    await this.#feeds.writer.idle()
    await this.#epoch.end(this.#db)
    this.#listeners.clear()
    await this.#db.close()
    this.#afterClose?.()
  }
}
