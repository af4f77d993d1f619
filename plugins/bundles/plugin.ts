import { definePlugin, need, type Plugin } from '../../lib/host/index.ts'
import type { BlobsApi } from '../blobs/index.ts'
import type { FeedsApi } from '../feeds/index.ts'
import { bundlesContract } from './contract.ts'
import { compacting, exporting, importing, sizesOf, verifying, type Place } from './serve.ts'

/** Jams and feeds as files, the check of what is here, and the room that it takes: for the node's own player alone. */
export function bundlesPlugin(): Plugin<object, typeof bundlesContract> {
  return definePlugin({
    name: 'bundles',
    contract: bundlesContract,
    needs: { feeds: need<FeedsApi>('feeds'), blobs: need<BlobsApi>('blobs') },
    async start(_host, { feeds, blobs }) {
      const place: Place = {
        store: feeds.store,
        blobs: blobs.store,
        directory: feeds.directory,
        identity: feeds.identity,
      }
      return {
        api: {},
        handlers: {
          bundle: {
            export: (args, { signal }) => exporting(place, args, signal),
            import: (args, { signal }) => importing(place, args, signal),
            verify: (args, { signal }) => verifying(place, args, signal),
            sizes: () => sizesOf(place),
            compact: (_args, { signal }) => compacting(place, signal),
          },
        },
      }
    },
  })
}
