import { MarmaladeError } from '../../lib/base/index.ts'
import type { BlobId, Clock, PlayerId } from '../../lib/base/index.ts'
import { Blobs } from '../../lib/blobs/index.ts'
import type { BlobStore } from '../../lib/blobs/index.ts'
import { keepOpen } from '../../lib/gossip/index.ts'
import { definePlugin } from '../../lib/host/index.ts'
import type { Connection, Plugin, PluginHost, Role } from '../../lib/host/index.ts'
import { blobsContract } from './contract.ts'
import type { BlobsApi, ServingRule } from './types.ts'

interface Init {
  /** Opened by whoever starts the node. */
  readonly store: BlobStore
  readonly clock: Clock
}

/** Blobs travel: one link for each connection, opened by the side that dialled. */
export function blobsPlugin({ store, clock }: Init): Plugin<BlobsApi, typeof blobsContract> {
  return definePlugin({
    name: 'blobs',
    contract: blobsContract,
    async start(host) {
      const rules = new Set<ServingRule>()
      const mayServe = (peer: PlayerId, role: Role, blob: BlobId) => judge(rules, store, peer, role, blob)
      const blobs = new Blobs({
        store,
        clock,
        mayServe: async (peer, blob) => mayServe(peer, await roleOf(host, peer), blob),
        mayRelay: async (peer) => (await roleOf(host, peer)) !== 'stranger',
        onFault: (message, detail) => host.log.warn({ ...detail, err: detail.cause }, message),
      })
      const links = new Set<number>()
      const dialled = host.onConnection((connection) => {
        if (connection.direction !== 'out') return
        const open = async () => blobs.link(connection.player, connection.remote(blobsContract).blobs.link())
        const onFault = (error: unknown): void =>
          host.log.info({ err: error, player: connection.player }, 'the link of blobs could not be opened')
        void keepOpen(open, connection.signal, () => clock.monotonic(), onFault)
      })
      return {
        api: {
          store,
          want: (blob, options) => blobs.want(blob, options),
          mayServe,
          addServing(rule) {
            rules.add(rule)
            return () => rules.delete(rule)
          },
        },
        handlers: {
          blobs: {
            async link(_args, { connection }, duplex) {
              assertMayOpen(connection, links)
              links.add(connection.id)
              await blobs.link(connection.player, duplex)
              links.delete(connection.id)
            },
            list: () => listBlobs(store),
            verify: ({ blob }) => verifyBlobs(store, blob),
          },
        },
        async stop() {
          dialled()
          await blobs.close()
        },
      }
    },
  })
}

const roleOf = async (host: PluginHost, peer: PlayerId): Promise<Role> =>
  (await host.connectionTo(peer)?.role()) ?? 'stranger'

async function judge(
  rules: ReadonlySet<ServingRule>,
  store: BlobStore,
  peer: PlayerId,
  role: Role,
  blob: BlobId,
): Promise<boolean> {
  if (!(await store.has(blob))) return false
  if (role === 'self') return true
  const opinions = await Promise.all([...rules].map((rule) => rule(peer, role, blob)))
  if (opinions.includes(false)) return false
  return opinions.includes(true) || role !== 'stranger'
}

/** One link for a connection, opened by the side that dialled. @throws LINK_UNWANTED */
function assertMayOpen(connection: Connection, links: ReadonlySet<number>): void {
  if (connection.transport === 'net' && connection.direction === 'in' && !links.has(connection.id)) return
  throw new MarmaladeError('LINK_UNWANTED', 'the side that dialled opens blobs, once for each connection')
}

async function* listBlobs(store: BlobStore) {
  for await (const { id, size } of store.list()) yield { blob: id, size }
}

async function* verifyBlobs(store: BlobStore, only: BlobId | undefined) {
  for await (const row of only === undefined ? listBlobs(store) : one(store, only)) {
    await store.verify(row.blob)
    yield row
  }
}

async function* one(store: BlobStore, blob: BlobId) {
  yield { blob, size: (await store.size(blob)) ?? 0 }
}
