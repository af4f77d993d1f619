import { hasCode } from '../base/index.ts'
import type { Crypto, Micros, PlayerId } from '../base/index.ts'
import { lastUsed } from '../feed/index.ts'
import type { Branch } from '../feed/index.ts'
import type { Entry } from '../entry/index.ts'
import { withBranches } from './feeds.ts'
import type { FeedState, Feeds } from './feeds.ts'
import { foldBranches } from './fold.ts'
import { overflow, positionOf } from './grow.ts'
import { chunkKey, chunksEnd } from './layout.ts'
import type { Write } from './level.ts'
import { chunkOf, entriesOf, entryOf, findAt } from './read.ts'
import { deletesOf, writesOf } from './rows.ts'

/** Rows deleted in one batch, about. */
const BATCH = 1_024

interface Parts {
  readonly feeds: Feeds
  readonly crypto: Crypto
}

/** Drops branches until no more are kept than the bounds allow. Called in the feed's turn. */
export async function prune(parts: Parts, state: FeedState, most: number): Promise<void> {
  let now = state
  for (let victim = overflow(now, most); victim; victim = overflow(now, most)) {
    const doomed = withBranches(now, [{ ...victim, state: 'dropping' }])
    now = await finishDrops(parts, await parts.feeds.commit(now, doomed, [], 'quick'))
  }
}

/**
 * A feed's state, once what an earlier run of the program left half dropped is gone, and its branches are not too many
 * where they can be put together. Called in the feed's turn.
 */
export const loadWhole = async (parts: Parts, identity: PlayerId): Promise<FeedState> =>
  foldBranches(parts, await finishDrops(parts, await parts.feeds.load(identity)))

async function finishDrops(parts: Parts, state: FeedState): Promise<FeedState> {
  let now = state
  for (let branch = doomedIn(now); branch; branch = doomedIn(now)) now = await drop(parts, now, branch)
  return now
}

/** The youngest first: what hangs on a branch goes before it. */
const doomedIn = ({ branches }: FeedState): Branch | undefined =>
  [...branches.values()].reverse().find(({ state }) => state === 'dropping')

/**
 * Deletes the entries of a branch that no other branch hangs on, the last ones first, so that what is left is always
 * a chain; then the branch, or what of it is no longer there. What was kept only because the branch hung on it goes next.
 * Of a chunk that cannot be read the other rows stay, and lead nowhere: a damaged branch that goes keeps nothing waiting.
 */
async function drop({ feeds, crypto }: Parts, state: FeedState, branch: Branch): Promise<FeedState> {
  const { feed } = state
  const used = lastUsed(state.branches, branch.id)
  const from = Math.max(branch.at, used)
  let batch: Write[] = []
  // A damaged chunk goes once it is known to hold nothing that another branch hangs on.
  let damaged: Write[] = []
  const range = { gt: chunkKey(feed, branch.id, from), lte: chunksEnd(feed, branch.id), reverse: true }
  for await (const [key, value] of feeds.db.iterator(range)) {
    batch.push(...damaged.splice(0))
    const found = readable(value, crypto)
    if (!found) {
      damaged = [{ type: 'del', key }]
      continue
    }
    const kept = found.entries.filter(({ comparable }) => comparable <= from)
    batch.push(...deletesOf(found.entries, feed, branch.id))
    const count = found.count - found.entries.length + kept.length
    if (kept.length > 0) batch.push(...writesOf(kept, { feed, branch: branch.id, count }))
    if (batch.length < BATCH) continue
    await feeds.writer.write(batch, 'quick')
    batch = []
  }
  if (used === 0) batch.push(...damaged)
  // What is still to be written would not be read yet.
  await feeds.writer.write(batch, 'quick')
  const left = used > 0 ? await lastOf({ feeds, crypto }, feed, branch, from) : undefined
  const after = left ? withBranches(state, [left]) : withBranches(state, [], [branch.id])
  return feeds.commit(state, left ? after : withoutSupport(after, branch), [], 'quick')
}

/** The entries of a chunk, and how many its chain has up to the last; undefined where it is damaged. */
function readable(value: Uint8Array, crypto: Crypto): { entries: Entry[]; count: number } | undefined {
  try {
    const chunk = chunkOf(value)
    return { entries: entriesOf(chunk, crypto), count: chunk.count }
  } catch (error) {
    if (hasCode(error, 'STORE_CORRUPT')) return undefined
    throw error
  }
}

/**
 * Dooms what a branch that is gone hung on where that ends there: a branch is cut off at an entry only while another
 * hangs on that, since what follows on its end goes on with it.
 */
function withoutSupport(state: FeedState, { parent, at }: Branch): FeedState {
  const support = parent === undefined ? undefined : state.branches.get(parent)
  if (!support || support.id === state.head?.branch || support.tail.comparable !== at) return state
  if (lastUsed(state.branches, support.id) >= at) return state
  return withBranches(state, [{ ...support, state: 'dropping' }])
}

/** A branch cut off after the entry at `at`; as it was where that cannot be read. */
async function lastOf({ feeds, crypto }: Parts, feed: number, branch: Branch, at: Micros): Promise<Branch> {
  const kept: Branch = { ...branch, state: 'kept' }
  try {
    const found = await findAt({ db: feeds.db }, { feed, branch: branch.id, comparable: at })
    return found ? { ...kept, tail: positionOf(entryOf(found.bytes, crypto)), count: found.count } : kept
  } catch (error) {
    if (hasCode(error, 'STORE_CORRUPT')) return kept
    throw error
  }
}
