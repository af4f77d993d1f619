import type { Clock, Crypto, PlayerId } from '../base/index.ts'
import { refusal } from '../base/index.ts'
import { chainOf, checkRun, holds, otherHeads, parseRun } from '../feed/index.ts'
import type { CheckedRun, ParsedRun, Stop } from '../feed/index.ts'
import type { Entry, HeadPosition } from '../entry/index.ts'
import { afterwards } from './afterwards.ts'
import type { Told } from './afterwards.ts'
import { changeBetween } from './change.ts'
import type { Emit } from './change.ts'
import { loadWhole, prune } from './drop.ts'
import type { FeedState, Feeds } from './feeds.ts'
import { MAX_BRANCHES, MAX_LOST, MAX_OWN_LOST, grow, positionOf, settle } from './grow.ts'
import type { Held } from './held.ts'
import type { HeadRow } from './layout.ts'
import { locate } from './locate.ts'
import { mergeTail } from './merge.ts'
import { dropNamed } from './named.ts'
import type { Located } from './locate.ts'
import type { Found } from './read.ts'
import type { Ingested } from './types.ts'
import type { Waiting } from './waiting.ts'

export interface IngestParts extends Told {
  readonly feeds: Feeds
  readonly held: Held
  readonly waiting: Waiting
  readonly crypto: Crypto
  readonly clock: Clock
  readonly emit: Emit
  /** Whose losing branches are kept until they are healed. */
  readonly own: PlayerId
}

const refused = ({ at, code, message }: Stop): Ingested => ({ kind: 'refused', at, code, message })
const withStop = (stop: Stop | undefined): { stop?: Stop } => (stop ? { stop } : {})

/** Takes a parsed run into the store, as `Store.ingest` says. Called in the feed's turn. */
export async function ingestRun(
  parts: IngestParts,
  identity: PlayerId,
  { entries, stop }: ParsedRun,
  announced: HeadPosition | undefined,
): Promise<Ingested> {
  if (entries.length === 0) return refused(stop ?? { at: 0, ...refusal('RUN_SIZE', 'a run of no entries') })
  const state = await loadWhole(parts, identity)
  const found = await locate({ ...parts, db: parts.feeds.db }, state, entries)
  if (found.kind === 'refused') return refused({ at: 0, code: found.code, message: found.message })
  if (found.kind === 'known') return arrive(parts, state, found.last, announced, stop)
  if (found.kind === 'ahead') return hold(parts, found, entries)
  return follow(parts, state, found, entries, announced, stop)
}

/** All of it is here, but the head that was announced may by now be: a branch that waited for it takes over. */
async function arrive(
  parts: IngestParts,
  state: FeedState,
  last: Found,
  announced: HeadPosition | undefined,
  stop: Stop | undefined,
): Promise<Ingested> {
  const known: Ingested = { kind: 'known', ...withStop(stop) }
  if (!state.head) return known
  const { branches } = state
  const held = (id: number): boolean => holds(chainOf(branches, id), last.branch, last.comparable)
  // What the feed has says nothing of a branch that shares it, but what it names need not be waited for.
  if (held(state.head.branch)) {
    await afterwards(parts, () => dropNamed(parts, state, 'go'))
    return known
  }
  const branch = otherHeads(branches, state.head.branch).find(({ id }) => held(id))
  if (!branch) return known
  const settled = settle(state, branch, announced)
  if (settled === state) return known
  const after = await parts.feeds.commit(state, settled, [], 'quick')
  const result = await report(parts, state, after, [], undefined, stop)
  await afterwards(parts, () => dropNamed(parts, after))
  return result ?? known
}

