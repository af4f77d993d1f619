import type { Crypto, Micros, PlayerId } from '../base/index.ts'
import { lastUsed } from '../feed/index.ts'
import type { Branch } from '../feed/index.ts'
import { withBranches } from './feeds.ts'
import type { FeedState, Feeds } from './feeds.ts'
import { foldBranches } from './fold.ts'
import { overflow, positionOf } from './grow.ts'
import type { Write } from './level.ts'
import { chunkAt, entriesOf, readChunks } from './read.ts'
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
 */
async function drop({ feeds, crypto }: Parts, state: FeedState, branch: Branch): Promise<FeedState> {
  const { feed } = state
  const used = lastUsed(state.branches, branch.id)
  const from = Math.max(branch.at, used)
  let batch: Write[] = []
  const stretch = { branch: branch.id, from, until: branch.tail.comparable }
  for await (const { chunk, first } of readChunks({ db: feeds.db }, feed, stretch, 'newest')) {
    const entries = entriesOf(chunk, crypto)
    batch.push(...deletesOf(entries, feed, branch.id))
    const kept = entries.slice(0, first)
    if (kept.length > 0) batch.push(...writesOf(kept, { feed, branch: branch.id, count: chunk.countAt(first - 1) }))
    if (batch.length < BATCH) continue
    await feeds.writer.write(batch, 'quick')
    batch = []
  }
  // What is still to be written would not be read yet.
  await feeds.writer.write(batch, 'quick')
  const left = used > 0 ? await lastOf({ feeds, crypto }, feed, branch, from) : undefined
  const after = left ? withBranches(state, [left]) : withBranches(state, [], [branch.id])
  return feeds.commit(state, left ? after : withoutSupport(after, branch), [], 'quick')
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

/** A branch cut off after the entry at `at`. */
async function lastOf({ feeds, crypto }: Parts, feed: number, branch: Branch, at: Micros): Promise<Branch> {
  const found = await chunkAt({ db: feeds.db }, { feed, branch: branch.id, comparable: at })
  const index = found?.chunk.find(at) ?? -1
  const last = found && index >= 0 ? entriesOf(found.chunk, crypto)[index] : undefined
  if (!found || !last) return { ...branch, state: 'kept' }
  return { ...branch, state: 'kept', tail: positionOf(last), count: found.chunk.countAt(index) }
}
