import { hasCode } from '../base/index.ts'
import type { Crypto } from '../base/index.ts'
import type { Branch } from '../feed/index.ts'
import type { Entry } from '../entry/index.ts'
import { withBranches } from './feeds.ts'
import type { FeedState, Feeds } from './feeds.ts'
import { positionOf } from './grow.ts'
import { PLACE } from './layout.ts'
import type { Write } from './level.ts'
import { entriesOf, readChunks } from './read.ts'
import { deletesOf, writesOf } from './rows.ts'

/** A feed of more branches than this has those put together that go on where another one ends. */
export const FOLD_ABOVE = 64
/** Entries moved in one batch, and in one turn of a feed, about. */
const BATCH = 1_024
const TURN = 4_096
/** Branches that cannot be read, passed over in one turn. */
const MAX_DAMAGED = 8

interface Parts {
  readonly feeds: Feeds
  readonly crypto: Crypto
}

/**
 * Puts branches together where one hangs on the end of another, so that who rewrites its feed for ever has no more
 * branches than one who forked it. Called in the feed's turn; costs nothing up to `above` branches.
 *
 * The smallest goes first, into the one that it hangs on. It is no larger than the branch that came last, so no more
 * entries are moved than were taken in. Each batch leaves a whole tree, whatever interrupts the work.
 * @throws MarmaladeError STORE_WRITE
 */
export async function foldBranches(parts: Parts, state: FeedState, above = FOLD_ABOVE): Promise<FeedState> {
  const damaged = new Set<number>()
  let now = state
  for (let room = TURN; room > 0 && now.branches.size > above && damaged.size < MAX_DAMAGED;) {
    const link = smallestLink(now, damaged)
    if (!link) break
    const entries = await firstOf(parts, now, link.branch)
    const folded = foldFirst(now, link, entries)
    if (!folded) {
      damaged.add(link.branch.id)
      continue
    }
    now = await parts.feeds.commit(now, folded, movesOf(now.feed, link, entries), 'quick')
    room -= entries.flat().length
  }
  return now
}

/** A branch, and the one on whose end it hangs. */
interface Link {
  readonly branch: Branch
  readonly onto: Branch
}

/** The branch of the fewest entries that can go into the one it hangs on. The feed's own may grow, and stays. */
function smallestLink({ branches, head }: FeedState, damaged: ReadonlySet<number>): Link | undefined {
  const mayMove = ({ id, state }: Branch): boolean => state === 'kept' && id !== head?.branch
  let smallest: Link | undefined
  for (const branch of branches.values()) {
    const onto = branch.parent === undefined ? undefined : branches.get(branch.parent)
    if (!onto || damaged.has(branch.id) || !mayMove(branch) || !mayMove(onto)) continue
    if (onto.tail.comparable === branch.at && (!smallest || sizeOf({ branch, onto }) < sizeOf(smallest)))
      smallest = { branch, onto }
  }
  return smallest
}

const sizeOf = ({ branch, onto }: Link): number => branch.count - onto.count

/** The first entries of a branch, chunk by chunk; none where they cannot be read. */
async function firstOf({ feeds, crypto }: Parts, { feed }: FeedState, { id, at, tail }: Branch): Promise<Entry[][]> {
  const chunks: Entry[][] = []
  let size = 0
  try {
    const stretch = { branch: id, from: at, until: tail.comparable }
    for await (const { chunk } of readChunks({ db: feeds.db }, feed, stretch, 'oldest')) {
      chunks.push(entriesOf(chunk, crypto))
      if ((size += chunk.size) >= BATCH) break
    }
  } catch (error) {
    if (hasCode(error, 'STORE_CORRUPT')) return []
    throw error
  }
  return chunks
}

/** The tree after the first entries of a branch are the last of another one; undefined where they do not belong there. */
function foldFirst(state: FeedState, { branch, onto }: Link, chunks: readonly (readonly Entry[])[]) {
  const last = chunks.at(-1)?.at(-1)
  const count = chunks.reduce((sum, entries) => sum + entries.length, onto.count)
  const whole = last?.key === branch.tail.key
  if (!last || whole !== (count === branch.count)) return undefined
  const children = [...state.branches.values()].filter(
    ({ parent, at }) => parent === branch.id && at <= last.comparable,
  )
  const changed = [
    { ...onto, tail: positionOf(last), count },
    ...(whole ? [] : [{ ...branch, at: last.comparable }]),
    ...children.map((child) => ({ ...child, parent: onto.id })),
  ]
  return withBranches(state, changed, whole ? [branch.id] : [])
}

/** Their places are written over. */
function movesOf(feed: number, { branch, onto }: Link, chunks: readonly (readonly Entry[])[]): Write[] {
  const gone = chunks.flatMap((entries) => deletesOf(entries, feed, branch.id)).filter(({ key }) => key[0] !== PLACE)
  const entries = chunks.flat()
  return [...gone, ...writesOf(entries, { feed, branch: onto.id, count: onto.count + entries.length })]
}
