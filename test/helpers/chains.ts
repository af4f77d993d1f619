import { refOf, utf8 } from '../../lib/base/index.ts'
import type { Clock, EntryKey, Micros } from '../../lib/base/index.ts'
import { parseEntry, signEntry } from '../../lib/entry/index.ts'
import type { Entry, HeadPosition, Payload } from '../../lib/entry/index.ts'
import { generateIdentity, nodeCrypto } from '../../lib/keys/index.ts'
import type { Identity } from '../../lib/keys/index.ts'

/** An identity that is the same in every run of the tests. */
export const identityNamed = (name: string): Identity => generateIdentity(nodeCrypto.sha256(utf8(name)))

/** A clock that stands still until it is moved. */
export class HandClock implements Clock {
  now: Micros

  constructor(now: Micros = 1_800_000_000_000_000) {
    this.now = now
  }
  micros(): Micros {
    return this.now
  }
  monotonic(): number {
    return this.now / 1000
  }
}

export const note = (text: string): Payload => ({ type: 'public_note', text })

/** How entries of a made chain differ from plain ones. */
export interface ChainOptions {
  /** The first comparable; each further entry has `step` more. */
  readonly from?: Micros
  readonly step?: number
  readonly payload?: (at: number) => Payload
  /** Whether the signature of the entry at this index is spoiled. */
  readonly spoiled?: (at: number) => boolean
}

/** Consecutive entries of an identity after `parent` (null: from the start), signed outside any store. */
export function chain(author: Identity, length: number, parent: Entry | null, options: ChainOptions = {}): Entry[] {
  const { step = 1000, payload = (at) => note(`entry ${at}`), spoiled = () => false } = options
  const from = options.from ?? (parent ? parent.comparable + step : 1_700_000_000_000_000)
  const entries: Entry[] = []
  for (let at = 0; at < length; at++) {
    const before: Entry | null = entries.at(-1) ?? parent
    const fields = { identity: author.id, parent: before?.key ?? null, comparable: from + at * step, synod: null }
    const entry = signEntry({ ...fields, payload: payload(at) }, author.signer, nodeCrypto)
    entries.push(spoiled(at) ? spoil(entry) : entry)
  }
  return entries
}

/** The entry with one bit of its signature turned, and the key that its bytes then have. */
export function spoil(entry: Entry): Entry {
  const bytes = entry.bytes.slice()
  const at = bytes.length - 64
  bytes[at] = (bytes[at] ?? 0) ^ 1
  const parsed = parseEntry(bytes, nodeCrypto)
  if (!parsed.ok) throw new Error(parsed.message)
  return parsed.entry
}

export const rawOf = (entries: readonly Entry[]): Uint8Array[] => entries.map((entry) => entry.bytes)
export const keysOf = (entries: readonly Pick<Entry, 'key'>[]): EntryKey[] => entries.map((entry) => entry.key)
export const headOfChain = (entries: readonly Entry[]): HeadPosition => {
  const last = entries.at(-1)
  if (!last) throw new Error('a chain of no entries has no head')
  return { comparable: last.comparable, key: last.key }
}
export const shown = (author: Identity): string => refOf(author.id)

export async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = []
  for await (const item of items) all.push(item)
  return all
}
