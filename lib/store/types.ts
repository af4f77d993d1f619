import type { EntryKey, GeneratorId, JamId, Micros, PlayerId, Refusal } from '../base/index.ts'
import type { Entry, HeadPosition, Payload, RawEntry } from '../entry/index.ts'
import type { Stop } from '../feed/index.ts'
import type { OwnFeed } from './own.ts'

export interface Head extends HeadPosition {
  readonly identity: PlayerId
  /** Entries in the feed. */
  readonly count: number
}

/** A head, and the number of its change. */
export interface Changed {
  readonly sequence: number
  readonly head: Head
}

/** What became of a run handed to the store. `stop` says where it broke off and why; what came before stands. */
export type Ingested =
  /**
   * The feed grew; `entries` are those that are new, in order, readable now. `replaced` names a losing head, kept.
   * `more`: a changeover brought further ones, see `Change`.
   */
  | {
      readonly kind: 'adopted'
      readonly head: Head
      readonly entries: readonly Entry[]
      readonly more?: true
      readonly replaced?: HeadPosition
      readonly stop?: Stop
    }
  /** Everything in it was here already. */
  | { readonly kind: 'known'; readonly stop?: Stop }
  /** Kept aside: a branch whose announced head has not arrived or does not win, or an `unverified` tail: no signature verifies it yet. */
  | { readonly kind: 'staged'; readonly tail: HeadPosition; readonly unverified?: true; readonly stop?: Stop }
  /** From some entry on more than 10 minutes ahead of our clock: held (bounded) until `due`, what came before is adopted. */
  | { readonly kind: 'held'; readonly due: Micros; readonly head?: Head; readonly entries: readonly Entry[] }
  | ({ readonly kind: 'refused'; readonly at: number } & Refusal)

/** A change that readers may see: one atomic step. */
export interface Change {
  readonly head: Head
  /** New entries of the feed in order; after a changeover those after the common ancestor. */
  readonly entries: readonly Entry[]
  /** After a changeover: there are more than fit in memory; read on after the last of `entries` with `read`. */
  readonly more?: true
  /** Set where another branch took over: the ancestor both share (undefined where they share none). */
  readonly changeover?: { readonly lost: HeadPosition; readonly ancestor?: HeadPosition }
  /** Appended by this node's own player. */
  readonly own: boolean
  /** The number of this change, see `changedSince`; changes of several feeds may be told out of order. */
  readonly sequence?: number
}

export interface ReadRange {
  /** Only entries after this comparable. */
  readonly after?: Micros
  /** Only entries up to and including this comparable. */
  readonly until?: Micros
  readonly limit?: number
  readonly reverse?: boolean
}

/** How much is read at once: so many entries, whose bytes and `each` octets besides for every one are so many. */
export interface RunSize {
  readonly entries: number
  readonly bytes: number
  readonly each: number
}

export interface ScanOptions {
  /** Only of this feed. */
  readonly identity?: PlayerId
  readonly limit?: number
  /** Oldest first. */
  readonly reverse?: boolean
}

export interface Sizes {
  readonly feeds: number
  /** Of current feeds. */
  readonly entries: number
  /** Branches that are kept though their chains have lost, or have not arrived. */
  readonly losing: number
  /** About what the rows take on disk, by kind; absent where the database cannot say. */
  readonly bytes?: {
    readonly entries: number
    /** Entries of losing branches. */
    readonly losing: number
    /** What leads from a key to its entry. */
    readonly places: number
    readonly indexes: number
  }
}

/** Chunks of entries before and after `compact`. */
export interface Compacted {
  readonly before: number
  readonly after: number
}
export interface CompactOptions {
  /** Called after each feed with how many entries are done, of how many. */
  readonly onProgress?: (done: number, total: number) => void
  readonly signal?: AbortSignal
}

/** One thing that `verifyAll` found wrong. */
export interface Fault extends Refusal {
  readonly identity: PlayerId
  readonly comparable?: Micros
  readonly key?: EntryKey
}
export interface Verified {
  readonly feeds: number
  readonly entries: number
  /** How many faults there are, and the first 1,000 of them. */
  readonly bad: number
  readonly faults: readonly Fault[]
  /** Whose feeds have entries that are not where they belong, or cannot be read: all of them. */
  readonly damaged: readonly PlayerId[]
}
export interface VerifyOptions {
  /** Called after every 256 entries with how many are done, of how many. */
  readonly onProgress?: (done: number, total: number) => void
  readonly signal?: AbortSignal
}

