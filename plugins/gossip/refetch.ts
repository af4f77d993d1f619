import { setTimeout as wait } from 'node:timers/promises'
import { MarmaladeError, type Millis, type PlayerId } from '../../lib/base/index.ts'
import type { Gossip } from '../../lib/gossip/index.ts'
import type { Head, Store } from '../../lib/store/index.ts'
import type { FeedsApi } from '../feeds/index.ts'
import type { Refetched } from './contract.ts'

/** `careful` deletes nothing that no peer is known to have. */
type Care = 'careful' | 'insist'

interface Parts {
  readonly feeds: Pick<FeedsApi, 'store' | 'directory' | 'tracked'>
  readonly gossip: Pick<Gossip, 'holders' | 'forget' | 'renew' | 'status'>
}

/** How often, and how many times, it is looked whether peers have told what they have. */
const LOOK: Millis = 100
const LOOKS = 50

/**
 * Deletes what is here of another player's feed and draws it anew.
 * @throws MarmaladeError PLAYER_UNKNOWN, PLAYER_AMBIGUOUS, DISCARD_OWN, DISCARD_NOTHING, DISCARD_UNSURE, STORE_WRITE
 */
export async function refetch({ feeds, gossip }: Parts, text: string, care: Care): Promise<Refetched> {
  const { store, directory, tracked } = feeds
  const player = directory.resolve(text)
  const shown = directory.shown(player)
  if (player !== store.identity && !tracked.has(player))
    throw new MarmaladeError('DISCARD_NOTHING', `${shown} is not drawn, so nothing would come: \`follow\` first`)
  const head = await store.head(player)
  const holders = head ? await holdersOf(gossip, head, care) : []
  const enough = holders.length > 0 && (head?.count ?? 0) <= tracked.mostEntries(player)
  const gone = await discardKept(store, { player, shown }, enough ? 'insist' : care)
  gossip.forget(player)
  return { player, shown, entries: gone.count, holders }
}

/** Peers that have all of a feed. Some may not have said so on this link, since they had before: then all are asked anew. */
async function holdersOf(gossip: Parts['gossip'], head: Head, care: Care): Promise<PlayerId[]> {
  const known = (): PlayerId[] => gossip.holders(head.identity, head)
  if (known().length > 0 || care === 'insist' || gossip.status().length === 0) return known()
  gossip.renew()
  for (let look = 0; look < LOOKS && known().length === 0; look++) await wait(LOOK)
  return known()
}

/**
 * Deletes what is here of another player's feed, if that is meant.
 * @throws MarmaladeError DISCARD_OWN, DISCARD_NOTHING, DISCARD_UNSURE, STORE_WRITE
 */
export async function discardKept(
  store: Store,
  { player, shown }: { readonly player: PlayerId; readonly shown: string },
  care: Care,
): Promise<Head> {
  const head = await store.head(player)
  if (head && player !== store.identity && care === 'careful')
    throw new MarmaladeError(
      'DISCARD_UNSURE',
      `${head.count} entries of ${shown} are here, and no connected peer has said that it has them all: what nobody has would be lost. \`connect\` to one that has, or add --yes`,
    )
  const gone = await store.discard(player)
  if (!gone) throw new MarmaladeError('DISCARD_NOTHING', `nothing of the feed of ${shown} is here`)
  return gone
}
