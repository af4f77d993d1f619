import { definePlugin, need, type Plugin } from '../../lib/host/index.ts'
import type { FeedsApi } from '../feeds/index.ts'
import { nodeContract } from './contract.ts'

interface Init {
  readonly version: string
  readonly home: string
  /** Milliseconds since 1970 at which the node started. */
  readonly since: number
  /** Asks whoever runs the node to close it. */
  readonly shutdown: () => void
}

/** The node itself: how it is, and how to end it. */
export function nodePlugin(init: Init): Plugin<object, typeof nodeContract> {
  return definePlugin({
    name: 'node',
    contract: nodeContract,
    needs: { feeds: need<FeedsApi>('feeds') },
    async start(host, { feeds }) {
      return {
        api: {},
        handlers: {
          node: {
            async status() {
              const { feeds: count, entries } = await feeds.store.sizes()
              return {
                identity: host.id,
                shown: feeds.directory.shown(host.id),
                version: init.version,
                pid: process.pid,
                home: init.home,
                since: init.since,
                addresses: [...host.addresses()],
                connections: host.connections().length,
                feeds: count,
                entries,
                memoryBytes: process.memoryUsage.rss(),
              }
            },
            shutdown() {
              // The answer has to leave before the connection is closed under it.
              setImmediate(init.shutdown)
              return { pid: process.pid }
            },
          },
        },
      }
    },
  })
}
