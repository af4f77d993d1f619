import { z } from 'zod'
import type { Clock } from '../../lib/base/index.ts'
import type { Entry } from '../../lib/entry/index.ts'
import { definePlugin, need, type Plugin } from '../../lib/host/index.ts'
import type { FeedsApi } from '../feeds/index.ts'
import { connectionsContract } from './contract.ts'
import { Redialler } from './redial.ts'

const options = z.strictObject({
  /** Addresses that are dialled whenever the node runs. */
  peers: z.array(z.string().min(1).max(512)).max(256).default([]),
})

interface Init {
  readonly clock: Clock
  /** Between 0 and 1: spreads out when nodes dial again. */
  readonly random: () => number
  /** Adds an address to the configuration's `peers`. */
  readonly keep: (address: string) => Promise<void>
}

/** Links that are wanted: those asked for, those configured, and the published addresses of players one follows. */
export function connectionsPlugin(init: Init): Plugin<object, typeof connectionsContract> {
  return definePlugin({
    name: 'connections',
    contract: connectionsContract,
    needs: { feeds: need<FeedsApi>('feeds') },
    options,
    async start(host, { feeds }, { peers }) {
      const { directory, follows, identity } = feeds
      const redialler = new Redialler({ host, clock: init.clock, random: init.random })
      for (const address of peers) redialler.want(address, 'asked')
      const wantFollowed = (): void => {
        const followed = follows.followedBy(identity.id).filter((player) => !follows.blocks(player))
        redialler.setPublished(
          new Map(followed.map((player) => [player, directory.identification(player).addresses ?? []])),
        )
      }
      wantFollowed()
      const unsubscribe = feeds.onFolded(({ head, entries, changeover }) => {
        const said = changeover !== undefined || entries.some(saysWhere)
        if (said && (head.identity === identity.id || follows.follows(identity.id, head.identity))) wantFollowed()
      })
      redialler.start()
      return {
        api: {},
        handlers: {
          connections: {
            async connect({ address, keep = false }, { signal }) {
              const connection = await host.connect(address, { signal })
              redialler.want(address, 'asked')
              if (keep) await init.keep(address)
              return { player: connection.player, shown: directory.shown(connection.player), address }
            },
            list: () =>
              Promise.all(
                host.connections().map(async (connection) => ({
                  player: connection.player,
                  shown: directory.shown(connection.player),
                  direction: connection.direction,
                  address: connection.address,
                  role: await connection.role(),
                  since: connection.since,
                  bytesIn: connection.bytesIn,
                  bytesOut: connection.bytesOut,
                })),
              ),
          },
        },
        async stop() {
          unsubscribe()
          await redialler.stop()
        },
      }
    },
  })
}

/** Types of payload that may change where players whom we follow are. */
const WHERE: ReadonlySet<string> = new Set(['identification', 'follow', 'block'])

const saysWhere = ({ payload }: Entry): boolean => typeof payload !== 'string' && WHERE.has(payload.type)
