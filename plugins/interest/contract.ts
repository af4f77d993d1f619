import { z } from 'zod'
import { async_, defineContract, ids } from '../../lib/host/index.ts'
import { MAX_TOLD } from './core.ts'

/** Interest in jams, told to peers (docs/protocol.md, "Interest in jams"). */
export const interestContract = defineContract({
  interest: {
    /** The jams that the caller is interested in, in place of what it told before; holds for as long as is answered. */
    tell: async_({
      args: z.strictObject({
        jams: z.array(z.strictObject({ jam: ids.jam, hops: z.union([z.literal(0), z.literal(1)]) })).max(MAX_TOLD),
      }),
      result: z.object({
        /** How long it holds. */
        seconds: z.number(),
        /** How many of them count here. */
        taken: z.number(),
      }),
      allow: 'stranger',
      rate: { perSecond: 1, burst: 5 },
    }),
  },
})
