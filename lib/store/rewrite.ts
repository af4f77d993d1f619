import { MarmaladeError } from '../base/index.ts'
import type { EntryKey, Micros, PlayerId } from '../base/index.ts'
import { nextComparable } from '../entry/index.ts'
import type { Entry, Payload } from '../entry/index.ts'
import { publishedAgain } from '../feed/index.ts'
import type { Branch } from '../feed/index.ts'
import type { Told } from './afterwards.ts'
import type { AppendParts } from './append.ts'
import { changeBetween, headOf } from './change.ts'
import { withBranches } from './feeds.ts'
import type { FeedState } from './feeds.ts'
import { MAX_BRANCHES, grow, withHead } from './grow.ts'
import type { Grown } from './grow.ts'
import type { HeadRow } from './layout.ts'
import { flush } from './level.ts'
import type { Head } from './types.ts'

/** Entries signed and written together, and signed without a pause: about a millisecond. */
const GROUP = 1_024
const SLICE = 32

/** What became of `Store.own.rebase`. */
export interface Rebased {
  /** Originals that are there no more. */
  readonly dropped: readonly EntryKey[]
  /** Entries that follow on the `rebase`. */
  readonly kept: number
  readonly head: Head
}

/** What became of `Store.own.heal`. */
export interface Healed {
  /** Entries of losing branches that were published again. */
  readonly kept: number
  /** Originals that a losing branch had dropped, and that the feed has no more. */
  readonly dropped: readonly EntryKey[]
  /** Losing heads that need not be kept any more. */
  readonly named: readonly EntryKey[]
  /** Entries that fit into no `again`, or lie in a branch of which something cannot be read: their branches stay. */
  readonly stuck: number
}

export interface RewriteParts extends AppendParts, Told {
  /** As `Store.get`. */
  readonly get: (key: EntryKey, where?: 'feed' | 'anywhere', author?: PlayerId) => Promise<Entry | undefined>
}

/** What to write: a payload, or an entry whose original is published again. */
export type Wanted = { readonly payload: Payload } | { readonly again: Entry }

/** Where on the own feed to write, and above which comparable. */
export interface Onto {
  readonly anchor: HeadRow | undefined
  readonly above: Micros
}

/**
 * Goes on with the own feed at its head; each group is synced, then told.
 * @throws MarmaladeError STORE_WRITE, CLOCK_BEHIND_FEED
 */
export async function writeOn(
  parts: RewriteParts,
  state: FeedState,
  wanted: AsyncIterable<Wanted>,
): Promise<FeedState> {
  let now = state
  for await (const group of groupsOf(wanted)) {
    const anchor = now.head
    const entries = await sign(parts, group, { anchor, above: anchor?.tail.comparable ?? 0 })
    const grown = await grownOn(now, anchor, entries)
    now = await parts.feeds.commit(now, withHead(grown.state, grown.branch), grown.writes, 'synced')
    if (now.head) parts.emit({ head: headOf(parts.identity, now.head), entries, own: true, sequence: now.sequence })
  }
  return now
}

/**
 * Writes a new branch of the own feed and makes it the feed, all in one synced step as far as readers see. What is
 * large is written in groups before; a crash in between leaves a branch that is not the feed and that healing finds.
 * @throws MarmaladeError STORE_WRITE, CLOCK_BEHIND_FEED, FEED_TOO_FORKED
 */
export async function writeBranch(
  parts: RewriteParts,
  state: FeedState,
  onto: Onto,
  wanted: AsyncIterable<Wanted>,
): Promise<FeedState> {
  let now = state
  let at = onto
  let pending: Grown | undefined
  for await (const group of groupsOf(wanted)) {
    if (pending) now = await parts.feeds.commit(now, staged(pending), pending.writes, 'quick')
    pending = await grownOn(now, at.anchor, await sign(parts, group, at))
    const { id, tail, count } = pending.branch
    at = { anchor: { branch: id, tail, count }, above: tail.comparable }
  }
  if (!pending) return state
  const kept: Branch = { ...pending.branch, state: 'kept' }
  const settled = withHead(withBranches(pending.state, [kept]), kept)
  // The log that the groups before lie in may be lost while that of this step is not.
  if (now !== state) await flush(parts.feeds.db)
  const after = await parts.feeds.commit(now, settled, pending.writes, 'synced')
  const change = await changeBetween(parts, state, after, [])
  if (change) parts.emit({ ...change, own: true })
  return after
}

const staged = ({ state, branch }: Grown): FeedState => withBranches(state, [{ ...branch, state: 'arriving' }])
async function grownOn(state: FeedState, anchor: HeadRow | undefined, entries: readonly Entry[]): Promise<Grown> {
  const grown = await grow(state, anchor, entries)
  if (grown) return grown
  throw new MarmaladeError('FEED_TOO_FORKED', `this feed has ${MAX_BRANCHES} branches here: no further one is kept`)
}

async function sign(parts: RewriteParts, group: readonly Wanted[], { anchor, above }: Onto): Promise<Entry[]> {
  const { author, clock } = parts
  const entries: Entry[] = []
  let before = above
  for (const [i, wanted] of group.entries()) {
    if (i % SLICE === SLICE - 1) await new Promise((resolve) => setImmediate(resolve))
    const now = clock.micros()
    const next = nextComparable(before === 0 ? undefined : before, now)
    const { comparable, payload } =
      'again' in wanted ? publishedAgain(wanted.again, next, now) : { comparable: next, payload: wanted.payload }
    const parent = entries.at(-1)?.key ?? anchor?.tail.key ?? null
    entries.push(author.sign({ parent, comparable, synod: null, payload }))
    before = comparable
  }
  return entries
}

async function* groupsOf(wanted: AsyncIterable<Wanted>): AsyncGenerator<Wanted[]> {
  let group: Wanted[] = []
  for await (const each of wanted) {
    group.push(each)
    if (group.length < GROUP) continue
    yield group
    group = []
  }
  if (group.length > 0) yield group
}
