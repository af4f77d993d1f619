import { entryKeyOf } from '../base/index.ts'
import type { Crypto } from '../base/index.ts'
import { chainOf, lastShared } from '../feed/index.ts'
import type { Segment } from '../feed/index.ts'
import type { Entry, HeadPosition } from '../entry/index.ts'
import type { FeedState, Feeds } from './feeds.ts'
import type { HeadRow } from './layout.ts'
import type { Told } from './afterwards.ts'
import { findAt, readChain } from './read.ts'
import type { Change, Head } from './types.ts'
import type { PlayerId } from '../base/index.ts'

/** How many entries a change brings along at most after a changeover. */
export const MAX_CHANGE_ENTRIES = 512

export type Emit = (change: Change) => void

export const headOf = (identity: PlayerId, { tail, count }: HeadRow): Head => ({
  identity,
  comparable: tail.comparable,
  key: tail.key,
  count,
})

interface Parts extends Told {
  readonly feeds: Feeds
  readonly crypto: Crypto
}

/**
 * What readers see change from one state to the next; undefined where the head is the same. After a changeover whose
 * entries cannot be read it brings none, for who reads on to find out.
 */
export async function changeBetween(
  parts: Parts,
  before: FeedState,
  after: FeedState,
  entries: readonly Entry[],
): Promise<Change | undefined> {
  if (!after.head || after.head === before.head) return undefined
  const { sequence } = after
  const head = headOf(after.identity, after.head)
  if (!before.head || before.head.branch === after.head.branch) return { head, entries, own: false, sequence }
  const lost = before.head.tail
  try {
    return { head, ...(await changeover(parts, after, chainOf(before.branches, before.head.branch), lost)), sequence }
  } catch (error) {
    parts.onFault(error)
    return { head, entries: [], more: true, changeover: { lost }, own: false, sequence }
  }
}

/** What comes after the last entry that the feed shares with the chain that it replaces. @throws STORE_CORRUPT */
async function changeover(
  { feeds, crypto }: Parts,
  after: FeedState,
  replaced: readonly Segment[],
  lost: HeadPosition,
): Promise<Omit<Change, 'head' | 'sequence'>> {
  const chain = after.head ? chainOf(after.branches, after.head.branch) : []
  const shared = lastShared(replaced, chain)
  const ancestor = shared && (await positionAt(feeds, crypto, after, shared))
  const range = { after: shared?.until ?? 0, limit: MAX_CHANGE_ENTRIES + 1 }
  const found: Entry[] = []
  for await (const entry of readChain({ db: feeds.db, crypto }, after.feed, chain, range)) found.push(entry)
  return {
    entries: found.slice(0, MAX_CHANGE_ENTRIES),
    ...(found.length > MAX_CHANGE_ENTRIES ? { more: true } : {}),
    changeover: { lost, ...(ancestor ? { ancestor } : {}) },
    own: false,
  }
}

async function positionAt(
  feeds: Feeds,
  crypto: Crypto,
  { feed }: FeedState,
  { branch, until }: Segment,
): Promise<HeadPosition | undefined> {
  const found = await findAt({ db: feeds.db }, { feed, branch, comparable: until })
  return found && { comparable: until, key: entryKeyOf(crypto.sha256(found.bytes)) }
}
