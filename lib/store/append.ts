import { MarmaladeError } from '../base/index.ts'
import type { Clock, Crypto, PlayerId } from '../base/index.ts'
import { checkPayload, nextComparable } from '../entry/index.ts'
import type { Author, Entry, Payload } from '../entry/index.ts'
import { againFault } from '../feed/index.ts'
import { headOf } from './change.ts'
import type { Emit } from './change.ts'
import { loadWhole } from './drop.ts'
import type { Feeds } from './feeds.ts'
import { grow, withHead } from './grow.ts'
import { mergeTail } from './merge.ts'
import type { Restored } from './restored.ts'

/** Payloads that wait to be written at most, and how many share one write. */
export const MAX_QUEUED = 4_096
const MAX_GROUP = 256

export interface AppendParts {
  readonly feeds: Feeds
  readonly crypto: Crypto
  readonly clock: Clock
  readonly identity: PlayerId
  /** Signs as this identity. */
  readonly author: Author
  readonly emit: Emit
}

interface Wanted {
  readonly payload: Payload
  readonly done: (entry: Entry) => void
  readonly failed: (error: unknown) => void
}

/** Writes this node's own feed: what is asked for while one synced write runs shares the next. */
export class Appender {
  readonly #parts: AppendParts & { readonly restored: Restored }
  #queue: Wanted[] = []
  #writing: Promise<void> | undefined

  constructor(parts: AppendParts & { readonly restored: Restored }) {
    this.#parts = parts
  }

  /** As `Store.append`. */
  async append(payload: Payload): Promise<Entry> {
    checkPayload(payload)
    this.#parts.restored.assertMayPublish()
    if (this.#queue.length >= MAX_QUEUED) {
      throw new MarmaladeError('STORE_BUSY', `${MAX_QUEUED} entries wait to be written: wait for those, then try again`)
    }
    const entry = new Promise<Entry>((done, failed) => this.#queue.push({ payload, done, failed }))
    this.#writing ??= this.#write()
    return entry
  }

  /** Resolves when nothing waits to be written. */
  async idle(): Promise<void> {
    await this.#writing
  }

  async #write(): Promise<void> {
    const { feeds, identity } = this.#parts
    // One step later, so that calls made together share the first write too.
    await Promise.resolve()
    while (this.#queue.length > 0) {
      const group = this.#queue.slice(0, MAX_GROUP)
      this.#queue = this.#queue.slice(MAX_GROUP)
      try {
        await feeds.inTurn(identity, () => this.#writeGroup(group))
      } catch (error) {
        for (const wanted of group) wanted.failed(error)
      }
    }
    this.#writing = undefined
  }

  async #writeGroup(group: readonly Wanted[]): Promise<void> {
    const { feeds, identity, emit } = this.#parts
    const state = await loadWhole(this.#parts, identity)
    const signed: { wanted: Wanted; entry: Entry }[] = []
    for (const wanted of group) {
      try {
        signed.push({ wanted, entry: this.#sign(wanted.payload, signed.at(-1)?.entry ?? state.head?.tail) })
      } catch (error) {
        wanted.failed(error)
      }
    }
    const entries = signed.map(({ entry }) => entry)
    const grown = await grow(state, state.head, entries)
    if (!grown) return
    const after = withHead(grown.state, grown.branch)
    const { sequence } = await feeds.commit(state, after, grown.writes, 'synced')
    if (after.head) emit({ head: headOf(identity, after.head), entries, own: true, sequence })
    for (const { wanted, entry } of signed) wanted.done(entry)
    await mergeTail(this.#parts, state.feed, grown.branch, entries.length)
  }

  #sign(payload: Payload, before: Pick<Entry, 'comparable' | 'key'> | undefined): Entry {
    const { clock, author } = this.#parts
    const comparable = nextComparable(before?.comparable, clock.micros())
    const fault = againFault({ payload, comparable })
    if (fault) throw new MarmaladeError(fault.code, fault.message)
    return author.sign({ parent: before?.key ?? null, comparable, synod: null, payload })
  }
}
