import { MarmaladeError } from '../base/index.ts'
import type { EntryKey, Micros } from '../base/index.ts'
import { isAhead } from '../entry/index.ts'
import type { Entry } from '../entry/index.ts'
import { chainOf, holds, rebasePayloads, rebasing, traceOf } from '../feed/index.ts'
import type { Rebasing, Trace } from '../feed/index.ts'
import { afterwards } from './afterwards.ts'
import { FirstAgains } from './again.ts'
import { headOf } from './change.ts'
import { loadWhole } from './drop.ts'
import type { FeedState } from './feeds.ts'
import { positionOf } from './grow.ts'
import type { HeadRow } from './layout.ts'
import { dropNamed } from './named.ts'
import { corrupt, entryOf, findAt, findKey, readChain } from './read.ts'
import { writeBranch } from './rewrite.ts'
import type { Rebased, RewriteParts, Wanted } from './rewrite.ts'

/** `Store.own.rebase`, called in the own feed's turn. */
export async function rebaseFeed(parts: RewriteParts, keys: ReadonlySet<EntryKey>): Promise<Rebased> {
  const state = await loadWhole(parts, parts.identity)
  const { drop, first } = await originalsOf(parts, state, keys)
  const from = Math.min(first, await firstAhead(parts, state))
  if (!state.head || from === Infinity)
    throw new MarmaladeError('REBASE_NOTHING', 'nothing to drop: name entries of your own feed, see `feed`')
  const plan = rebasing(await tracesAfter(parts, state, from - 1), state.head.tail, drop)
  const after = await writeRebased(parts, state, { plan, from })
  if (!after.head) throw new MarmaladeError('INTERNAL', 'a rewritten feed has a head')
  return { dropped: plan.dropped, kept: plan.keep.length, head: headOf(parts.identity, after.head) }
}

/** The keys of the originals that these entries of the own feed carry, and where the first of all carriers stands. */
async function originalsOf(
  parts: RewriteParts,
  state: FeedState,
  keys: ReadonlySet<EntryKey>,
): Promise<{ drop: Set<EntryKey>; first: Micros }> {
  const drop = new Set<EntryKey>()
  let first = Infinity
  for (const key of keys) {
    const named = (await carrierOf(parts, state, key)) ?? (await parts.get(key, 'anywhere'))
    if (named && named.identity !== parts.identity)
      throw new MarmaladeError('REBASE_FOREIGN', `${key} is in another player's feed: only its author can drop it`)
    const original = named && traceOf(named).original
    const carrier = original && (await carrierOf(parts, state, original.key))
    if (!carrier) throw new MarmaladeError('REBASE_UNKNOWN', `${key} names nothing in your feed: see \`feed\` for keys`)
    drop.add(original.key)
    first = Math.min(first, carrier.comparable)
  }
  return { drop, first }
}

/** The entry of the own feed with this key, else the first that publishes it `again`: anybody else may do that too. */
async function carrierOf(
  { feeds, crypto, onFault }: RewriteParts,
  state: FeedState,
  key: EntryKey,
): Promise<Entry | undefined> {
  const { feed, head, branches } = state
  if (!head) return undefined
  const parts = { db: feeds.db, crypto, onFault }
  const found = await findKey(parts, key)
  if (found?.feed === feed && holds(chainOf(branches, head.branch), found.branch, found.comparable))
    return entryOf(found.bytes, crypto)
  return new FirstAgains().of(parts, state, key)
}

/** Comparable of the first entry that is ahead of the clock, Infinity where the head is not. */
async function firstAhead(
  { feeds, crypto, clock }: RewriteParts,
  { feed, head, branches }: FeedState,
): Promise<Micros> {
  const now = clock.micros()
  if (!head || !isAhead(head.tail.comparable, now)) return Infinity
  let first = head.tail.comparable
  for await (const { comparable } of readChain({ db: feeds.db, crypto }, feed, chainOf(branches, head.branch), {
    reverse: true,
  })) {
    if (!isAhead(comparable, now)) break
    first = comparable
  }
  return first
}

