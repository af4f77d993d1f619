import { readPayload, typeOf, type Entry, type HeadPosition, type ReadPayload } from '../entry/index.ts'
import { isAgain, standsFor } from '../feed/index.ts'
import type { Store } from '../store/index.ts'

/** What an entry says, and when: an `again` says what its original says, at its original's place (FEEDS section 3). */
export interface Said {
  readonly position: HeadPosition
  readonly read: ReadPayload
}

/**
 * Whether an entry may say something of these types, told without parsing its payload: most entries of a feed that is
 * caught up with are none that a listener asks for. `.box` stands for an encrypted payload.
 */
export function maySay(entry: Entry, types: ReadonlySet<string>): boolean {
  const type = typeOf(entry)
  return type === 'again' || types.has(type)
}

/** Reads an entry as what it counts as. Of several that override each other the highest `position` decides. */
export function readSaid(entry: Entry): Said {
  const { key, comparable, payload } = standsFor(entry)
  return { position: { comparable, key }, read: readPayload({ comparable, payload }) }
}

/** Whether an entry is believed: an `again` where neither its original nor another `again` of it in the feed is before it. */
export async function isBelieved(store: Pick<Store, 'get'>, entry: Entry): Promise<boolean> {
  if (!isAgain(entry)) return true
  const { key } = standsFor(entry)
  const found = await store.get(key, 'feed', entry.identity)
  return found?.identity !== entry.identity || found.key === entry.key
}
