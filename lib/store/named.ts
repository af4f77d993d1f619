import type { Crypto, EntryKey } from '../base/index.ts'
import { readPayload } from '../entry/index.ts'
import { MAX_LOOKED_AT, otherHeads } from '../feed/index.ts'
import type { Branch } from '../feed/index.ts'
import { loadWhole } from './drop.ts'
import type { FeedState, Feeds } from './feeds.ts'
import { prefixes } from './layout.ts'
import { findKey } from './read.ts'
import { scanIndex } from './scan.ts'

interface Parts {
  readonly feeds: Feeds
  readonly crypto: Crypto
}

/**
 * Drops the branches whose heads the feed names in a `rebase` whose entries have all come: what they held is in the
 * feed again, or its author wants it gone. Called in the feed's turn; costs nothing where no branch is kept.
 * @param arriving whether those go too that are still arriving: what comes of them may go on beyond the named head
 */
export async function dropNamed(parts: Parts, state: FeedState, arriving: 'stay' | 'go' = 'stay'): Promise<FeedState> {
  const { head, branches } = state
  const all = head ? otherHeads(branches, head.branch) : []
  const others = arriving === 'go' ? all : all.filter((branch) => branch.state !== 'arriving')
  if (others.length === 0) return state
  const named = await namedBy(parts, state)
  const doomed = others.filter(({ tail }) => named.has(tail.key))
  if (doomed.length === 0) return state
  const marked = new Map(branches)
  for (const branch of doomed) marked.set(branch.id, { ...branch, state: 'dropping' } satisfies Branch)
  await parts.feeds.commit(state, { ...state, branches: marked }, [], 'quick')
  return loadWhole(parts, state.identity)
}

async function namedBy({ feeds, crypto }: Parts, { feed, head }: FeedState): Promise<ReadonlySet<EntryKey>> {
  const named = new Set<EntryKey>()
  const prefix = prefixes.feedAndType(feed, 'rebase')
  if (!prefix || !head) return named
  let left = MAX_LOOKED_AT
  for await (const entry of scanIndex({ db: feeds.db, crypto }, prefix, 'newest first')) {
    const read = readPayload(entry)
    const found = await findKey({ db: feeds.db, crypto }, entry.key)
    if (read.kind === 'rebase' && found && found.count + (read.payload.kept ?? 0) <= head.count)
      for (const key of read.payload.replaces) named.add(key)
    if (--left <= 0) break
  }
  return named
}
