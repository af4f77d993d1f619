import type { EntryKey, PlayerId } from '../base/index.ts'
import { rawId } from '../base/index.ts'
import type { Branch } from '../feed/index.ts'
import { headKey, headValue, parseHead, parsePlace, parseShape, placeKey, shapeKey, shapeValue } from './layout.ts'
import type { HeadRow, Place } from './layout.ts'
import { write } from './level.ts'
import type { Db, Durability, Snapshot, Write } from './level.ts'

/** How many feeds' heads and branches are kept in memory. */
const MAX_CACHED = 1_024

/** What is known of a feed besides its entries. Never changed in place. */
export interface FeedState {
  readonly identity: PlayerId
  /** The raw 32 bytes of the identity. */
  readonly feed: Uint8Array
  /** Undefined where nothing of the feed is here. */
  readonly head?: HeadRow
  readonly branches: ReadonlyMap<number, Branch>
  /** The number of the next new branch. */
  readonly next: number
}

/** Reads a feed's state: two rows, whatever the size of the feed. */
export async function readFeed(db: Db, identity: PlayerId, snapshot?: Snapshot): Promise<FeedState> {
  const [headRow, shapeRow] = await db.getMany([headKey(identity), shapeKey(identity)], { snapshot })
  const feed = rawId(identity)
  if (!headRow) return { identity, feed, branches: new Map(), next: 0 }
  const head = parseHead(headRow)
  const { next, branches } = shapeRow ? parseShape(shapeRow) : { next: 1, branches: new Map<number, Branch>() }
  const { tail, count } = head
  // The head row alone follows the growth of the branch that is the feed.
  branches.set(head.branch, { at: 0, ...branches.get(head.branch), id: head.branch, state: 'kept', tail, count })
  return { identity, feed, head, branches, next }
}

/** Where an entry lies, whether in a current feed or in a kept branch. */
export async function readPlace(db: Db, key: EntryKey, snapshot?: Snapshot): Promise<Place | undefined> {
  const value = await db.get(placeKey(key), { snapshot })
  return value && parsePlace(value)
}

/** The states of feeds as last written, and one writer at a time for each feed. */
export class Feeds {
  readonly db: Db
  readonly #cached = new Map<PlayerId, FeedState>()
  readonly #turns = new Map<PlayerId, Promise<unknown>>()

  constructor(db: Db) {
    this.db = db
  }

  /** Runs `task` after all earlier ones for this feed have ended. */
  async inTurn<T>(identity: PlayerId, task: () => Promise<T>): Promise<T> {
    const before = this.#turns.get(identity) ?? Promise.resolve()
    const turn = before.then(task)
    const settled = turn.then(
      () => undefined,
      () => undefined,
    )
    this.#turns.set(identity, settled)
    try {
      return await turn
    } finally {
      if (this.#turns.get(identity) === settled) this.#turns.delete(identity)
    }
  }

  /** Resolves when no task is running or waiting. */
  async idle(): Promise<void> {
    while (this.#turns.size > 0) await Promise.all(this.#turns.values())
  }

  async load(identity: PlayerId): Promise<FeedState> {
    const state = this.#cached.get(identity) ?? (await readFeed(this.db, identity))
    this.#remember(state)
    return state
  }

  /** Writes entries and the new state in one batch. Where that fails, the state is read again next time. */
  async commit(before: FeedState, after: FeedState, entries: readonly Write[], durability: Durability): Promise<void> {
    const writes = [...entries]
    if (after.head && after.head !== before.head)
      writes.push({ type: 'put', key: headKey(after.identity), value: headValue(after.head) })
    if (shapeDiffers(before, after))
      writes.push({
        type: 'put',
        key: shapeKey(after.identity),
        value: shapeValue(after.next, after.branches),
      })
    try {
      await write(this.db, writes, durability)
    } catch (error) {
      this.#cached.delete(after.identity)
      throw error
    }
    this.#remember(after)
  }

  #remember(state: FeedState): void {
    this.#cached.delete(state.identity)
    this.#cached.set(state.identity, state)
    const [oldest] = this.#cached.keys()
    if (this.#cached.size > MAX_CACHED && oldest !== undefined) this.#cached.delete(oldest)
  }
}

/** Whether anything but the growth of the branch that is the feed has changed. A first branch alone needs no row. */
function shapeDiffers(before: FeedState, after: FeedState): boolean {
  if (after.next <= 1) return false
  if (before.head?.branch !== after.head?.branch || before.branches.size !== after.branches.size) return true
  for (const [id, branch] of after.branches)
    if (id !== after.head?.branch && before.branches.get(id) !== branch) return true
  return false
}
