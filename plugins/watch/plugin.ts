import { definePlugin, need, type Plugin } from '../../lib/host/index.ts'
import type { FeedsApi } from '../feeds/index.ts'
import type { JamsApi } from '../jams/index.ts'
import type { SoundApi } from '../sound/index.ts'
import { watchContract } from './contract.ts'
import { Viewing } from './viewing.ts'

/** Jams to look at: all that a live view shows, in one stream of what changed. */
export function watchPlugin(): Plugin<object, typeof watchContract> {
  return definePlugin({
    name: 'watch',
    contract: watchContract,
    needs: { feeds: need<FeedsApi>('feeds'), jams: need<JamsApi>('jams'), sound: need<SoundApi>('sound') },
    async start(host, { feeds, jams, sound }) {
      return {
        api: {},
        handlers: {
          watch: {
            async *jam({ jam }, { signal }) {
              const viewing = await Viewing.open({ host, feeds, jams, sound }, jam)
              const stop = (): void => viewing.close()
              signal.addEventListener('abort', stop)
              try {
                while (!signal.aborted) {
                  yield await viewing.next()
                  await viewing.changed()
                }
              } finally {
                signal.removeEventListener('abort', stop)
                viewing.close()
              }
            },
          },
        },
      }
    },
  })
}
