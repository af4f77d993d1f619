import { MarmaladeError, fromUtf8, isPlayerId, utf8 } from '../base/index.ts'
import type { Clock, Crypto, Micros, PlayerId, Signer } from '../base/index.ts'
import type { Entry, HeadPosition, Payload } from '../entry/index.ts'
import { Appender } from './append.ts'
import { Feeds } from './feeds.ts'
import { Held } from './held.ts'
import { ingestRun } from './ingest.ts'
import type { IngestParts } from './ingest.ts'
import { FORMAT, FORMAT_KEY } from './layout.ts'
import { write } from './level.ts'
import type { Db } from './level.ts'
import { Listeners } from './listeners.ts'
import { Reader } from './reader.ts'
import type { Change, Ingested, Store } from './types.ts'
import { Waiting } from './waiting.ts'

export interface StoreParts {
  /** Opened by the store, and closed with it. */
  readonly db: Db
  readonly crypto: Crypto
  readonly clock: Clock
  /** Whose feed `append` writes, and who signs for it. */
  readonly identity: PlayerId
  readonly signer: Signer
  /** Called once when the database is closed. */
  readonly afterClose?: () => void
}

/**
 * Opens a store. Reads one row, whatever it holds.
 * @throws MarmaladeError STORE_FORMAT; what the database throws where it cannot be opened
 */
export async function openStore(parts: StoreParts): Promise<Store> {
  const { db } = parts
  await db.open()
  const format = await db.get(FORMAT_KEY)
  if (!format) await write(db, [{ type: 'put', key: FORMAT_KEY, value: utf8(String(FORMAT)) }], 'synced')
  else if (fromUtf8(format) !== String(FORMAT)) {
    await db.close()
    throw new MarmaladeError('STORE_FORMAT', `this version reads databases of format ${FORMAT} only: update marmalade`)
  }
  return new LevelStore(parts)
}

/** `Store` over a database with the `level` API. Layout: docs/store.md. */
class LevelStore extends Reader implements Store {
  readonly identity: PlayerId
  readonly #db: Db
  readonly #clock: Clock
  readonly #feeds: Feeds
  readonly #held = new Held()
  readonly #ingest: IngestParts
  readonly #listeners = new Listeners<Change>()
  readonly #appender: Appender
  readonly #afterClose: (() => void) | undefined
  #closing: Promise<void> | undefined

  constructor(parts: StoreParts) {
    super(parts)
    this.#db = parts.db
    this.#clock = parts.clock
    this.#afterClose = parts.afterClose
    this.identity = parts.identity
    this.#feeds = new Feeds(parts.db)
    const { crypto, clock } = parts
    const waiting = new Waiting()
    this.#ingest = { feeds: this.#feeds, held: this.#held, waiting, crypto, clock, emit: this.#emit }
    this.#appender = new Appender({ ...parts, feeds: this.#feeds, emit: this.#emit })
  }

  readonly #emit = (change: Change): void => this.#listeners.tell(change)

  async append(payload: Payload): Promise<Entry> {
    this.assertOpen()
    return this.#appender.append(payload)
  }

  async ingest(identity: PlayerId, run: readonly Uint8Array[], announced?: HeadPosition): Promise<Ingested> {
    this.assertOpen()
    if (!isPlayerId(identity)) throw new MarmaladeError('ID_INVALID', 'a feed is named by an identity (@….ed25519)')
    return this.#feeds.inTurn(identity, () => ingestRun(this.#ingest, identity, run, announced))
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

  onChange(listener: (change: Change) => void): () => void {
    this.assertOpen()
    return this.#listeners.add(listener)
  }

  close(): Promise<void> {
    this.shut()
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    await this.#appender.idle()
    await this.#feeds.idle()
    this.#listeners.clear()
    await this.#db.close()
    this.#afterClose?.()
  }
}
