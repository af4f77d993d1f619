import type { EntryKey, Micros, PlayerId } from '../base/index.ts'
import type { Entry } from '../entry/index.ts'

/** Entries and bytes held for their time, over all feeds. */
export const MAX_HELD_ENTRIES = 1_024
const MAX_HELD_BYTES = 4 * 1_048_576

/** Entries ahead of the clock, in order; the signature of the last verifies. */
export interface HeldRun {
  readonly identity: PlayerId
  readonly entries: readonly Entry[]
  /** When the first that is ahead may be taken. */
  readonly due: Micros
}

/** Runs held until the clock reaches them, in memory; when there are too many, the nearest are kept. */
export class Held {
  #runs: readonly HeldRun[] = []

  /** The held run that has this entry. */
  find(identity: PlayerId, key: EntryKey): HeldRun | undefined {
    return this.#runs.find((run) => run.identity === identity && run.entries.some((entry) => entry.key === key))
  }

  /** Keeps a run, in place of those of the same feed that it contains. False where only nearer ones fit. */
  add(run: HeldRun): boolean {
    const last = run.entries.at(-1)
    if (!last || this.find(run.identity, last.key)) return true
    const keys = new Set(run.entries.map((entry) => entry.key))
    const contained = (other: HeldRun): boolean => {
      const end = other.entries.at(-1)
      return other.identity === run.identity && end !== undefined && keys.has(end.key)
    }
    const sorted = [...this.#runs.filter((other) => !contained(other)), run].sort((a, b) => a.due - b.due)
    this.#runs = nearest(sorted)
    return this.#runs.includes(run)
  }

  /** Takes out what is due. */
  takeDue(now: Micros): readonly HeldRun[] {
    const due = this.#runs.filter((run) => run.due <= now)
    this.#runs = this.#runs.filter((run) => run.due > now)
    return due
  }

  nextDue(): Micros | undefined {
    return this.#runs[0]?.due
  }
}

/** As many of the first as fit. */
function nearest(sorted: readonly HeldRun[]): readonly HeldRun[] {
  let entries = 0
  let bytes = 0
  return sorted.filter((run) => {
    const size = run.entries.reduce((sum, entry) => sum + entry.bytes.length, 0)
    if (entries + run.entries.length > MAX_HELD_ENTRIES || bytes + size > MAX_HELD_BYTES) return false
    entries += run.entries.length
    bytes += size
    return true
  })
}
