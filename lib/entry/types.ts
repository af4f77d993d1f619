import type { EntryKey, Micros, PlayerId } from '../base/index.ts'

/** A payload as signed: an object with a type, or the text of an encrypted one, ending in `.box`. */
export type Payload = { readonly type: string; readonly [field: string]: unknown } | string

/** The five signed fields, in the order in which they are written. */
export interface EntryFields {
  readonly identity: PlayerId
  /** The key of the entry before it; null for the first. */
  readonly parent: EntryKey | null
  /** Below 2^53, strictly growing along a chain. */
  readonly comparable: Micros
  readonly synod: readonly [PlayerId, EntryKey] | null
  readonly payload: Payload
}

/** One parsed entry. `bytes` are as signed: JSON text, then the 64-byte signature. */
export interface Entry extends EntryFields {
  readonly key: EntryKey
  readonly bytes: Uint8Array
}

/** An entry's bytes and where it stands, with nothing of it read. */
export type RawEntry = Pick<Entry, 'bytes' | 'comparable' | 'key'>

/** The position by which heads compare: higher comparable, then higher key (32 raw bytes). */
export interface HeadPosition {
  readonly comparable: Micros
  readonly key: EntryKey
}
