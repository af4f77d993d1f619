import { MarmaladeError, type PlayerId } from '../../lib/base/index.ts'
import type { Handlers } from '../../lib/host/index.ts'
import { box } from '../../lib/keys/index.ts'
import type { feedsContract, Why } from './contract.ts'
import type { Interests } from './interests.ts'
import type { FeedsApi } from './types.ts'
import { inWords, type Detail } from './why.ts'

interface Parts {
  readonly api: FeedsApi
  readonly interests: Interests
  readonly hops: number
  /** Resolves when every change of the store so far is folded in. */
  readonly settled: () => Promise<unknown>
}

type Relations = Pick<Handlers<typeof feedsContract>['feeds'], 'follow' | 'block' | 'ignore' | 'trust' | 'why'>

/** Follows, blocks, ignores and trusts players; says why a feed is here. */
export function relationHandlers({ api, interests, hops, settled }: Parts): Relations {
  const { directory, identity, trust } = api
  const other = (text: string): PlayerId => {
    const player = directory.resolve(text)
    if (player === identity.id) throw new MarmaladeError('USAGE', 'that is you: name another player')
    return player
  }
  const changed = (player: PlayerId): { player: PlayerId; shown: string } => ({
    player,
    shown: directory.shown(player),
  })
  return {
    async follow({ player: text, on }) {
      const player = other(text)
      await api.publish({ type: 'follow', identity: player, on })
      await settled()
      return changed(player)
    },
    async block({ player: text, on }) {
      const player = other(text)
      await api.publish({ type: 'block', identity: player, on })
      await settled()
      return changed(player)
    },
    async ignore({ player: text, on }) {
      const player = other(text)
      await api.publish(box({ type: 'ignore', identity: player, on }, [identity.id]))
      await settled()
      return changed(player)
    },
    async trust({ player: text, on }) {
      const player = other(text)
      await trust.set(player, on)
      return changed(player)
    },
    async why({ player: text }) {
      return whyOf(api, interests, hops, directory.resolve(text))
    },
  }
}

async function whyOf(api: FeedsApi, interests: Interests, hops: number, player: PlayerId): Promise<Why> {
  const { directory, identity, ignored, store, trust } = api
  const { tracked, reasons, entries: most } = interests.verdict(player)
  const head = await store.head(player)
  const details = detailsOf(api, interests, player)
  if (!tracked && details.length === 0) details.push({ kind: 'kept', entries: head?.count ?? 0, hops })
  if (ignored.has(player)) details.push({ kind: 'ignored', since: ignored.since(player) })
  return {
    player,
    shown: directory.shown(player),
    drawn: tracked,
    why: [...reasons],
    words: details.map((detail) => inWords(detail, identity.id, (whom) => directory.shown(whom))),
    entries: head?.count ?? 0,
    newest: head?.comparable ?? 0,
    ignored: ignored.has(player),
    trusted: trust.has(player),
    ...(Number.isFinite(most) && tracked && { most }),
  }
}

/** Every reason with all that is known of it. */
function detailsOf({ follows }: FeedsApi, interests: Interests, player: PlayerId): Detail[] {
  if (follows.blocks(player)) return [{ kind: 'blocked', since: follows.blockedSince(player) }]
  const hop = follows.reached().get(player)
  const own: Detail[] =
    hop === undefined ? [] : [hop === 0 ? { kind: 'self' } : { kind: 'way', way: follows.wayTo(player) }]
  return [...own, ...interests.explain(player)]
}
