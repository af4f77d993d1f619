import type { BlobStore } from '../../lib/blobs/index.ts'
import type { Remote } from '../../lib/host/index.ts'
import { CONFIG, readConfig } from '../../lib/store/index.ts'
import { Keeper, pinsOf, rows, type blobsContract } from '../../plugins/blobs/index.ts'
import type { Context } from './context.ts'
import { openOffline } from './offline.ts'

type Managed = Pick<Remote<typeof blobsContract>['blobs'], 'list' | 'pin' | 'unpin' | 'remove' | 'collect'>

/** Blobs of a home that this command has opened itself. */
interface Here {
  readonly store: BlobStore
  /** What a node would be asked. */
  readonly managed: Managed
}

/** Opens the blobs of a home on which no node runs. Every feed that is here counts as tracked. @throws what openOffline throws */
export async function keptHere<T>(context: Context, use: (here: Here) => Promise<T>): Promise<T> {
  const place = await openOffline(context)
  const { home, store, blobs, directory } = place
  const { quota } = readConfig(home, CONFIG).blobs
  const keeper = new Keeper({ store: blobs, quota, inUse: () => false, onFault: () => undefined })
  keeper.addPins(() =>
    pinsOf({ store, takes: home.takes, shown: (player) => directory.shown(player), counts: () => true }),
  )
  const managed: Managed = {
    list: () => rows(keeper),
    async pin({ blob }) {
      await blobs.keep(blob)
      return { blob }
    },
    async unpin({ blob }) {
      await blobs.unkeep(blob)
      return { blob }
    },
    remove: async ({ blob }) => ({ blob, size: await keeper.remove(blob) }),
    async collect({ dryRun } = {}) {
      const collected = await keeper.collect({ dryRun: dryRun === true })
      return { ...collected, ids: [...collected.ids], quota }
    },
  }
  try {
    return await use({ store: blobs, managed })
  } finally {
    await keeper.close()
    await place.close()
  }
}
