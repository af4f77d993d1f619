import { MarmaladeError } from '../base/index.ts'
import type { Clock, Crypto, PlayerId } from '../base/index.ts'
import { checkPayload, encodePayload, nextComparable } from '../entry/index.ts'
import type { Author, EncodedPayload, Entry, HeadPosition, Payload } from '../entry/index.ts'
import { againFault } from '../feed/index.ts'
import { afterwards } from './afterwards.ts'
import type { Told } from './afterwards.ts'
import { headOf } from './change.ts'
import type { Emit } from './change.ts'
import { loadWhole } from './drop.ts'
import type { FeedState, Feeds } from './feeds.ts'
import { grow, withHead } from './grow.ts'
import { mergeTail } from './merge.ts'
import { SigningPace } from './signing-pace.ts'
import type { Restored } from './restored.ts'

/** Payloads that wait to be signed at most, and how many share one write. */
export const MAX_QUEUED = 4_096
const MAX_GROUP = 256
/** Entries signed without a pause: half a millisecond, in which a write may have ended. */
const SLICE = 16
/** Entries written before others who want to write to the feed have their turn. */
const MAX_TURN = 4_096

export interface AppendParts {
  readonly feeds: Feeds
  readonly crypto: Crypto
  readonly clock: Clock
  readonly identity: PlayerId
  /** Signs as this identity. */
  readonly author: Author
  readonly emit: Emit
}

interface AppenderParts extends AppendParts, Told {
  readonly restored: Restored
}

interface Wanted {
  readonly payload: EncodedPayload
  readonly signed: ((entry: Entry) => void) | undefined
  readonly done: (entry: Entry) => void
  readonly failed: (error: unknown) => void
}

/** Entries signed one after another, for one write, and who waits for each. */
class Group {
  readonly entries: Entry[] = []
  readonly wanted: Wanted[] = []
  readonly #before: HeadPosition | undefined

  constructor(before: HeadPosition | undefined) {
    this.#before = before
  }

  get size(): number {
    return this.entries.length
  }

  /** What the next entry follows. */
  get tail(): HeadPosition | undefined {
    return this.entries.at(-1) ?? this.#before
  }
}

/**
 * Writes this node's own feed. What waits is written in groups, each synced once; while one is written the next is
 * signed, so that processor and disk work at the same time.
 */
export class Appender {
  readonly #parts: AppenderParts
  readonly #pace: SigningPace
  readonly #queue: Wanted[] = []
  #running: Promise<void> | undefined
  /** Called when there is something to sign, or no longer anything being written. */
  #wake: (() => void) | undefined

  constructor(parts: AppenderParts) {
    this.#parts = parts
    this.#pace = new SigningPace(parts.clock)
  }

  /** As `Store.append`; what is asked for while entries are written shares the next write. */
  append(payload: Payload, signed?: (entry: Entry) => void): Promise<Entry> {
    checkPayload(payload)
    this.#parts.restored.assertMayPublish()
    if (this.#queue.length >= MAX_QUEUED) {
      throw new MarmaladeError('STORE_BUSY', `${MAX_QUEUED} entries wait to be written: wait for those, then try again`)
    }
    const encoded = encodePayload(payload)
    return new Promise<Entry>((done, failed) => {
      this.#queue.push({ payload: encoded, signed, done, failed })
      this.#wake?.()
      this.#running ??= this.#run()
    })
  }

  /** Resolves when nothing waits to be written. */
  async idle(): Promise<void> {
    await this.#running
  }

  async #run(): Promise<void> {
    const { feeds, identity } = this.#parts
    // One step later, so that calls made together share the first write too.
    await Promise.resolve()
    while (this.#queue.length > 0) {
      try {
        await feeds.inTurn(identity, () => this.#writeGroups())
      } catch (error) {
        for (const wanted of this.#queue.splice(0, MAX_GROUP)) wanted.failed(error)
      }
    }
    this.#running = undefined
  }

  /** Signs and writes what waits, and what comes meanwhile. Called in the feed's turn. */
  async #writeGroups(): Promise<void> {
    let state = await loadWhole(this.#parts, this.#parts.identity)
    let group = await this.#sign(state.head?.tail)
    for (let left = MAX_TURN; group.size > 0; left -= group.size) {
      const writing = this.#watched(this.#write(state, group))
      const next = left > group.size ? await this.#sign(group.tail, writing) : new Group(group.tail)
      try {
        state = await writing.done
      } catch (error) {
        for (const wanted of group.wanted) wanted.failed(error)
        // What was signed to follow on these is signed anew, to follow on what is there.
        this.#queue.unshift(...next.wanted)
        return
      }
      group = next
    }
  }

  /** Signs what waits: while a group is being written, and then until the next is worth a write. */
  async #sign(before: HeadPosition | undefined, writing?: Writing): Promise<Group> {
    const group = new Group(before)
    for (;;) {
      while (this.#queue.length > 0 && group.size < MAX_GROUP) {
        if (!writing?.pending && this.#pace.isEnough(group.size, this.#queue.length)) break
        this.#signSlice(group)
        if (this.#queue.length > 0) await new Promise((resolve) => setImmediate(resolve))
      }
      if (!writing?.pending) return group
      await new Promise<void>((resolve) => (this.#wake = resolve))
    }
  }

  #signSlice(group: Group): void {
    const began = this.#pace.now()
    const slice = this.#queue.splice(0, Math.min(SLICE, MAX_GROUP - group.size))
    for (const wanted of slice) {
      try {
        group.entries.push(this.#signOne(wanted.payload, group.tail))
        group.wanted.push(wanted)
      } catch (error) {
        wanted.failed(error)
      }
    }
    this.#pace.signed(slice.length, began)
  }

  #signOne(payload: EncodedPayload, before: HeadPosition | undefined): Entry {
    const { clock, author } = this.#parts
    const comparable = nextComparable(before?.comparable, clock.micros())
    const entry = author.signEncoded({ parent: before?.key ?? null, comparable, synod: null }, payload)
    const fault = againFault(entry)
    if (fault) throw new MarmaladeError(fault.code, fault.message)
    return entry
  }

  /** What a listener makes of it is its own affair: the entry is written all the same. */
  #tell(entry: Entry, wanted: Wanted | undefined): void {
    try {
      wanted?.signed?.(entry)
    } catch (error) {
      this.#parts.onFault(error)
    }
  }

  #watched(done: Promise<FeedState>): Writing {
    const writing: Writing = { done, pending: true }
    const ended = (): void => {
      writing.pending = false
      this.#wake?.()
    }
    done.then(ended, ended)
    return writing
  }

  async #write(state: FeedState, { entries, wanted }: Group): Promise<FeedState> {
    const { feeds, identity, emit } = this.#parts
    const grown = await grow(state, state.head, entries)
    if (!grown) throw new MarmaladeError('FEED_TOO_FORKED', `${identity} has too many branches here`)
    for (const [i, entry] of entries.entries()) this.#tell(entry, wanted[i])
    const began = this.#pace.now()
    const after = await feeds.commit(state, withHead(grown.state, grown.branch), grown.writes, 'synced')
    this.#pace.wrote(began)
    const { head, sequence } = after
    if (head) emit({ head: headOf(identity, head), entries, own: true, sequence })
    for (const [i, entry] of entries.entries()) wanted[i]?.done(entry)
    await afterwards(this.#parts, () => mergeTail(this.#parts, state.feed, grown.branch, entries.length))
    return after
  }
}

/** A group that is being written: `pending` until it is, or has failed. */
interface Writing {
  readonly done: Promise<FeedState>
  pending: boolean
}
