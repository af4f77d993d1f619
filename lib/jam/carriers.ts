import type { EntryKey, Micros } from '../base/index.ts'
import { isAgain } from '../feed/index.ts'
import type { JamEntry, JamItem } from './items.ts'
import { comparePublished, insertSorted } from './order.ts'

/** An entry as stored, and the item that it says: an `again` says its original's. */
interface Carrier {
  readonly key: EntryKey
  readonly comparable: Micros
  readonly again: 0 | 1
  readonly item: JamItem
}

/** Whose word counts of several carriers of one item: the original's, else that of the first `again` by (comparable, key). */
const compareCarriers = (a: Carrier, b: Carrier): number => a.again - b.again || comparePublished(a, b)

/** Which entries say which item: an original, and every `again` of it. An item is known by its author and key. */
export class Carriers {
  /** Entry key as stored to the item it carries: an `again` carries its original's. */
  readonly #ids = new Map<EntryKey, string>()
  /** Whose word counts first. */
  readonly #carriers = new Map<string, Carrier[]>()

  has(key: EntryKey): boolean {
    return this.#ids.has(key)
  }

  /** Gives the id of the item that it says. */
  add(entry: JamEntry, item: JamItem): string {
    const id = `${item.identity} ${item.key}`
    this.#ids.set(entry.key, id)
    const carrier: Carrier = { key: entry.key, comparable: entry.comparable, again: isAgain(entry) ? 1 : 0, item }
    const carriers = this.#carriers.get(id)
    if (carriers) insertSorted(carriers, carrier, compareCarriers)
    else this.#carriers.set(id, [carrier])
    return id
  }

  /** Gives the id of the item that it said; undefined where it is not here. */
  remove(key: EntryKey): string | undefined {
    const id = this.#ids.get(key)
    if (id === undefined) return undefined
    this.#ids.delete(key)
    const carriers = this.#carriers.get(id) ?? []
    carriers.splice(
      carriers.findIndex((carrier) => carrier.key === key),
      1,
    )
    if (carriers.length === 0) this.#carriers.delete(id)
    return id
  }

  /** An item as whoever's word counts says it. */
  said(id: string): JamItem | undefined {
    return this.#carriers.get(id)?.[0]?.item
  }
}
