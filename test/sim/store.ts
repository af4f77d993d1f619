import type { EntryKey, Micros, Millis, PlayerId } from '../../lib/base/index.ts'
import { nextComparable, signEntry } from '../../lib/entry/index.ts'
import type { Entry, HeadPosition, Payload } from '../../lib/entry/index.ts'
import { chainOf, checkRun, holds, otherHeads, parseRun, publishedAgain } from '../../lib/feed/index.ts'
import type { CheckedRun } from '../../lib/feed/index.ts'
import type { Outcome } from '../../lib/gossip/index.ts'
import { judge } from '../../lib/gossip/judge.ts'
import { Held } from '../../lib/store/held.ts'
import type { Wanted } from '../../lib/store/rewrite.ts'
import { Waiting } from '../../lib/store/waiting.ts'
import type { Head } from '../../lib/store/types.ts'
import { ancestorOf, emptyFeed, grow, hasPosition, headOf, positionOf, prune, readFeed, settle } from './feed.ts'
import type { Anchor, FeedState } from './feed.ts'
import { locate } from './locate.ts'
import type { Located } from './locate.ts'
import { simCrypto } from './signing.ts'
import type { SimIdentity } from './signing.ts'

/** Entries that a change brings along at most after a changeover: as in the store. */
const MAX_CHANGE_ENTRIES = 512
/** What has not been synced is on disk after so long all the same. */
const FLUSHED_AFTER: Millis = 5_000

export interface SimChange {
  readonly head: Head
  readonly entries: readonly Entry[]
  readonly sequence: number
  readonly changeover?: { readonly lost: HeadPosition; readonly ancestor: HeadPosition | undefined }
}

/** A store's disk, to be put in place of another: what a backup is. */
export interface Backup {
  readonly feeds: ReadonlyMap<PlayerId, FeedState>
  readonly sequences: ReadonlyMap<PlayerId, number>
  /** Of a store that was closed in order when it was copied; of one in use it is worth nothing. */
  readonly epoch: string | undefined
}

export interface SimStoreParts {
  readonly identity: SimIdentity
  /** The node's own clock, microseconds since 1970, and the true time that the disk knows. */
  readonly micros: () => Micros
  readonly now: () => Millis
  readonly onChange: (change: SimChange) => void
  /** 16 hex digits that nobody else has. */
  readonly newEpoch: () => string
}

/**
 * Feeds in memory by the rules of lib/feed, as lib/store keeps them on disk, but at once. What of others' runs has not
 * been synced is lost at a crash, latest first.
 */
export class SimStore {
  readonly #parts: SimStoreParts
  #feeds = new Map<PlayerId, FeedState>()
  /** Which change brought each head. */
  #sequences = new Map<PlayerId, number>()
  sequence = 0
  /** Another one after each crash. */
  epoch: string
  #waiting = new Waiting()
  #held = new Held()
  /** What was before each write that may still be lost. */
  #unsynced: { readonly at: Millis; readonly before: FeedState }[] = []
  /** Every entry handed over by others, and those of them that were new. */
  received = 0
  fresh = 0
  changeovers = 0
  /** Codes of runs that broke a rule, and how often. */
  readonly refusals = new Map<string, number>()

  constructor(parts: SimStoreParts) {
    this.#parts = parts
    this.epoch = parts.newEpoch()
  }

