import type { EntryKey, PlayerId } from '../../lib/base/index.ts'
import type { HeadPosition } from '../../lib/entry/index.ts'
import type { Handlers } from '../../lib/host/index.ts'
import type { Store } from '../../lib/store/index.ts'
import type { FeedsApi } from './types.ts'
import { feedsContract, type LostRow } from './contract.ts'
import type { Healing } from './healing.ts'

type OwnHandlers = Pick<Handlers<typeof feedsContract>['feeds'], 'lost' | 'health' | 'resume' | 'rebase' | 'yours'>

/** The losing branches of a feed that are kept, best first. */
export async function* lostBranches(store: Store, player: PlayerId): AsyncGenerator<LostRow> {
  for (const head of await store.lost(player)) {
    let entries = 0
    for await (const { identity } of store.readLost(player, head)) if (identity === player) entries++
    yield { ...head, entries }
  }
}

/** A rebase of the own feed, as the wire and the command line have it. */
export async function rebaseOwn(store: Store, drop: readonly EntryKey[]): Promise<RebasedRow> {
  const { dropped, kept, head } = await store.own.rebase(new Set(drop))
  return { dropped: [...dropped], kept, head: { comparable: head.comparable, key: head.key } }
}
export interface RebasedRow {
  readonly dropped: EntryKey[]
  readonly kept: number
  readonly head: HeadPosition
}

/** What the owner asks of the own feed, and what its player asks a peer after a restore. */
export function ownHandlers(
  { store, directory, identity }: Pick<FeedsApi, 'store' | 'directory' | 'identity'>,
  healing: Healing,
): OwnHandlers {
  return {
    async *lost({ player }) {
      const id = player === undefined ? identity.id : directory.resolve(player)
      yield* lostBranches(store, id)
    },
    health: () => healing.health(),
    async resume() {
      await healing.insist()
      return healing.health()
    },
    rebase: ({ drop }) => rebaseOwn(store, drop),
    async yours(_args, { connection }) {
      const head = await store.head(connection.player)
      return { head: head ? { comparable: head.comparable, key: head.key } : null }
    },
  }
}