async function follow(
  parts: IngestParts,
  state: FeedState,
  found: Located & { kind: 'follows' },
  entries: readonly Entry[],
  announced: HeadPosition | undefined,
  broken: Stop | undefined,
): Promise<Ingested> {
  const { from, anchor, unverified } = found
  const start = anchor ? { tail: anchor.tail, unverified } : { unverified }
  const checked = checkRun(entries.slice(from), start, parts.clock.micros(), parts.crypto)
  const stop = checked.stop ? { ...checked.stop, at: checked.stop.at + from } : broken
  const [last] = checked.authentic.slice(-1)
  if (!last) {
    keepWaiting(parts, state.identity, found, anchor, checked.waiting)
    return holdChecked(parts, state.identity, checked) ?? unadopted(checked, stop, from)
  }
  const grown = await grow(state, anchor, checked.authentic)
  if (!grown) {
    const message = `${state.identity} has ${MAX_BRANCHES} branches here: no further one is kept`
    return refused({ at: from, ...refusal('FEED_TOO_FORKED', message) })
  }
  const settled = settle(grown.state, grown.branch, announced)
  const after = await parts.feeds.commit(state, settled, grown.writes, 'quick')
  const end: HeadRow = { branch: grown.branch.id, tail: grown.branch.tail, count: grown.branch.count }
  keepWaiting(parts, state.identity, found, end, checked.waiting)
  // What comes now may pass a named head; what came before is not waited for once the feed has named it.
  const arriving = after.head?.branch === grown.branch.id ? 'go' : 'stay'
  const result = await report(parts, state, after, checked.authentic, checked, stop)
  const most = state.identity === parts.own ? MAX_OWN_LOST : MAX_LOST
  await afterwards(parts, async () => prune(parts, await dropNamed(parts, after, arriving), most))
  await afterwards(parts, () => mergeTail(parts, state.feed, grown.branch, checked.authentic.length))
  return result ?? { kind: 'staged', tail: positionOf(last), ...withStop(stop) }
}

/** Nothing of the run is authentic yet. */
function unadopted({ waiting }: CheckedRun, stop: Stop | undefined, from: number): Ingested {
  const [last] = waiting.slice(-1)
  if (last && !(stop && stop.at <= from))
    return { kind: 'staged', tail: positionOf(last), unverified: true, ...withStop(stop) }
  return refused(stop ?? { at: from, ...refusal('ENTRY_SIGNATURE', 'no signature of the run verifies') })
}

/** Puts what waits in place of the tail that waited; a tail elsewhere in the feed stays while nothing new waits. */
function keepWaiting(
  { waiting }: IngestParts,
  identity: PlayerId,
  { anchor, unverified }: Located & { kind: 'follows' },
  end: HeadRow | undefined,
  entries: readonly Entry[],
): void {
  const tail = waiting.get(identity)
  const touched = unverified.length > 0 || tail?.after === (anchor?.tail.key ?? null)
  if (entries.length > 0 || touched) waiting.set(identity, { after: end?.tail.key ?? null, entries })
}

/** Tells of a changed head, if it has changed, and says what became of the run. */
async function report(
  parts: IngestParts,
  before: FeedState,
  after: FeedState,
  entries: readonly Entry[],
  checked: CheckedRun | undefined,
  stop: Stop | undefined,
): Promise<Ingested | undefined> {
  const change = await changeBetween(parts, before, after, entries)
  if (change) parts.emit(change)
  const held = checked && holdChecked(parts, after.identity, checked)
  if (held?.kind === 'held') return change ? { ...held, head: change.head, entries: change.entries } : held
  if (!change) return undefined
  return {
    kind: 'adopted',
    head: change.head,
    entries: change.entries,
    ...(change.more ? { more: change.more } : {}),
    ...(change.changeover ? { replaced: change.changeover.lost } : {}),
    ...withStop(held ?? stop),
  }
}

type HeldOrRefused = Ingested & { kind: 'held' | 'refused' }

/** Holds what of a checked run is ahead of the clock; undefined where nothing is. */
function holdChecked(parts: IngestParts, identity: PlayerId, checked: CheckedRun): HeldOrRefused | undefined {
  const { ahead, due, authentic, waiting } = checked
  if (due === undefined) return undefined
  if (parts.held.add({ identity, entries: ahead, due })) return { kind: 'held', due, entries: [] }
  const message = 'too many entries ahead of the clock are held, all nearer than this one: send it when its time comes'
  return { kind: 'refused', at: authentic.length + waiting.length, ...refusal('FUTURE_FULL', message) }
}

/** Adds a run to the held one that it goes on from, or hands both in where that one is due by now. */
function hold(
  parts: IngestParts,
  { held, before }: Located & { kind: 'ahead' },
  entries: readonly Entry[],
): Promise<Ingested> | Ingested {
  const kept = held.entries.slice(0, before)
  const now = parts.clock.micros()
  if (held.due <= now) {
    const both = [...kept, ...entries].map((entry) => entry.bytes)
    return ingestRun(parts, held.identity, parseRun(held.identity, both, parts.crypto), undefined)
  }
  const [tail] = kept.slice(-1)
  const checked = checkRun(entries, tail ? { tail, unverified: [] } : { unverified: [] }, now, parts.crypto)
  const nothing = unadopted(checked, checked.stop, 0)
  if (checked.ahead.length === 0) return nothing
  const ahead = [...kept, ...checked.ahead]
  return holdChecked(parts, held.identity, { ...checked, ahead, due: held.due }) ?? nothing
}
