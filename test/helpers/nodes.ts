import { join } from 'node:path'
import type { BlobId } from '../../lib/base/index.ts'
import { BlobStore } from '../../lib/blobs/index.ts'
import { connectLocal, Host } from '../../lib/host/index.ts'
import type { HostKeys, Remote } from '../../lib/host/index.ts'
import type { Identity } from '../../lib/keys/index.ts'
import { blobsContract, blobsPlugin } from '../../plugins/blobs/index.ts'
import type { BlobsApi } from '../../plugins/blobs/index.ts'
import { feedsPlugin } from '../../plugins/feeds/index.ts'
import type { FeedsApi } from '../../plugins/feeds/index.ts'
import { gossipPlugin } from '../../plugins/gossip/index.ts'
import type { GossipApi } from '../../plugins/gossip/index.ts'
import { realClock } from './gossips.ts'
import { addressOf, memoryLog } from './hosts.ts'
import type { Memory, Teardown } from './hosts.ts'
import { temporaryStore } from './stores.ts'
import type { Store } from '../../lib/store/index.ts'

/** A node over real sockets with feeds, gossip and blobs, and nothing else. */
export interface DataNode {
  readonly identity: Identity
  readonly host: Host
  readonly store: Store
  readonly blobStore: BlobStore
  readonly feeds: FeedsApi
  readonly gossip: GossipApi
  readonly blobs: BlobsApi
  readonly log: Memory
  readonly socketPath: string
  follow(other: DataNode): Promise<void>
  dial(other: DataNode): Promise<void>
  addBlob(bytes: Uint8Array): Promise<BlobId>
  /** What its owner may ask of the blobs. */
  local(): Promise<Remote<typeof blobsContract>>
}

export async function dataNode(
  teardown: Teardown,
  identity: Identity,
  { quota = 0 }: { readonly quota?: number } = {},
): Promise<DataNode> {
  const folder = await teardown.folder()
  const store = teardown.add(await temporaryStore(identity, realClock), (it) => it.remove())
  const blobStore = await BlobStore.open({ folder: join(folder, 'blobs'), now: () => Date.now() })
  const parts = {
    feeds: feedsPlugin({ store, identity, clock: realClock }),
    gossip: gossipPlugin({ clock: realClock }),
    blobs: blobsPlugin({ store: blobStore, clock: realClock, quota }),
  }
  const log = memoryLog()
  const socketPath = join(folder, 'node.sock')
  const { public: open, private: secret } = identity.keys
  const keys: HostKeys = { id: identity.id, public: open, private: secret }
  const host = await teardown.host({ keys, log, plugins: Object.values(parts), socketPath })
  const feeds = host.api(parts.feeds)
  return {
    identity,
    host,
    store,
    blobStore,
    feeds,
    gossip: host.api(parts.gossip),
    blobs: host.api(parts.blobs),
    log,
    socketPath,
    async follow(other) {
      const followed = new Promise<void>((resolve) => {
        const stop = feeds.tracked.onChange(() => {
          if (!feeds.tracked.has(other.identity.id)) return
          stop()
          resolve()
        })
      })
      await feeds.publish({ type: 'follow', identity: other.identity.id, on: true })
      await followed
    },
    async dial(other) {
      await host.connect(addressOf(other.host))
    },
    async local() {
      return teardown.add(await connectLocal(socketPath), (it) => it.close()).remote(blobsContract)
    },
    async addBlob(bytes) {
      return (await blobStore.add([bytes])).id
    },
  }
}
