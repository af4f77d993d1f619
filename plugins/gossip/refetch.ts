import { hasCode, MarmaladeError, type PlayerId } from '../../lib/base/index.ts'
import type { Gossip } from '../../lib/gossip/index.ts'
import type { Head, Store } from '../../lib/store/index.ts'
import type { FeedsApi } from '../feeds/index.ts'
import type { Refetched } from './contract.ts'

/** `careful` deletes nothing but what a peer says that it has; `insist` deletes. */
type Care = 'careful' | 'insist'

interface Parts {
  readonly feeds: {
    readonly store: Store
    readonly directory: Pick<FeedsApi['directory'], 'resolve' | 'shown'>
    readonly tracked: Pick<FeedsApi['tracked'], 'has' | 'mostEntries'>
  }
  readonly gossip: Pick<Gossip, 'holders' | 'askHolders' | 'forget'>
}

/**
 * Deletes what is here of another player's feed and draws it anew.
 * @throws MarmaladeError PLAYER_UNKNOWN, PLAYER_AMBIGUOUS, DISCARD_OWN, DISCARD_NOTHING, DISCARD_UNSURE, STORE_WRITE
 */
export async function refetch({ feeds, gossip }: Parts, text: string, care: Care): Promise<Refetched> {
  const { store, directory, tracked } = feeds
  const player = directory.resolve(text)
  const holdersOf = async (head: Head): Promise<PlayerId[]> => {
    if (!tracked.has(player) || head.count > tracked.mostEntries(player)) return []
    return care === 'careful' ? gossip.askHolders(player, head) : gossip.holders(player, head)
  }
  const shown = directory.shown(player)
  const head = await store.head(player)
  const holders = head && player !== store.identity ? await holdersOf(head) : []
  try {
    const gone = await discardKept(store, { player, shown, drawn: tracked.has(player), holders }, care)
    return { player, shown, entries: gone.count, holders }
  } finally {
    // A write that fails half way leaves rows that nobody finds: the feed itself has gone before.
    if (head && !(await store.head(player))) gossip.forget(player)
  }
}

interface Going {
  readonly care: Care
  readonly done: Promise<Refetched>
}

/**
 * Refetches under way, one for each feed: who asks for the same one meanwhile gets the same answer, for better or worse. Only who
 * insists does not take a careful one's doubts for an answer, and then deletes.
 */
export class Refetches {
  readonly #parts: Parts
  readonly #going = new Map<PlayerId, Going>()

  constructor(parts: Parts) {
    this.#parts = parts
  }

  /** @throws MarmaladeError as `refetch` does */
  async begin(text: string, care: Care): Promise<Refetched> {
    const player = this.#parts.feeds.directory.resolve(text)
    const before = this.#going.get(player)
    if (before && (before.care === care || care === 'careful')) return before.done
    const going: Going = { care, done: this.#after(before, text, care) }
    this.#going.set(player, going)
    try {
      return await going.done
    } finally {
      if (this.#going.get(player) === going) this.#going.delete(player)
    }
  }

  async #after(before: Going | undefined, text: string, care: Care): Promise<Refetched> {
    try {
      if (before) return await before.done
    } catch (error) {
      if (!hasCode(error, 'DISCARD_UNSURE')) throw error
    }
    return refetch(this.#parts, text, care)
  }
}

/** A feed that may be deleted, and what is known of where it could come from. */
export interface Discarding {
  readonly player: PlayerId
  readonly shown: string
  /** Whether peers are asked for it. */
  readonly drawn: boolean
  /** Connected peers that said that they have it up to its head. */
  readonly holders: readonly PlayerId[]
}

/**
 * Deletes what is here of another player's feed, if that is meant.
 * @throws MarmaladeError DISCARD_OWN, DISCARD_NOTHING, DISCARD_UNSURE, STORE_WRITE
 */
export async function discardKept(store: Store, feed: Discarding, care: Care): Promise<Head> {
  const { player, shown } = feed
  const head = await store.head(player)
  if (head && player !== store.identity && care === 'careful') await assertSpare(store, head, feed)
  const gone = await store.discard(player)
  if (!gone) throw new MarmaladeError('DISCARD_NOTHING', `nothing of the feed of ${shown} is here`)
  return gone
}

/** A peer announces a head and no more: nobody says who has branches that lost. @throws MarmaladeError DISCARD_UNSURE */
async function assertSpare(store: Store, head: Head, { player, shown, drawn, holders }: Discarding): Promise<void> {
  const unsure = (why: string): MarmaladeError => new MarmaladeError('DISCARD_UNSURE', why)
  if (!drawn)
    throw unsure(
      `the feed of ${shown} is not drawn, so nothing would come in its place: \`follow\` first, or add --yes`,
    )
  const lost = await store.lost(player)
  if (lost.length > 0)
    throw unsure(
      `besides the feed of ${shown}, branches of it that lost are kept here (${lost.length}), and no peer says whether it has them: they might be lost for all. Add --yes to delete them too`,
    )
  if (holders.length === 0)
    throw unsure(
      `${head.count} entries of ${shown} are here, and no connected peer has said that it has them all: what nobody has would be lost. \`connect\` to one that has, or add --yes`,
    )
}
