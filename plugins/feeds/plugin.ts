import { z } from 'zod'
import { base64, refOf, type Clock, type PlayerId } from '../../lib/base/index.ts'
import { definePlugin, type Handlers, type Plugin, type Role } from '../../lib/host/index.ts'
import type { Identity } from '../../lib/keys/index.ts'
import { Directory, FollowGraph } from '../../lib/players/index.ts'
import type { Change, Store } from '../../lib/store/index.ts'
import { feedsContract, type EntryRow, type FeedRow } from './contract.ts'
import { Interests } from './interests.ts'
import type { FeedsApi } from './types.ts'

const options = z.strictObject({
  /** How far follows reach: 1 is whom one follows, 2 whom those follow. */
  hops: z.int().min(0).max(4).default(2),
})

/** Entries that `feeds.read` gives where no limit is asked for. */
const READ_LIMIT = 100_000

/** How often entries from the future are looked at again. */
const RELEASE_MILLIS = 1_000

interface Parts {
  readonly store: Store
  readonly identity: Identity
  readonly clock: Clock
}

/** Own feed, follows, and which feeds are kept and served. The store is opened before the host and closed after it. */
export function feedsPlugin({ store, identity, clock }: Parts): Plugin<FeedsApi, typeof feedsContract> {
  return definePlugin({
    name: 'feeds',
    contract: feedsContract,
    options,
    async start(host, _needs, { hops }) {
      const follows = new FollowGraph({ store, self: identity.id, hops })
      const directory = new Directory(store)
      const interests = new Interests(follows)
      const rules = new Set<(peer: PlayerId, role: Role, feed: PlayerId) => boolean>()
      const folded = new Set<(change: Change) => void>()

      // What changes while the feeds are read is folded in after.
      const loaded = load(follows, directory)
      let folding: Promise<unknown> = loaded.catch(() => undefined)
      const unsubscribe = store.onChange((change) => {
        folding = folding
          .then(async () => {
            await directory.observe(change)
            if (await follows.observe(change)) {
              directory.setFollowed(follows.reached().keys())
              interests.changed()
              await host.rolesChanged()
            }
            for (const listener of folded) listener(change)
          })
          .catch((error: unknown) => host.log.error({ err: error }, 'a change of the feeds could not be folded in'))
      })
      try {
        await loaded
      } catch (error) {
        unsubscribe()
        throw error
      }
      interests.changed()
      let releasing: Promise<unknown> = Promise.resolve()
      const released = setInterval(() => {
        if ((store.nextDue() ?? Infinity) > clock.micros()) return
        releasing = store
          .releaseDue()
          .catch((error: unknown) => host.log.error({ err: error }, 'entries that were held are lost'))
      }, RELEASE_MILLIS)
      released.unref()
      const unrole = host.addRoleResolver((player) => {
        if (follows.blocks(player)) return 'blocked'
        return interests.vouchesFor(player) ? 'tracked' : undefined
      })

      const api: FeedsApi = {
        store,
        identity,
        follows,
        directory,
        tracked: interests,
        publish: (payload) => store.append(payload),
        addInterest: (reason, players, kind) => interests.add(reason, players, kind),
        interestChanged: () => interests.changed(),
        mayServe: (peer, role, feed) => {
          if (feed === identity.id) return true
          if (follows.blocks(feed) || follows.blocks(peer)) return false
          if (peer === feed) return true
          if (role !== 'stranger' && interests.has(feed)) return true
          return [...rules].some((rule) => rule(peer, role, feed))
        },
        addServing: (rule) => {
          rules.add(rule)
          return () => rules.delete(rule)
        },
        onFolded: (listener) => {
          folded.add(listener)
          return () => folded.delete(listener)
        },
      }
      return {
        api,
        handlers: handlers({ api, interests, settled: () => folding }),
        async stop() {
          clearInterval(released)
          unrole()
          unsubscribe()
          await releasing
          await folding
        },
      }
    },
  })
}

async function load(follows: FollowGraph, directory: Directory): Promise<void> {
  await follows.load()
  await directory.load(follows.reached().keys())
}

interface Serving {
  readonly api: FeedsApi
  readonly interests: Interests
  /** Resolves when every change of the store so far is folded in. */
  readonly settled: () => Promise<unknown>
}

function handlers({ api, interests, settled }: Serving): Handlers<typeof feedsContract> {
  const { store, directory, identity } = api
  return {
    feeds: {
      async follow({ player: text, on }) {
        const player = directory.resolve(text)
        await api.publish({ type: 'follow', identity: player, on })
        await settled()
        return { player, shown: directory.shown(player) }
      },
      list: () => listFeeds(api, interests),
      async *read({ player, limit = READ_LIMIT, raw = false }) {
        const id = player === undefined ? identity.id : directory.resolve(player)
        for await (const entry of store.read(id, { limit })) {
          const { key, comparable, parent, payload } = entry
          yield { key, comparable, parent, payload, ...(raw && { raw: base64(entry.bytes) }) } satisfies EntryRow
        }
      },
    },
  }
}

/** Every feed that is here or wanted, most recently heard from first. */
async function* listFeeds(api: FeedsApi, interests: Interests): AsyncIterable<FeedRow> {
  const rows: FeedRow[] = []
  const seen = new Set<PlayerId>()
  for await (const head of api.store.heads()) {
    seen.add(head.identity)
    rows.push({
      player: head.identity,
      shown: api.directory.shown(head.identity),
      entries: head.count,
      newest: head.comparable,
      why: interests.why(head.identity),
      lostBranches: (await api.store.lost(head.identity)).length,
    })
  }
  for (const player of interests.list()) {
    if (seen.has(player)) continue
    rows.push({
      player,
      shown: api.directory.shown(player),
      entries: 0,
      newest: 0,
      why: interests.why(player),
      lostBranches: 0,
    })
  }
  rows.sort((a, b) => b.newest - a.newest || (refOf(a.player) < refOf(b.player) ? -1 : 1))
  yield* rows
}
