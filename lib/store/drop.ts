import type { Crypto, PlayerId } from '../base/index.ts'
import { chainOf, lastUsed } from '../feed/index.ts'
import type { Branch } from '../feed/index.ts'
import type { Entry } from '../entry/index.ts'
import type { FeedState, Feeds } from './feeds.ts'
import { overflow, positionOf } from './grow.ts'
import { placeKey, parsePlace } from './layout.ts'
import { write } from './level.ts'
import type { Write } from './level.ts'
import { readChain } from './read.ts'
import { deletesOf } from './rows.ts'

/** Entries deleted in one batch. */
const BATCH = 256

interface Parts {
  readonly feeds: Feeds
  readonly crypto: Crypto
}

/** Drops branches until no more are kept than the bounds allow. Called in the feed's turn. */
export async function prune(parts: Parts, state: FeedState): Promise<void> {
  let now = state
  for (let victim = overflow(now); victim; victim = overflow(now)) {
    const doomed = withBranches(now, [{ ...victim, state: 'dropping' }], [])
    await parts.feeds.commit(now, doomed, [], 'quick')
    now = await finishDrops(parts, doomed)
  }
}

/** A feed's state, once what an earlier run of the program left half dropped is gone. Called in the feed's turn. */
export const loadWhole = async (parts: Parts, identity: PlayerId): Promise<FeedState> =>
  finishDrops(parts, await parts.feeds.load(identity))

async function finishDrops(parts: Parts, state: FeedState): Promise<FeedState> {
  let now = state
  for (const branch of state.branches.values()) if (branch.state === 'dropping') now = await drop(parts, now, branch)
  return now
}

/**
 * Deletes the entries of a branch that no other branch hangs on, the last ones first, so that what is left is always
 * a chain; then the branch, or what of it is no longer there.
 */
async function drop({ feeds, crypto }: Parts, state: FeedState, branch: Branch): Promise<FeedState> {
  const { feed } = state
  const chain = chainOf(state.branches, branch.id)
  const keep = Math.max(branch.at, lastUsed(state.branches, branch.id))
  const doomed = readChain({ db: feeds.db, crypto }, feed, chain, { after: keep, reverse: true })
  let batch: Write[] = []
  let deleted = 0
  for await (const entry of doomed) {
    batch.push(...deletesOf(entry, feed, branch.id))
    if (++deleted % BATCH > 0) continue
    await write(feeds.db, batch, 'quick')
    batch = []
  }
  const left =
    lastUsed(state.branches, branch.id) > 0 ? await lastOf({ feeds, crypto }, state, branch, keep) : undefined
  const after = left ? withBranches(state, [left], []) : withBranches(state, [], [branch.id])
  await feeds.commit(state, after, batch, 'quick')
  return after
}

/** A branch cut off after the entry at `keep`. */
async function lastOf({ feeds, crypto }: Parts, state: FeedState, branch: Branch, keep: number): Promise<Branch> {
  const chain = chainOf(state.branches, branch.id)
  let last: Entry | undefined
  const range = { after: keep - 1, until: keep, limit: 1 }
  for await (const entry of readChain({ db: feeds.db, crypto }, state.feed, chain, range)) last = entry
  const place = last && (await feeds.db.get(placeKey(last.key)))
  if (!last || !place) return { ...branch, state: 'kept' }
  return { ...branch, state: 'kept', tail: positionOf(last), count: parsePlace(place).count }
}

function withBranches(state: FeedState, changed: readonly Branch[], gone: readonly number[]): FeedState {
  const branches = new Map(state.branches)
  for (const branch of changed) branches.set(branch.id, branch)
  for (const id of gone) branches.delete(id)
  return { ...state, branches }
}
