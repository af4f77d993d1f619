import type { EntryKey, PlayerId } from '../base/index.ts'
import type { RawEntry } from '../entry/index.ts'
import type { Store } from '../store/types.ts'
import type { LinkId, Position } from './types.ts'
import { RUN_ENTRY_BYTES } from './wire.ts'

/** Entries of one run; as many as fit in a frame and are of ordinary size. */
export const READ_LIMIT = 256
/** Runs read at once for a link that reads a feed on and on: a read is waited for, whatever it brings. */
const RUNS_AHEAD = 4
/** So many are read one by one before: who takes no more than the first costs no more. */
const RUNS_ALONE = 4
/** Links for which something read is kept: 200 KB each at most. */
const MOST_KEPT = 32

interface Wanted {
  readonly link: LinkId
  readonly identity: PlayerId
  readonly after: Position
  /** Of a run, with what goes with each entry. */
  readonly maxBytes: number
}
interface Kept {
  readonly identity: PlayerId
  /** What the last run ended with, and what was read after it. */
  readonly after: EntryKey
  readonly entries: readonly RawEntry[]
  /** How many runs the link has read one after another. */
  readonly taken: number
}

/** Runs of a feed for those who draw it, read some at a time where one follows on another. */
export class ReadAhead {
  readonly #store: Pick<Store, 'readRun'>
  readonly #kept = new Map<LinkId, Kept>()
  /** How often a feed has gone on otherwise. */
  #turns = 0

  constructor(store: Pick<Store, 'readRun'>) {
    this.#store = store
  }

  /** Entries right after a position, as `Store.readRun` gives them. @throws what the store throws */
  async run({ link, identity, after, maxBytes }: Wanted): Promise<readonly RawEntry[]> {
    const kept = this.#kept.get(link)
    this.#kept.delete(link)
    const goesOn = kept?.identity === identity && kept.after === after?.key
    const turns = this.#turns
    // What is left of a read and fills no run is read again with what comes after.
    const fills = goesOn && sizeOf(kept.entries, maxBytes) < kept.entries.length
    const taken = goesOn ? kept.taken + 1 : 1
    const runs = taken > RUNS_ALONE ? RUNS_AHEAD : 1
    const most = { entries: runs * READ_LIMIT, bytes: runs * maxBytes, each: RUN_ENTRY_BYTES }
    const found = fills ? kept.entries : await this.#store.readRun(identity, after, most)
    const size = sizeOf(found, maxBytes)
    const last = found[size - 1]
    const rest = found.slice(size)
    if (last && turns === this.#turns) this.#keep(link, { identity, after: last.key, entries: rest, taken })
    return found.slice(0, size)
  }

  /** The feed goes on otherwise than it did. */
  forget(identity: PlayerId): void {
    this.#turns++
    for (const [link, kept] of this.#kept) if (kept.identity === identity) this.#kept.delete(link)
  }

  #keep(link: LinkId, kept: Kept): void {
    this.#kept.set(link, kept)
    const [oldest] = this.#kept.keys()
    if (this.#kept.size > MOST_KEPT && oldest !== undefined) this.#kept.delete(oldest)
  }
}

/** How many of the entries go into one run. */
function sizeOf(entries: readonly RawEntry[], maxBytes: number): number {
  let room = maxBytes
  const beyond = entries.findIndex(({ bytes }, i) => (room -= RUN_ENTRY_BYTES + bytes.length) < 0 || i >= READ_LIMIT)
  return beyond < 0 ? entries.length : beyond
}
