import { systemClock } from '../../lib/base/node/clock.ts'
import { BlobStore } from '../../lib/blobs/index.ts'
import type { Identity } from '../../lib/keys/index.ts'
import { Directory, FollowGraph } from '../../lib/players/index.ts'
import { CONFIG, openHome, openPlayerStore, readConfig, type Home, type Store } from '../../lib/store/index.ts'
import type { Context } from './context.ts'

/** A home that is opened by a command itself, because no node runs on it. */
export interface Offline {
  readonly home: Home
  readonly identity: Identity
  readonly store: Store
  readonly blobs: BlobStore
  /** Whom the home's player follows and blocks, as the store has it now. */
  readonly follows: FollowGraph
  /** Names of players as the store has them now. */
  readonly directory: Directory
  /** Lets go of the home. Idempotent. */
  close(): Promise<void>
}

/**
 * Opens the home of a command for this process alone.
 * @throws MarmaladeError HOME_LOCKED where another process has it open, HOME_INVALID, CONFIG_INVALID, KEYS_…,
 * STORE_FORMAT, BLOB_WRITE
 */
export async function openOffline(context: Pick<Context, 'homeOption'>): Promise<Offline> {
  const home = openHome(context.homeOption)
  const config = readConfig(home, CONFIG)
  const { identity, store } = await openPlayerStore(home, { clock: systemClock })
  try {
    const blobs = await BlobStore.open({
      folder: home.blobs,
      now: () => Date.now(),
      maxBytes: config.blobs.maxBytes,
      links: home.generators,
    })
    const follows = new FollowGraph({ store, self: identity.id, hops: config.hops })
    await follows.load()
    const directory = new Directory(store)
    await directory.load(follows.reached().keys())
    return { home, identity, store, blobs, follows, directory, close: () => store.close() }
  } catch (error) {
    await store.close()
    throw error
  }
}
