import { definePlugin, defineContract, need, type Plugin } from '../../lib/host/index.ts'
import type { FeedsApi } from '../feeds/index.ts'
import { namedIn, pinsOf } from './pins.ts'
import type { BlobsApi } from './types.ts'

interface Init {
  /** `<home>/takes`. */
  readonly takes: string
}

/** Tells the blobs what of them the feeds and takes that are here need. */
export function keepingPlugin({ takes }: Init): Plugin<object> {
  return definePlugin({
    name: 'keeping',
    contract: defineContract({}),
    needs: { feeds: need<FeedsApi>('feeds'), blobs: need<BlobsApi>('blobs') },
    async start(_host, { feeds, blobs }) {
      const { store, directory, tracked } = feeds
      const pins = blobs.addPins(() =>
        pinsOf({
          store,
          takes,
          shown: (player) => directory.shown(player),
          counts: (player) => tracked.has(player) && tracked.mostEntries(player) === Infinity,
        }),
      )
      const undo = [
        pins,
        store.onChange(({ entries, changeover }) =>
          blobs.named(() => (changeover ? 'anything' : entries.flatMap((entry) => [...namedIn(entry)]))),
        ),
        tracked.onChange(() => blobs.named(() => 'anything')),
      ]
      return {
        api: {},
        handlers: {},
        async stop() {
          for (const take of undo.reverse()) take()
        },
      }
    },
  })
}