  *states(): Iterable<FeedState> {
    yield* this.#feeds.values()
  }
  state(identity: PlayerId): FeedState {
    return this.#feeds.get(identity) ?? emptyFeed(identity)
  }
  head(identity: PlayerId): Head | undefined {
    const state = this.#feeds.get(identity)
    return state && headOf(state)
  }
  /** Every head with the change that brought it. */
  *heads(): Iterable<{ head: Head; sequence: number }> {
    for (const state of this.#feeds.values()) {
      const head = headOf(state)
      if (head) yield { head, sequence: this.#sequences.get(state.identity) ?? 0 }
    }
  }
  has(identity: PlayerId, position: HeadPosition): boolean {
    const state = this.#feeds.get(identity)
    return state !== undefined && hasPosition(state, position)
  }
  /** Whether an own position is in the feed, or the end of a branch that is kept. */
  keeps(position: HeadPosition): boolean {
    const state = this.state(this.#parts.identity.id)
    return hasPosition(state, position) || [...state.branches.values()].some(({ tail }) => tail.key === position.key)
  }
  read(identity: PlayerId, after: Micros = 0, limit?: number): Entry[] {
    const state = this.#feeds.get(identity)
    return state ? readFeed(state, after, limit) : []
  }

  /** Appends to the own feed: synced, and with it all that was written before. @throws CLOCK_BEHIND_FEED */
  append(payload: Payload): Entry {
    const [entry] = this.publish(this.state(this.#parts.identity.id).head, [{ payload }])
    if (!entry) throw new Error('nothing was appended')
    return entry
  }

  /** Writes own entries after some entry of the own feed in one synced batch. @throws CLOCK_BEHIND_FEED */
  publish(anchor: Anchor | undefined, wanted: readonly Wanted[]): Entry[] {
    const { identity, micros } = this.#parts
    const state = this.state(identity.id)
    const written: Entry[] = []
    let parent = anchor?.tail.key ?? null
    let latest = state.head?.tail.comparable
    for (const each of wanted) {
      const now = micros()
      const next = nextComparable(latest, now)
      const said = 'again' in each ? publishedAgain(each.again, next, now) : { comparable: next, payload: each.payload }
      const { comparable } = said
      const fields = { identity: identity.id, parent, synod: null, ...said }
      const entry = signEntry(fields, identity.signer, simCrypto)
      written.push(entry)
      parent = entry.key
      latest = comparable
    }
    const grown = grow(state, anchor, written)
    if (!grown) throw new Error('the own feed has too many branches')
    this.#unsynced = []
    this.#commit(state, settle(grown.state, grown.branch, undefined), written, 'synced')
    return written
  }

  ingest(identity: PlayerId, run: readonly Uint8Array[], announced?: HeadPosition): Outcome {
    this.received += run.length
    const { entries, stop } = parseRun(identity, run, simCrypto)
    if (entries.length === 0) return this.#refuse(stop?.code ?? 'RUN_SIZE')
    const state = this.state(identity)
    const found = locate(state, entries, { waiting: this.#waiting, held: this.#held })
    if (found.kind === 'gap') return { kind: 'refused', orphan: true }
    if (found.kind === 'ahead') return this.#hold(identity, [...found.kept, ...entries], found.due)
    const outcome =
      found.kind === 'known'
        ? this.#arrive(state, found.anchor, announced)
        : this.#follow(state, found, entries, announced)
    return stop && outcome.kind !== 'refused' ? this.#refuse(stop.code) : outcome
  }

  /** When the nearest of what is held may be taken. */
  nextDue(): Micros | undefined {
    return this.#held.nextDue()
  }
  releaseDue(): void {
    for (const { identity, entries } of this.#held.takeDue(this.#parts.micros())) {
      const run = entries.map((entry) => entry.bytes)
      this.ingest(identity, run)
      this.received -= run.length
    }
  }

  /** The disk as it is. */
  backup(how: 'closed' | 'in use'): Backup {
    const epoch = how === 'closed' ? this.epoch : undefined
    return { feeds: new Map(this.#feeds), sequences: new Map(this.#sequences), epoch }
  }
  restore({ feeds, sequences, epoch }: Backup): void {
    this.#feeds = new Map(feeds)
    this.#sequences = new Map(sequences)
    this.sequence = Math.max(0, ...sequences.values())
    this.epoch = epoch ?? this.#parts.newEpoch()
    this.#restart()
  }
  /** Power goes: of what was not synced the first `kept` writes are on disk. Nobody is told. */
  crash(pick: (writes: number) => number): void {
    const since = this.#parts.now() - FLUSHED_AFTER
    const unsynced = this.#unsynced.filter(({ at }) => at > since)
    const lost = unsynced.slice(pick(unsynced.length + 1)).reverse()
    for (const { before } of lost) this.#feeds.set(before.identity, before)
    this.epoch = this.#parts.newEpoch()
    this.#restart()
  }
  #restart(): void {
    this.#unsynced = []
    this.#waiting = new Waiting()
    this.#held = new Held()
  }

  #refuse(code: string): Outcome {
    this.refusals.set(code, (this.refusals.get(code) ?? 0) + 1)
    return { kind: 'refused', orphan: code === 'FEED_GAP' }
  }

  /** All of it is here: a branch that waited for the announced head may take over by now. */
  #arrive(state: FeedState, last: Anchor, announced: HeadPosition | undefined): Outcome {
    const { branches, head } = state
    const branch =
      head &&
      otherHeads(branches, head.branch).find((other) =>
        holds(chainOf(branches, other.id), last.branch, last.tail.comparable),
      )
    if (!branch) return { kind: 'known' }
    const after = settle(state, branch, announced)
    return this.#commit(state, after, [], 'quick') ? { kind: 'adopted' } : { kind: 'known' }
  }

  #follow(
    state: FeedState,
    found: Located & { kind: 'follows' },
    entries: readonly Entry[],
    announced: HeadPosition | undefined,
  ): Outcome {
    const { anchor, unverified, from } = found
    const start = anchor ? { tail: anchor.tail, unverified } : { unverified }
    const checked = checkRun(entries.slice(from), start, this.#parts.micros(), simCrypto)
    const { authentic, stop } = checked
    const last = authentic.at(-1)
    this.#keepWaiting(state.identity, found, last ? last.key : (anchor?.tail.key ?? null), checked.waiting)
    if (!last) return this.#unadopted(state.identity, checked)
    const grown = grow(state, anchor, authentic)
    if (!grown) return this.#refuse('FEED_TOO_FORKED')
    this.fresh += authentic.length
    const after = prune(settle(grown.state, grown.branch, announced))
    const changed = this.#commit(state, after, authentic, 'quick')
    if (checked.due !== undefined) return this.#hold(state.identity, checked.ahead, checked.due)
    if (stop) return this.#refuse(stop.code)
    return changed ? { kind: 'adopted' } : { kind: 'staged', tail: positionOf(last) }
  }

  #unadopted(identity: PlayerId, { waiting, ahead, due, stop }: CheckedRun): Outcome {
    if (due !== undefined) return this.#hold(identity, ahead, due)
    const last = waiting.at(-1)
    if (last && !stop) return { kind: 'staged', tail: positionOf(last), unverified: true }
    return this.#refuse(stop?.code ?? 'ENTRY_SIGNATURE')
  }

  #keepWaiting(
    identity: PlayerId,
    { anchor, unverified }: Located & { kind: 'follows' },
    after: EntryKey | null,
    entries: readonly Entry[],
  ): void {
    const touched = unverified.length > 0 || this.#waiting.get(identity)?.after === (anchor?.tail.key ?? null)
    if (entries.length > 0 || touched) this.#waiting.set(identity, { after, entries })
  }

  #hold(identity: PlayerId, entries: readonly Entry[], due: Micros): Outcome {
    if (!this.#held.add({ identity, entries, due })) return this.#refuse('FUTURE_FULL')
    return judge({ kind: 'held', due, entries: [] }, this.#parts.micros()).outcome
  }

  /** Writes a state; true where the head has changed, of which listeners are told. */
  #commit(before: FeedState, after: FeedState, entries: readonly Entry[], how: 'synced' | 'quick'): boolean {
    if (after === before) return false
    this.#feeds.set(after.identity, after)
    if (how === 'quick') this.#note(before)
    const head = headOf(after)
    if (!head || before.head?.tail.key === head.key) return false
    this.#sequences.set(head.identity, ++this.sequence)
    const grows = !before.head || before.head.branch === after.head?.branch
    if (grows) this.#parts.onChange({ head, entries, sequence: this.sequence })
    else this.#changeOver(before, after, head)
    return true
  }

  #changeOver(before: FeedState, after: FeedState, head: Head): void {
    this.changeovers++
    const ancestor = ancestorOf(before, after)
    const entries = readFeed(after, ancestor?.comparable ?? 0, MAX_CHANGE_ENTRIES)
    this.#parts.onChange({ head, entries, sequence: this.sequence, changeover: { lost: before.head!.tail, ancestor } })
  }

  #note(before: FeedState): void {
    const now = this.#parts.now()
    const flushed = this.#unsynced.findIndex(({ at }) => at > now - FLUSHED_AFTER)
    if (flushed > 16) this.#unsynced.splice(0, flushed)
    this.#unsynced.push({ at: now, before })
  }
}
