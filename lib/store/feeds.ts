import type { PlayerId } from '../base/index.ts'
import type { Branch } from '../feed/index.ts'
import type { Epoch } from './epoch.ts'
import {
  CHANGED,
  HEAD,
  changedKey,
  feedOfKey,
  headKey,
  headValue,
  numberKey,
  numberValue,
  parseHead,
  parseNumber,
  parseShape,
  rangeOf,
  sequenceOf,
  shapeKey,
  shapeValue,
} from './layout.ts'
import type { HeadRow } from './layout.ts'
import type { Db, Durability, Snapshot, Write } from './level.ts'
import { Turns } from './turns.ts'
import { Writer } from './writer.ts'

/** How many feeds' heads and branches are kept in memory. */
const MAX_CACHED = 1_024

/** What is known of a feed besides its entries. Never changed in place. */
export interface FeedState {
  readonly identity: PlayerId
  /** The feed's number here. */
  readonly feed: number
  /** Undefined where nothing of the feed is here. */
  readonly head?: HeadRow
  /** When the head last changed, in the store's sequence of changes; 0 where nothing of the feed is here. */
  readonly sequence: number
  readonly branches: ReadonlyMap<number, Branch>
  /** The number of the next new branch. */
  readonly next: number
}

/** A feed's state with these branches as they are now, and without those of these numbers. */
export function withBranches(state: FeedState, changed: readonly Branch[], gone: readonly number[] = []): FeedState {
  const branches = new Map(state.branches)
  for (const branch of changed) branches.set(branch.id, branch)
  for (const id of gone) branches.delete(id)
  return { ...state, branches }
}

/** Reads a feed's state: three rows, whatever the size of the feed. Undefined where nothing of it is here. */
export async function readFeed(db: Db, identity: PlayerId, snapshot?: Snapshot): Promise<FeedState | undefined> {
  const number = await db.get(numberKey(identity), { snapshot })
  return number && readNumbered(db, parseNumber(number), snapshot)
}

/** As `readFeed`, by the feed's number. */
export async function readNumbered(db: Db, feed: number, snapshot?: Snapshot): Promise<FeedState | undefined> {
  const [headRow, shapeRow] = await db.getMany([headKey(feed), shapeKey(feed)], { snapshot })
  if (!headRow) return undefined
  const { identity, sequence, ...head } = parseHead(headRow)
  const { next, branches } = shapeRow ? parseShape(shapeRow) : { next: 1, branches: new Map<number, Branch>() }
  const { tail, count } = head
  // The head row alone follows the growth of the branch that is the feed.
  branches.set(head.branch, { at: 0, ...branches.get(head.branch), id: head.branch, state: 'kept', tail, count })
  return { identity, feed, head, sequence, branches, next }
}

/** The states of feeds as last written, and one writer at a time for each feed. */
export class Feeds {
  readonly db: Db
  readonly writer: Writer
  readonly #epoch: Epoch
  readonly #cached = new Map<PlayerId, FeedState>()
  readonly #turns = new Turns<PlayerId>()
  /** How many commits have begun, and how many of them are under way. */
  #commits = 0
  #committing = 0
  #nextFeed: number
  /** The last number of the sequence that was given out, and the last that is written. */
  #given: number
  #written: number

  private constructor(db: Db, epoch: Epoch, nextFeed: number, sequence: number) {
    this.db = db
    this.writer = new Writer(db)
    this.#epoch = epoch
    this.#nextFeed = nextFeed
    this.#given = sequence
    this.#written = sequence
  }

  /** Reads two rows, whatever the store holds. */
  static async open(db: Db, epoch: Epoch): Promise<Feeds> {
    const [last] = await lastKeys(db, HEAD)
    const [changed] = await lastKeys(db, CHANGED)
    return new Feeds(db, epoch, last ? feedOfKey(last) + 1 : 0, changed ? sequenceOf(changed) : 0)
  }

  /** The number of the last change of a head that can be read. */
  get sequence(): number {
    return this.#written
  }

