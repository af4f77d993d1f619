import { hasCode } from '../base/index.ts'
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
export function readSaid(entry: Pick<Entry, 'identity' | 'key' | 'comparable' | 'payload'>): Said {
  const { key, comparable, payload } = standsFor(entry)
  return { position: { comparable, key }, read: readPayload({ comparable, payload }) }
}

/**
 * Whether an entry counts: an `again` where neither its original nor an `again` of that is before it in its author's
 * feed. What other feeds have does not matter, so that every node decides alike (FEEDS section 3).
 */
export async function isBelieved(store: Pick<Store, 'get'>, entry: Entry): Promise<boolean> {
  if (!isAgain(entry)) return true
  const { key } = standsFor(entry)
  try {
    const found = await store.get(key, 'feed', entry.identity)
    return found === undefined || found.key === entry.key
  } catch (error) {
    // The original is in the feed: it counts for all who can read it.
    if (hasCode(error, 'STORE_CORRUPT')) return false
    throw error
  }
}

/** What an entry of one of these types says, and when; undefined for any other, and for an `again` that does not count. */
export async function believedIn(
  store: Pick<Store, 'get'>,
  entry: Entry,
  types: ReadonlySet<string>,
): Promise<Said | undefined> {
  if (!maySay(entry, types) || !(await isBelieved(store, entry))) return undefined
  return readSaid(entry)
}
