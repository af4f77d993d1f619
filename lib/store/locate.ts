import type { PlayerId, Refusal } from '../base/index.ts'
import { refusal } from '../base/index.ts'
import { lastUsed } from '../feed/index.ts'
import { hashOf } from '../entry/index.ts'
import type { Entry, HeadPosition } from '../entry/index.ts'
import type { FeedState } from './feeds.ts'
import type { Held, HeldRun } from './held.ts'
import { placeKey } from './layout.ts'
import type { HeadRow } from './layout.ts'
import { positionOf } from './grow.ts'
import { findKey } from './read.ts'
import type { Found, ReadParts } from './read.ts'
import type { Waiting } from './waiting.ts'

/** Where a run belongs in what is here. */
export type Located =
  /** Every entry of it is here; `last` is where its last one lies. */
  | { readonly kind: 'known'; readonly last: Found }
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

interface Parts extends ReadParts {
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
  const last = head && (await lastKnown(parts, entries))
  if (last) {
    const { at, found } = last
    return at === entries.length - 1
      ? { kind: 'known', last: found }
      : { kind: 'follows', from: at + 1, anchor: anchorAt(found, entries[at]), unverified: [] }
  }
  return locateParent(parts, state, first)
}

/** The parents of what is here are here: the known entries of a run are its first ones. */
async function lastKnown(parts: Parts, entries: readonly Entry[]): Promise<{ at: number; found: Found } | undefined> {
  const rows = await parts.db.getMany(entries.map((entry) => placeKey(hashOf(entry))))
  const unknown = rows.indexOf(undefined)
  const at = (unknown < 0 ? rows.length : unknown) - 1
  const entry = entries[at]
  const found = entry && (await findKey(parts, entry.key))
  return found && { at, found }
}

const anchorAt = ({ branch, count }: Found, entry: HeadPosition | undefined): HeadRow | undefined =>
  entry && { branch, tail: positionOf(entry), count }

async function locateParent(parts: Parts, state: FeedState, first: Entry): Promise<Located> {
  const { parent } = first
  if (parent === null) return { kind: 'follows', from: 0, anchor: undefined, unverified: [] }
  const found = await findKey(parts, parent)
  if (found && found.feed !== state.feed)
    return { kind: 'refused', ...refusal('FEED_PARENT', `the parent of ${first.key} is of another identity`) }
  if (found) {
    const anchor = anchorAt(found, { comparable: found.comparable, key: parent })
    return { kind: 'follows', from: 0, anchor, unverified: [] }
  }
  return locateAside(parts, state.identity, parent)
}

/** After what waits for a signature, or is held for its time. */
async function locateAside(parts: Parts, identity: PlayerId, parent: Entry['key']): Promise<Located> {
  const tail = parts.waiting.get(identity)
  const after = tail ? tail.entries.findIndex((entry) => entry.key === parent) : -1
  if (tail && after >= 0) {
    const from = tail.after === null ? undefined : await findKey(parts, tail.after)
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
