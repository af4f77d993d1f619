import { z } from 'zod'
import { base64, refOf, type Clock, type PlayerId } from '../../lib/base/index.ts'
import { definePlugin, type Handlers, type Plugin, type PluginHost, type Role } from '../../lib/host/index.ts'
import type { Identity } from '../../lib/keys/index.ts'
import { Directory, FollowGraph, Ignored } from '../../lib/players/index.ts'
import type { Change, Store } from '../../lib/store/index.ts'
import { feedsContract, type EntryRow, type FeedRow } from './contract.ts'
import { Healing } from './healing.ts'
import { Interests } from './interests.ts'
import { ownHandlers } from './own.ts'
import { relationHandlers } from './relations.ts'
import { Trust } from './trust.ts'
import type { FeedsApi } from './types.ts'

const options = z.strictObject({
  /** How far follows reach: 1 is whom one follows, 2 whom those follow. */
  hops: z.int().min(0).max(4).default(2),
})

/** Entries that `feeds.read` gives where no limit is asked for. */
const READ_LIMIT = 100_000

/** How often entries from the future, and losing branches of one's own feed, are looked at. */
const LOOK_MILLIS = 1_000

interface Parts {
  readonly store: Store
  readonly identity: Identity
  readonly clock: Clock
  /** In [0, 1); no two machines may draw alike. */
  readonly random?: () => number
  /** The file that remembers whom the owner trusts. */
  readonly trustFile?: string
}

/** Own feed, follows, and which feeds are kept and served. The store is opened before the host and closed after it. */
export function feedsPlugin({
  store,
  identity,
  clock,
  random = Math.random,
  trustFile,
}: Parts): Plugin<FeedsApi, typeof feedsContract> {
  return definePlugin({
    name: 'feeds',
    contract: feedsContract,
    options,
    async start(host, _needs, { hops }) {
      const follows = new FollowGraph({ store, self: identity.id, hops })
      const directory = new Directory(store)
      const ignored = new Ignored({ store, identity })
      const trust = new Trust(trustFile)
      const interests = new Interests(follows)
      const rules = new Set<(peer: PlayerId, role: Role, feed: PlayerId) => boolean>()
      const folded = new Set<(change: Change) => void>()
      const turned = new Set<(player: PlayerId, ignored: boolean) => void>()
      const reconsidered = new Set<(peer: PlayerId, feeds?: ReadonlySet<PlayerId>) => void>()

      // What changes while the feeds are read is folded in after.
      const loaded = load(follows, directory, ignored)
      let folding: Promise<unknown> = loaded.catch(() => undefined)
      const unsubscribe = store.onChange((change) => {
        folding = folding
          .then(async () => {
            await directory.observe(change)
            const moved = await follows.observe(change)
            if (moved) {
              directory.followMoved(moved.players, (player) => follows.reached().has(player))
              interests.moved(moved.players)
              await host.rolesChanged()
            }
            for (const player of await ignored.observe(change))
              for (const listener of turned) listener(player, ignored.has(player))
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
      interests.moved(follows.reached().keys())
      const healing = new Healing({ store, clock, random, log: host.log })
      const stopLooking = every(LOOK_MILLIS, async () => {
        if ((store.nextDue() ?? Infinity) <= clock.micros())
          await store
            .releaseDue()
            .catch((error: unknown) => host.log.error({ err: error }, 'entries that were held are lost'))
        await healing
          .look()
          .catch((error: unknown) => host.log.error({ err: error }, 'the own feed could not be made whole'))
      })
      const unheard = askAboutUs({ host, store, healing })
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
        publish: (payload, signed) => store.append(payload, signed),
        ignored,
        onIgnored: (listener) => {
          turned.add(listener)
          return () => turned.delete(listener)
        },
        trust,
        addInterest: (reason, players, kind, explain) => interests.add(reason, players, kind, explain),
        interestChanged: (reason) => interests.changed(reason),
        mayServe: (peer, role, feed) => {
          if (follows.blocks(peer) || follows.blocks(feed)) return false
          if (feed === identity.id || peer === feed) return true
          if (interests.isOpen(peer) && interests.isOpen(feed)) return true
          for (const rule of rules) if (rule(peer, role, feed)) return true
          return false
        },
        addServing: (rule) => {
          rules.add(rule)
          return () => rules.delete(rule)
        },
        servingChanged: (peer, players) => {
          for (const listener of reconsidered) listener(peer, players)
        },
        onServingChanged: (listener) => {
          reconsidered.add(listener)
          return () => reconsidered.delete(listener)
        },
        onFolded: (listener) => {
          folded.add(listener)
          return () => folded.delete(listener)
        },
      }
      return {
        api,
        handlers: handlers({ api, interests, hops, healing, settled: () => folding }),
        async stop() {
          unheard()
          unrole()
          unsubscribe()
          await stopLooking()
          await folding
        },
      }
    },
  })
}

async function load(follows: FollowGraph, directory: Directory, ignored: Ignored): Promise<void> {
  await follows.load()
  await ignored.load()
  await directory.load(follows.reached().keys())
}

/** Calls again and again, one call after the other; gives how to stop, which waits for a call under way. */
function every(millis: number, work: () => Promise<void>): () => Promise<void> {
  let working: Promise<void> | undefined
  const timer = setInterval(() => {
    working ??= work().finally(() => {
      working = undefined
    })
  }, millis)
  timer.unref()
  return async () => {
    clearInterval(timer)
    await working
  }
}

/** After a restore every peer is asked what it has of one's own feed, until one has answered. */
function askAboutUs({ host, store, healing }: { host: PluginHost; store: Store; healing: Healing }): () => void {
  return host.onConnection((connection) => {
    if (!store.own.restored || connection.transport !== 'net') return
    connection
      .remote(feedsContract)
      .feeds.yours()
      .then(({ head }) => healing.answered(head ?? undefined))
      .catch((error: unknown) => host.log.info({ err: error, player: connection.player }, 'a peer gave no answer'))
  })
}

interface Serving {
  readonly api: FeedsApi
  readonly interests: Interests
  readonly hops: number
  readonly healing: Healing
  /** Resolves when every change of the store so far is folded in. */
  readonly settled: () => Promise<unknown>
}

function handlers({ api, interests, hops, healing, settled }: Serving): Handlers<typeof feedsContract> {
  const { store, directory, identity } = api
  return {
    feeds: {
      ...relationHandlers({ api, interests, hops, settled }),
      ...ownHandlers(api, healing),
      list: () => listFeeds(api, interests),
      async *read({ player, after = 0, limit = READ_LIMIT, raw = false }) {
        const id = player === undefined ? identity.id : directory.resolve(player)
        for await (const entry of store.read(id, { after, limit })) {
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
      why: [...interests.why(head.identity)],
      ignored: api.ignored.has(head.identity),
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
      why: [...interests.why(player)],
      ignored: api.ignored.has(player),
      lostBranches: 0,
    })
  }
  rows.sort((a, b) => b.newest - a.newest || (refOf(a.player) < refOf(b.player) ? -1 : 1))
  yield* rows
}
