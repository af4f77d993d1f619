import { isEntryKey, refusal } from '../base/index.ts'
import type { EntryKey, Micros, Refusal } from '../base/index.ts'
import type { Entry, Payload } from '../entry/index.ts'

/** The key, time and payload by which an entry counts: for an `again` those of its original (FEEDS.md 3). */
export interface Original {
  readonly key: EntryKey
  readonly comparable: Micros
  readonly payload: Payload
}

/** The entry an `again` stands for, or the entry itself. Its shape has been checked by `againFault`. */
export function originalOf(entry: Entry): Original {
  const { payload } = entry
  if (typeof payload === 'string' || payload.type !== 'again') return entry
  return payload as unknown as Original
}

/**
 * Why an `again` is refused: no key, a comparable that is not below its own entry's, or a payload that is none or
 * an `again` or `rebase` itself. Refuses with AGAIN_INVALID; undefined for every other entry.
 */
export function againFault(entry: Pick<Entry, 'payload' | 'comparable'>): Refusal | undefined {
  const { payload } = entry
  if (typeof payload === 'string' || payload.type !== 'again') return undefined
  const { key, comparable, payload: original } = payload
  if (!isEntryKey(key)) return refuse('its key is no entry key')
  if (typeof comparable !== 'number' || !Number.isSafeInteger(comparable) || comparable < 1)
    return refuse('its comparable is no whole number from 1')
  if (comparable >= entry.comparable) return refuse('its comparable is not below that of its own entry')
  if (typeof original === 'string') return original.endsWith('.box') ? undefined : refuse('its payload is none')
  if (typeof original !== 'object' || original === null || !('type' in original) || typeof original.type !== 'string')
    return refuse('its payload is none')
  if (original.type === 'again' || original.type === 'rebase') return refuse(`it wraps ${article(original.type)}`)
  return undefined
}

const article = (type: string): string => (type === 'again' ? 'an again' : 'a rebase')
const refuse = (detail: string): Refusal => refusal('AGAIN_INVALID', `an again is refused: ${detail}`)