  /** A feed's state as last written, from memory where it is there, which spares three reads. Not for a snapshot's. */
  async read(identity: PlayerId): Promise<FeedState | undefined> {
    const known = this.#cached.get(identity)
    if (known) return known
    const commits = this.#committing === 0 ? this.#commits : undefined
    const state = await readFeed(this.db, identity)
    // Nothing was written meanwhile, so it is still the last.
    if (state && commits === this.#commits && !this.#cached.has(identity)) this.#remember(state)
    return state
  }

  /** Runs `task` after all earlier ones for this feed have ended. */
  inTurn<T>(identity: PlayerId, task: () => Promise<T>): Promise<T> {
    return this.#turns.run(identity, task)
  }

  /** Resolves when no task is running or waiting. */
  idle(): Promise<void> {
    return this.#turns.idle()
  }

  /** A feed's state; of a feed that is not here one without a head, and with a number drawn for it. */
  async load(identity: PlayerId): Promise<FeedState> {
    const state = this.#cached.get(identity) ?? (await readFeed(this.db, identity)) ?? this.#unknown(identity)
    this.#remember(state)
    return state
  }

  #unknown(identity: PlayerId): FeedState {
    return { identity, feed: this.#nextFeed++, sequence: 0, branches: new Map(), next: 0 }
  }

  /**
   * Writes entries and the new state in one batch. Where that fails, the state is read again next time.
   * @throws MarmaladeError STORE_WRITE
   */
  async commit(
    before: FeedState,
    after: FeedState,
    entries: readonly Write[],
    durability: Durability,
  ): Promise<FeedState> {
    const changed = after.head !== undefined && after.head !== before.head
    const state = changed ? { ...after, sequence: ++this.#given } : after
    const begun = this.#epoch.begin()
    const writes = [...begun, ...entries, ...stateWrites(before, state, changed)]
    this.#commits++
    this.#committing++
    try {
      await this.writer.write(writes, begun.length > 0 ? 'synced' : durability)
    } catch (error) {
      this.#cached.delete(after.identity)
      throw error
    } finally {
      this.#committing--
    }
    this.#epoch.begun()
    this.#written = Math.max(this.#written, state.sequence)
    this.#remember(state)
    return state
  }

  /** Lets go of a feed: nobody finds it any more. `also` is written with it. @throws MarmaladeError STORE_WRITE */
  async forget({ identity, feed, sequence }: FeedState, also: readonly Write[]): Promise<void> {
    const keys = [numberKey(identity), headKey(feed), shapeKey(feed), changedKey(sequence)]
    const begun = this.#epoch.begin()
    this.#commits++
    this.#committing++
    try {
      await this.writer.write([...begun, ...also, ...keys.map((key): Write => ({ type: 'del', key }))], 'synced')
    } finally {
      this.#committing--
      this.#cached.delete(identity)
    }
    this.#epoch.begun()
    this.#epoch.renew()
  }

  #remember(state: FeedState): void {
    this.#cached.delete(state.identity)
    this.#cached.set(state.identity, state)
    const [oldest] = this.#cached.keys()
    if (this.#cached.size > MAX_CACHED && oldest !== undefined) this.#cached.delete(oldest)
  }
}

const lastKeys = (db: Db, kind: number): Promise<Uint8Array[]> =>
  db.keys({ ...rangeOf(kind), reverse: true, limit: 1 }).all()

function stateWrites(before: FeedState, after: FeedState, changed: boolean): Write[] {
  const { identity, feed, head, sequence } = after
  const writes: Write[] = []
  if (head && !before.head) writes.push({ type: 'put', key: numberKey(identity), value: numberValue(feed) })
  if (head && changed) {
    writes.push({ type: 'put', key: headKey(feed), value: headValue({ ...head, identity, sequence }) })
    writes.push({ type: 'put', key: changedKey(sequence), value: numberValue(feed) })
    if (before.sequence > 0) writes.push({ type: 'del', key: changedKey(before.sequence) })
  }
  if (shapeDiffers(before, after))
    writes.push({ type: 'put', key: shapeKey(feed), value: shapeValue(after.next, after.branches) })
  return writes
}

/** Whether anything but the growth of the branch that is the feed has changed. A first branch alone needs no row. */
function shapeDiffers(before: FeedState, after: FeedState): boolean {
  if (after.next <= 1) return false
  if (before.head?.branch !== after.head?.branch || before.branches.size !== after.branches.size) return true
  for (const [id, branch] of after.branches)
    if (id !== after.head?.branch && before.branches.get(id) !== branch) return true
  return false
}
