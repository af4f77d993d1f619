import { randomBytes } from 'node:crypto'
import { hex } from '../../lib/base/index.ts'
import type { Clock, PlayerId } from '../../lib/base/index.ts'
import { Gossip } from '../../lib/gossip/index.ts'
import type { GossipMemory } from '../../lib/gossip/index.ts'
import { definePlugin, need } from '../../lib/host/index.ts'
import type { Connection, Plugin, PluginHost, Role } from '../../lib/host/index.ts'
import type { FeedsApi } from '../feeds/index.ts'
import { PeerLinks } from '../links.ts'
import { gossipContract } from './contract.ts'
import { memoryFile } from './memory.ts'
import { Refetches } from './refetch.ts'
import type { GossipApi } from './types.ts'

interface Init {
  readonly clock: Clock
  /** Where what peers told and were told is kept between runs of the node; nowhere where left out. */
  readonly file?: string
}

/** Feeds travel: one link for each connection, opened by the side that dialled. */
export function gossipPlugin({ clock, file }: Init): Plugin<GossipApi, typeof gossipContract> {
  return definePlugin({
    name: 'gossip',
    contract: gossipContract,
    needs: { feeds: need<FeedsApi>('feeds') },
    async start(host, { feeds }) {
      const roles = new PeerRoles(host)
      const links = new PeerLinks({ host, clock, what: 'gossip', rules: RULES })
      // A store that was put back from a backup starts with full exchanges: it is there to learn what it lost.
      const memory: GossipMemory | undefined =
        file === undefined || feeds.store.own.restored ? undefined : memoryFile(file)
      const gossip = await Gossip.open(
        {
          store: feeds.store,
          clock,
          mayServe: (peer, feed) => feeds.mayServe(peer, roles.of(peer), feed),
          onFault: (message, detail) => links.note(message, detail),
          onBrought: (peer, bytes) => host.connectionTo(peer)?.noteUse(bytes),
          ...(memory && { memory }),
        },
        { epoch: hex(randomBytes(8)) },
      )
      const tracking = new Tracking(gossip, feeds)
      const refetches = new Refetches({ feeds, gossip })
      const speak = async (connection: Connection, open: () => Parameters<Gossip['link']>[1]): Promise<void> => {
        await roles.learn(connection)
        await gossip.link(connection.player, open())
      }
      const dialled = links.keep((connection) =>
        speak(connection, () => connection.remote(gossipContract).gossip.link()),
      )
      const left = host.onDisconnect(({ player }) => roles.forget(player))
      const changed = feeds.tracked.onChange((players) => {
        tracking.update(players)
        roles.refresh((peer, role) =>
          gossip.reconsider(peer, role === 'turned' || players.has(peer) ? undefined : players),
        )
      })
      const serving = feeds.onServingChanged((peer, players) => gossip.reconsider(peer, players))
      return {
        api: { status: () => gossip.status() },
        handlers: {
          gossip: {
            link: (_args, { connection }, duplex) => links.serve(connection, () => speak(connection, () => duplex)),
            refetch: ({ player, insist = false }) => refetches.begin(player, insist ? 'insist' : 'careful'),
            status: () => gossip.status().map(({ peer, ...rest }) => ({ player: peer, ...rest })),
          },
        },
        async stop() {
          dialled()
          left()
          changed()
          serving()
          await gossip.close()
        },
      }
    },
  })
}

/** Codes with which a link is ended whose other side cannot have meant well. */
const RULES: ReadonlySet<string> = new Set(['malformed', 'unasked', 'over-credit'])

/** What connected peers are to this node, as it was looked at last. */
class PeerRoles {
  readonly #host: PluginHost
  readonly #roles = new Map<PlayerId, Role>()

  constructor(host: PluginHost) {
    this.#host = host
  }

  of(peer: PlayerId): Role {
    return this.#roles.get(peer) ?? 'stranger'
  }

  /** Whether it is another than it was. */
  async learn(connection: Connection): Promise<'turned' | 'same'> {
    const role = await connection.role()
    const before = this.#roles.get(connection.player)
    this.#roles.set(connection.player, role)
    return role === before ? 'same' : 'turned'
  }

  forget(player: PlayerId): void {
    if (!this.#host.connectionTo(player)) this.#roles.delete(player)
  }

  /** Looks at everyone's role again; `then` is told of each peer once that is known. */
  refresh(then: (peer: PlayerId, role: 'turned' | 'same') => void): void {
    for (const connection of this.#host.connections()) {
      this.learn(connection).then(
        (role) => then(connection.player, role),
        (error: unknown) => this.#host.log.warn({ err: error }, 'the role of a peer could not be looked up'),
      )
    }
  }
}

/** Tells gossip which feeds to draw. */
class Tracking {
  readonly #gossip: Gossip
  readonly #feeds: FeedsApi
  /** Feeds that are drawn, and how many entries of each. */
  readonly #tracked = new Map<PlayerId, number>()

  constructor(gossip: Gossip, feeds: FeedsApi) {
    this.#gossip = gossip
    this.#feeds = feeds
    this.update(feeds.tracked.list())
  }

  /** Looks at those of which something may be another now. */
  update(players: Iterable<PlayerId>): void {
    const { tracked } = this.#feeds
    for (const player of players) {
      const most = tracked.has(player) ? tracked.mostEntries(player) : undefined
      if (this.#tracked.get(player) === most) continue
      if (most === undefined) {
        this.#tracked.delete(player)
        this.#gossip.track(player, 'unwanted')
      } else {
        this.#tracked.set(player, most)
        this.#gossip.track(player, 'wanted', most)
      }
    }
  }
}
