import type { EntryKey, JamId, Micros, PlayerId, Refusal } from '../base/index.ts'
import type { Entry, HeadPosition, Payload } from '../entry/index.ts'

export interface Head extends HeadPosition {
  readonly identity: PlayerId
  /** Entries in the feed. */
  readonly count: number
}

/** What became of a run handed to the store. */
export type Ingested =
  /** The feed grew; `entries` are those that are new, in order, readable now. `replaced` names a losing head, kept. */
  | { readonly kind: 'adopted'; readonly head: Head; readonly entries: readonly Entry[]; readonly replaced?: HeadPosition }
  /** Everything in it was here already. */
  | { readonly kind: 'known' }
  /** Kept aside: a branch whose announced head has not arrived or does not win, or a tail that no signature verifies yet. */
  | { readonly kind: 'staged'; readonly tail: HeadPosition }
  /** From `from` on more than 10 minutes ahead of our clock: held (bounded) until `due`, what came before is adopted. */
  | { readonly kind: 'held'; readonly due: Micros; readonly head?: Head; readonly entries: readonly Entry[] }
  | ({ readonly kind: 'refused'; readonly at: number } & Refusal)

/** A change that readers may see: one atomic step. */
export interface Change {
  readonly head: Head
  /** New entries of the feed in order; after a changeover those after the common ancestor. */
  readonly entries: readonly Entry[]
  /** Set where another branch took over: the ancestor both share (undefined where they share none). */
  readonly changeover?: { readonly lost: HeadPosition; readonly ancestor?: HeadPosition }
  /** Appended by this node's own player. */
  readonly own: boolean
}

export interface ReadRange {
  /** Only entries after this comparable. */
  readonly after?: Micros
  /** Only entries up to and including this comparable. */
  readonly until?: Micros
  readonly limit?: number
  readonly reverse?: boolean
}

/** Feeds on disk. Every reader sees whole runs. All methods reject with CLOSED after close. */
export interface Store {
  /** Signs, syncs to disk, then resolves. @throws CLOCK_BEHIND_FEED, ENTRY_TOO_LARGE, PAYLOAD_INVALID */
  append(payload: Payload): Promise<Entry>
  /**
   * Checks a run of consecutive entries of one feed (raw bytes, oldest first) and keeps what is authentic.
   * `announced` is the head the run was said to lead to: another branch takes over only once it has arrived.
   */
  ingest(identity: PlayerId, run: readonly Uint8Array[], announced?: HeadPosition): Promise<Ingested>
  head(identity: PlayerId): Promise<Head | undefined>
  heads(): AsyncIterable<Head>
  /** The losing heads of an identity that are kept. */
  lost(identity: PlayerId): Promise<readonly HeadPosition[]>
  /** Entries of the current feed, oldest first unless reversed. */
  read(identity: PlayerId, range?: ReadRange): AsyncIterable<Entry>
  /** An entry of a current feed (or, with `any`, of a kept branch) by key. */
  get(key: EntryKey): Promise<Entry | undefined>
  /** Whether the current chain of the identity holds this position. */
  has(identity: PlayerId, position: HeadPosition): Promise<boolean>
  /** Entries of current feeds by payload type, newest first unless asked otherwise. */
  byType(type: string, options?: { identity?: PlayerId; limit?: number; reverse?: boolean }): AsyncIterable<Entry>
  /** Every entry of current feeds whose payload names this jam, any order. */
  byJam(jam: JamId): AsyncIterable<Entry>
  /** Calls back after each change is durable enough to be read; returns how to stop. Listeners must not throw. */
  onChange(listener: (change: Change) => void): () => void
  close(): Promise<void>
}
