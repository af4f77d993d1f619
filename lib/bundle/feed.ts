import { MarmaladeError } from '../base/index.ts'
import { verifyEntry } from '../entry/index.ts'
import type { Entry, HeadPosition } from '../entry/index.ts'
import { checkRun, parseRun } from '../feed/index.ts'
import type { Stop } from '../feed/index.ts'
import { nodeCrypto } from '../keys/index.ts'
import type { Head, Store } from '../store/index.ts'

/**
 * The feed of a store up to a head that was read before.
 * @throws MarmaladeError BUNDLE_CHANGED where another chain has taken its place; CANCELLED
 */
export async function* feedUpTo(store: Store, head: Head, signal?: AbortSignal): AsyncGenerator<Entry> {
  let count = 0
  let last: Entry | undefined
  for await (const entry of store.read(head.identity, { until: head.comparable })) {
    assertWanted(signal)
    last = entry
    count++
    if (count > head.count || (count === head.count && entry.key !== head.key)) throw changed(head)
    yield entry
  }
  if (last?.key !== head.key || count !== head.count) throw changed(head)
}

const changed = ({ identity }: Head): MarmaladeError =>
  new MarmaladeError('BUNDLE_CHANGED', `${identity} has rewritten its feed in the meantime: export again`)

/** @throws MarmaladeError CANCELLED */
export function assertWanted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw new MarmaladeError('CANCELLED', 'it was given up')
}

/** Checks a feed that comes in runs against the head it is said to lead to. */
export class FeedCheck {
  readonly #head: Head
  /** The last entry that is authentic, and those after it that no signature verifies yet. */
  #tail: HeadPosition | undefined
  #unverified: readonly Entry[] = []
  #last: Entry | undefined
  #count = 0
  /** Entries so far whose own signature does not verify. */
  unverified = 0

  constructor(head: Head) {
    this.#head = head
  }

  /**
   * The entries of the next run, parsed and linked.
   * @throws MarmaladeError with the code of what is wrong, naming the entry
   */
  take(run: readonly Uint8Array[]): readonly Entry[] {
    const { identity } = this.#head
    const { entries, stop } = parseRun(identity, run, nodeCrypto)
    const start = { unverified: this.#unverified, ...(this.#tail && { tail: this.#tail }) }
    // Entries ahead of the clock are for the store to judge.
    const checked = entries.length > 0 ? checkRun(entries, start, Infinity, nodeCrypto) : undefined
    const fault = checked?.stop ?? stop
    if (fault) throw this.#damaged(fault, entries)
    this.#tail = checked?.authentic.at(-1) ?? this.#tail
    this.#unverified = checked?.waiting ?? []
    this.#last = entries.at(-1) ?? this.#last
    this.#count += entries.length
    for (const entry of entries) if (!verifyEntry(entry, nodeCrypto)) this.unverified++
    return entries
  }

  /** @throws MarmaladeError BUNDLE_FEED, ENTRY_SIGNATURE */
  finish(): void {
    const { key, comparable, count, identity } = this.#head
    const last = this.#last
    if (last && !verifyEntry(last, nodeCrypto)) throw this.#unsigned(last, this.#count)
    if (last?.key === key && last.comparable === comparable && this.#count === count) return
    throw new MarmaladeError('BUNDLE_FEED', `the feed of ${identity} does not lead to ${key}: export it again`)
  }

  /** Where a parent is not the one named, the damage is mostly in the entry before: then its signature fails. */
  #damaged(fault: Stop, entries: readonly Entry[]): MarmaladeError {
    const { at, code, message } = fault
    const before = at === 0 ? this.#last : entries[at - 1]
    if (code === 'FEED_PARENT' && before && !verifyEntry(before, nodeCrypto))
      return this.#unsigned(before, this.#count + at)
    return this.#fault(code, this.#count + at + 1, message)
  }

  #unsigned({ key }: Entry, number: number): MarmaladeError {
    return this.#fault('ENTRY_SIGNATURE', number, `${key} is damaged: its signature does not verify`)
  }

  #fault(code: MarmaladeError['code'], number: number, message: string): MarmaladeError {
    const text = `entry ${number} of ${this.#head.identity} in the bundle: ${message}; nothing of the bundle was kept`
    return new MarmaladeError(code, text)
  }
}
