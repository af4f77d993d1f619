import type { PlayerId, Refusal } from '../base/index.ts'
import { refusal } from '../base/index.ts'
import { lastUsed } from '../feed/index.ts'
import type { Entry } from '../entry/index.ts'
import { readPlace } from './feeds.ts'
import type { FeedState } from './feeds.ts'
import type { Held, HeldRun } from './held.ts'
import { parsePlace, placeKey } from './layout.ts'
import type { HeadRow, Place } from './layout.ts'
import type { Db } from './level.ts'
import { positionOf } from './grow.ts'
import type { Waiting } from './waiting.ts'

/** Where a run belongs in what is here. */
export type Located =
  /** Every entry of it is here; `last` is where its last one lies. */
  | { readonly kind: 'known'; readonly last: Place }
  /**
   * Its entries from `from` on are new and follow `anchor` (a chain starts where there is none), with `unverified`
   * ones in between that wait for a signature.
   */
  | {
      readonly kind: 'follows'
      readonly from: number
      readonly anchor: HeadRow | undefined
      readonly unverified: readonly Entry[]
    }
  /** It goes on from an entry that is held for its time. */
  | { readonly kind: 'ahead'; readonly held: HeldRun; readonly before: number }
  | ({ readonly kind: 'refused' } & Refusal)

interface Parts {
  readonly db: Db
  readonly held: Held
  readonly waiting: Waiting
}

/** Finds where a parsed run (at least one entry) belongs. Refuses with FEED_GAP, FEED_PARENT. */
export async function locate(parts: Parts, state: FeedState, entries: readonly Entry[]): Promise<Located> {
  const [first] = entries
  if (!first) return gap('')
  const { head } = state
  // What comes after the head of a feed cannot be here, unless another branch hangs there: the common case, no reads.
  if (head && first.parent === head.tail.key && lastUsed(state.branches, head.branch) < head.tail.comparable)
    return { kind: 'follows', from: 0, anchor: head, unverified: [] }
  const last = await lastKnown(parts.db, entries)
  if (last) {
    const { at, place } = last
    const anchor = anchorAt(place, entries[at])
    return at === entries.length - 1
      ? { kind: 'known', last: place }
      : { kind: 'follows', from: at + 1, anchor, unverified: [] }
  }
  return locateParent(parts, state.identity, first)
}

/** The parents of what is here are here: the known entries of a run are its first ones. */
async function lastKnown(db: Db, entries: readonly Entry[]): Promise<{ at: number; place: Place } | undefined> {
  const rows = await db.getMany(entries.map((entry) => placeKey(entry.key)))
  const unknown = rows.indexOf(undefined)
  const at = (unknown < 0 ? rows.length : unknown) - 1
  const row = rows[at]
  return row && { at, place: parsePlace(row) }
}

const anchorAt = (place: Place, entry: Pick<Entry, 'comparable' | 'key'> | undefined): HeadRow | undefined =>
  entry && { branch: place.branch, tail: positionOf(entry), count: place.count }

async function locateParent(parts: Parts, identity: PlayerId, first: Entry): Promise<Located> {
  const { parent } = first
  if (parent === null) return { kind: 'follows', from: 0, anchor: undefined, unverified: [] }
  const place = await readPlace(parts.db, parent)
  if (place && place.identity !== identity)
    return { kind: 'refused', ...refusal('FEED_PARENT', `the parent of ${first.key} is of another identity`) }
  if (place) {
    const anchor = anchorAt(place, { comparable: place.comparable, key: parent })
    return { kind: 'follows', from: 0, anchor, unverified: [] }
  }
  const tail = parts.waiting.get(identity)
  const after = tail ? tail.entries.findIndex((entry) => entry.key === parent) : -1
  if (tail && after >= 0) {
    const from = tail.after === null ? undefined : await readPlace(parts.db, tail.after)
    if (tail.after !== null && !from) return gap(parent)
    const anchor = from && tail.after ? anchorAt(from, { comparable: from.comparable, key: tail.after }) : undefined
    return { kind: 'follows', from: 0, anchor, unverified: tail.entries.slice(0, after + 1) }
  }
  const held = parts.held.find(identity, parent)
  if (held) return { kind: 'ahead', held, before: held.entries.findIndex((entry) => entry.key === parent) + 1 }
  return gap(parent)
}

const gap = (parent: string): Located => ({
  kind: 'refused',
  ...refusal('FEED_GAP', `${parent} is not here: ask for the entries after an earlier one`),
})
