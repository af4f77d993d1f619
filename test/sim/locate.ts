import type { EntryKey, Micros } from '../../lib/base/index.ts'
import type { Entry } from '../../lib/entry/index.ts'
import { lastUsed } from '../../lib/feed/index.ts'
import type { Held } from '../../lib/store/held.ts'
import type { Waiting } from '../../lib/store/waiting.ts'
import { placeOf } from './feed.ts'
import type { Anchor, FeedState } from './feed.ts'

/** Entries that are in no feed: without a signature yet, and ahead of the clock. */
interface Aside {
  readonly waiting: Waiting
  readonly held: Held
}

export type Located =
  | { readonly kind: 'known'; readonly anchor: Anchor }
  | {
      readonly kind: 'follows'
      readonly from: number
      readonly anchor: Anchor | undefined
      readonly unverified: readonly Entry[]
    }
  | { readonly kind: 'ahead'; readonly kept: readonly Entry[]; readonly due: Micros }
  | { readonly kind: 'gap' }

/** Where a run belongs in a feed and what is kept aside of it. */
export function locate(state: FeedState, entries: readonly Entry[], aside: Aside): Located {
  const first = entries[0]!
  const { head } = state
  if (head && first.parent === head.tail.key && lastUsed(state.branches, head.branch) < head.tail.comparable)
    return { kind: 'follows', from: 0, anchor: head, unverified: [] }
  const known = lastKnown(state, entries)
  if (known && known.at === entries.length - 1) return { kind: 'known', anchor: known.anchor }
  if (known) return { kind: 'follows', from: known.at + 1, anchor: known.anchor, unverified: [] }
  if (first.parent === null) return { kind: 'follows', from: 0, anchor: undefined, unverified: [] }
  const anchor = placeOf(state, first.parent)
  if (anchor) return { kind: 'follows', from: 0, anchor, unverified: [] }
  return locateAside(state, first.parent, aside)
}

/** Where a parent lies that is not in the feed: among what waits for a signature or for its time. */
function locateAside(state: FeedState, parent: EntryKey, { waiting, held: ahead }: Aside): Located {
  const { identity } = state
  const tail = waiting.get(identity)
  const after = tail ? tail.entries.findIndex((entry) => entry.key === parent) : -1
  if (tail && after >= 0) {
    const anchor = tail.after === null ? undefined : placeOf(state, tail.after)
    if (tail.after !== null && !anchor) return { kind: 'gap' }
    return { kind: 'follows', from: 0, anchor, unverified: tail.entries.slice(0, after + 1) }
  }
  const held = ahead.find(identity, parent)
  if (!held) return { kind: 'gap' }
  const end = held.entries.findIndex((entry) => entry.key === parent) + 1
  return { kind: 'ahead', kept: held.entries.slice(0, end), due: held.due }
}

function lastKnown(state: FeedState, entries: readonly Entry[]): { at: number; anchor: Anchor } | undefined {
  let found: { at: number; anchor: Anchor } | undefined
  for (const [at, entry] of entries.entries()) {
    const anchor = placeOf(state, entry.key)
    if (!anchor) return found
    found = { at, anchor }
  }
  return found
}
