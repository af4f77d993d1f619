import { generatorIdOf, isJamId, isName, isPlayerId } from '../base/index.ts'
import { standsFor } from '../feed/index.ts'
import type { Entry } from '../entry/index.ts'
import { entryRow, indexRow, placeKey, placeValue, prefixes } from './layout.ts'
import type { Write } from './level.ts'

/** The type under which encrypted payloads are indexed. */
export const BOXED = '.box'
const EMPTY = new Uint8Array(0)

/** Where an entry is put. */
export interface Slot {
  /** The raw 32 bytes of the identity. */
  readonly feed: Uint8Array
  readonly branch: number
  /** Entries of the chain up to and including this one. */
  readonly count: number
}

/** Everything that is written for one entry: its bytes, its place, its index rows. */
export function writesOf(entry: Entry, { feed, branch, count }: Slot): Write[] {
  const { comparable } = entry
  return [
    { type: 'put', key: entryRow(feed, branch, comparable), value: entry.bytes },
    { type: 'put', key: placeKey(entry.key), value: placeValue(feed, branch, comparable, count) },
    ...indexRowsOf(entry, feed, branch).map((key): Write => ({ type: 'put', key, value: EMPTY })),
  ]
}

/** What undoes `writesOf`. */
export function deletesOf(entry: Entry, feed: Uint8Array, branch: number): Write[] {
  const keys = [entryRow(feed, branch, entry.comparable), placeKey(entry.key), ...indexRowsOf(entry, feed, branch)]
  return keys.map((key) => ({ type: 'del', key }))
}

/** The keys of an entry's index rows. An `again` is indexed as what it publishes again, time and all. */
export function indexRowsOf(entry: Entry, feed: Uint8Array, branch: number): Uint8Array[] {
  const original = standsFor(entry)
  const row = (prefix: Uint8Array): Uint8Array => indexRow(prefix, original.comparable, feed, branch, entry.comparable)
  return prefixesOf(entry, original, feed).map(row)
}

function prefixesOf(entry: Entry, { key, payload }: Pick<Entry, 'key' | 'payload'>, feed: Uint8Array): Uint8Array[] {
  const found: Uint8Array[] = []
  const type = typeof payload === 'string' ? BOXED : payload.type
  const byType = prefixes.type(type)
  const byFeed = prefixes.feedAndType(feed, type)
  if (byType && byFeed) found.push(byType, byFeed)
  if (key !== entry.key) found.push(prefixes.original(key))
  if (typeof payload === 'string') return found
  if (isJamId(payload['jam'])) found.push(prefixes.jam(payload['jam']))
  if (type === 'generator' && isName(payload['name']))
    found.push(prefixes.generator(generatorIdOf(entry.identity, payload['name'])))
  if ((type === 'follow' || type === 'block') && isPlayerId(payload['identity']))
    found.push(prefixes.edge(payload['identity']))
  return found
}