/** What a rewriting has to know of the feed's entries after a comparable. */
export async function tracesAfter(
  { feeds, crypto }: RewriteParts,
  { feed, head, branches }: FeedState,
  after: Micros,
): Promise<Trace[]> {
  const traces: Trace[] = []
  if (!head) return traces
  const chain = chainOf(branches, head.branch)
  for await (const entry of readChain({ db: feeds.db, crypto }, feed, chain, { after })) traces.push(traceOf(entry))
  return traces
}

interface Writing {
  readonly plan: Rebasing
  /** Comparable of the first entry that is rewritten. */
  readonly from: Micros
  /** Further heads to name, and entries of other branches to publish again at the end. */
  readonly replaces?: readonly EntryKey[]
  readonly again?: readonly Trace[]
}

/**
 * Writes a rewritten feed and drops the branches that it names. Everything new stands above the replaced head, so that
 * it wins everywhere, unless that is ahead of the clock, where nobody else has adopted it.
 * @throws MarmaladeError REBASE_STUCK; what `writeBranch` throws
 */
export async function writeRebased(parts: RewriteParts, state: FeedState, writing: Writing): Promise<FeedState> {
  const { plan, from, replaces = [], again = [] } = writing
  const [stuck] = plan.stuck
  if (stuck)
    throw new MarmaladeError(
      'REBASE_STUCK',
      `${stuck.key} has to follow, and is too large to be published again: drop it too`,
    )
  const { clock, feeds, crypto } = parts
  const anchor = await anchorBefore(parts, state, from)
  const tail = state.head?.tail.comparable ?? 0
  const above = isAhead(tail, clock.micros()) ? (anchor?.tail.comparable ?? 0) : tail
  const keep = new Set(plan.keep.map(({ key }) => key))
  async function* wanted(): AsyncGenerator<Wanted> {
    const heads = [...replaces, ...plan.replaces]
    for (const payload of rebasePayloads(heads, keep.size + again.length)) yield { payload }
    if (state.head && keep.size > 0) {
      const chain = chainOf(state.branches, state.head.branch)
      for await (const entry of readChain({ db: feeds.db, crypto }, state.feed, chain, { after: from - 1 }))
        if (keep.has(entry.key)) yield { again: entry }
    }
    yield* carriersOf(parts, again)
  }
  const after = await writeBranch(parts, state, { anchor, above }, wanted())
  await afterwards(parts, () => dropNamed(parts, after, 'go'))
  return after
}

/**
 * The entries of traces, read one by one. Where one cannot be read nothing more is written: the heads are named last,
 * so no branch goes that still holds it.
 * @throws MarmaladeError STORE_CORRUPT
 */
export async function* carriersOf(
  { get, identity }: RewriteParts,
  traces: readonly Trace[],
): AsyncGenerator<{ again: Entry }> {
  for (const { key } of traces) {
    const again = await get(key, 'anywhere', identity)
    if (!again) throw corrupt(`${key} cannot be read from the database`)
    yield { again }
  }
}

/** The feed up to the entry before the one at `from`; undefined where that is the first. */
async function anchorBefore(
  { feeds, crypto }: RewriteParts,
  { feed, head, branches }: FeedState,
  from: Micros,
): Promise<HeadRow | undefined> {
  if (!head) return undefined
  const chain = chainOf(branches, head.branch)
  const before = { db: feeds.db, crypto }
  for await (const entry of readChain(before, feed, chain, { until: from - 1, reverse: true, limit: 1 })) {
    const segment = chain.find(({ until }) => entry.comparable <= until)
    const found = segment && (await findAt(before, { feed, branch: segment.branch, comparable: entry.comparable }))
    return found && { branch: found.branch, tail: positionOf(entry), count: found.count }
  }
  return undefined
}
