import { refusal } from '../base/index.ts'
import type { EntryKey, Micros, Refusal } from '../base/index.ts'
import { originalOf, readPayload, typeOf } from '../entry/index.ts'
import type { Entry, Payload } from '../entry/index.ts'

/** The key, time and payload by which an entry counts: for an `again` those of its original (FEEDS.md 3). */
export interface Original {
  readonly key: EntryKey
  readonly comparable: Micros
  readonly payload: Payload
}

/** Whether it is an `again`, of whatever shape. */
export const isAgain = (entry: Pick<Entry, 'payload'>): boolean => typeOf(entry) === 'again'

/** The entry that an `again` stands for; any other entry, and an `again` whose shape is wrong, stands for itself. */
export function standsFor(entry: Pick<Entry, 'identity' | 'key' | 'comparable' | 'payload'>): Original {
  if (!isAgain(entry)) return entry
  const read = readPayload(entry)
  return read.kind === 'again' ? originalOf(entry, read.payload) : entry
}

/**
 * Why the chain rule refuses an `again`: AGAIN_NOT_EARLIER, its original's comparable is not below its own entry's;
 * AGAIN_WRAPS, its original is an `again` or a `rebase`. Undefined for every other entry: an `again` of a wrong shape
 * is stored and ignored like any payload of a wrong shape.
 */
export function againFault(entry: Pick<Entry, 'payload' | 'comparable'>): Refusal | undefined {
  if (!isAgain(entry)) return undefined
  const read = readPayload(entry)
  if (read.kind !== 'invalid') return undefined
  return read.code === 'AGAIN_NOT_EARLIER' || read.code === 'AGAIN_WRAPS' ? refusal(read.code, read.message) : undefined
}