/** Feeds on disk. Every reader sees whole runs. All methods reject with CLOSED after close. */
export interface Store {
  /** Whose feed `append` writes. */
  readonly identity: PlayerId
  /** What an author does to its own feed besides adding to it. */
  readonly own: OwnFeed
  /**
   * Signs, syncs to disk, then resolves. Calls while a write is running share the next one. `signed` is told of the entry before it
   * is written: nobody else may learn of it until then, and where this rejects there is no such entry.
   * @throws FEED_RESTORED, CLOCK_BEHIND_FEED, ENTRY_TOO_LARGE, STORE_BUSY, STORE_WRITE, any code of `checkPayload`
   */
  append(payload: Payload, signed?: (entry: Entry) => void): Promise<Entry>
  /**
   * Checks a run of consecutive entries of one feed (raw bytes, oldest first) and keeps what is authentic.
   * `announced` is the head the run was said to lead to: another branch takes over only once it has arrived.
   * The bytes are kept as they are: the caller must not change them afterwards.
   * @throws STORE_WRITE, STORE_BUSY where 64 calls for this feed wait
   */
  ingest(identity: PlayerId, run: readonly Uint8Array[], announced?: HeadPosition): Promise<Ingested>
  /**
   * Deletes all that is here of another player's feed, for peers to send it anew; gives the head that it had. The next run
   * begins a new epoch. Reads every place and index row.
   * @throws DISCARD_OWN, STORE_WRITE
   */
  discard(identity: PlayerId): Promise<Head | undefined>
  /** When the nearest of the entries held for their time may be taken; undefined where none is. */
  nextDue(): Micros | undefined
  /** Hands in again what is held and due by now; results in order. */
  releaseDue(): Promise<readonly Ingested[]>
  head(identity: PlayerId): Promise<Head | undefined>
  heads(): AsyncIterable<Head>
  /**
   * 16 hex digits: a new one where the store was not closed as it should be, since what it told of before may be lost.
   * Numbers of its `sequence` mean nothing across epochs.
   */
  readonly epoch: string
  /** The number of the last change of a head: each gets the next one. 0 in a store that is empty. */
  readonly sequence: number
  /** The heads of feeds that have changed after that number, each once, by the number of its last change. */
  changedSince(sequence: number): AsyncIterable<Changed>
  /** The losing heads of an identity that are kept (at most 8, of one's own 64) and those still arriving (at most 4), best first. */
  lost(identity: PlayerId): Promise<readonly HeadPosition[]>
  /** Entries of the current feed, oldest first unless reversed. */
  read(identity: PlayerId, range?: ReadRange): AsyncIterable<Entry>
  /**
   * The entries of the current feed right after a position (from the first on where it is undefined), each the child of the one
   * before, to be sent as they are: views of what was read, not parsed. None where the position is not on the feed.
   * @throws STORE_CORRUPT
   */
  readRun(identity: PlayerId, after: HeadPosition | undefined, most: RunSize): Promise<readonly RawEntry[]>
  /** Entries of the kept chain that ends in this losing head, after the last that it shares with the feed, and after a comparable. */
  readLost(identity: PlayerId, head: HeadPosition, after?: Micros): AsyncIterable<Entry>
  /**
   * An entry of a current feed (or, `anywhere`, of a kept branch too) by key. Where only an `again` of it is there, that
   * one: the first of them in the feed that the original was in. With an `author` nothing but what that one's feed has
   * counts, since an original is known by its author and key: anybody may publish anything as an `again` of a key.
   */
  get(key: EntryKey, where?: 'feed' | 'anywhere', author?: PlayerId): Promise<Entry | undefined>
  /**
   * Whether the current chain of the identity holds this position; with `losing`, whether the kept chain that ends in that losing
   * head does, what it shares with the feed included. Looked up by key, however long either is.
   */
  has(identity: PlayerId, position: HeadPosition, losing?: HeadPosition): Promise<boolean>
  /**
   * Entries of current feeds by payload type, newest first unless asked otherwise. An `again` counts as what it
   * publishes again. Encrypted ones have the type `.box`. A type above 64 bytes is not indexed. What cannot be read is passed
   * over, here and in the readers below, and told to `onFault`; `read` and `readLost` throw STORE_CORRUPT.
   */
  byType(type: string, options?: ScanOptions): AsyncIterable<Entry>
  /** Every entry of current feeds whose payload names this jam, in the order of their comparables. */
  byJam(jam: JamId): AsyncIterable<Entry>
  /** Publications of this generator in its owner's feed, newest first. */
  byGenerator(generator: GeneratorId): AsyncIterable<Entry>
  /** `follow` and `block` entries of current feeds that name this identity, newest first. */
  byEdge(target: PlayerId): AsyncIterable<Entry>
  /** Checks the signature, key and place of every entry of every current feed, and every index. */
  verifyAll(options?: VerifyOptions): Promise<Verified>
  sizes(): Promise<Sizes>
  /**
   * Puts together what was written entry by entry, and gives back the room of what was deleted. Readers and writers go
   * on meanwhile.
   * @throws CANCELLED, STORE_WRITE, STORE_CORRUPT
   */
  compact(options?: CompactOptions): Promise<Compacted>
  /** Calls back after each change is durable enough to be read; returns how to stop. Listeners must not throw. */
  onChange(listener: (change: Change) => void): () => void
  close(): Promise<void>
}
