import { z } from 'zod'
import { async_, defineContract, ids } from '../../lib/host/index.ts'

/** One live connection to a player. */
export const connectionRow = z.object({
  player: ids.player,
  shown: z.string(),
  direction: z.enum(['in', 'out']),
  address: z.string(),
  role: z.string(),
  /** Milliseconds since 1970. */
  since: z.number(),
  bytesIn: z.number(),
  bytesOut: z.number(),
})

/** Links to other nodes, for the owner alone. */
export const connectionsContract = defineContract({
  connections: {
    /** Dials an address now, and again whenever the link is lost while the node runs. `keep` remembers it for later runs. */
    connect: async_({
      args: z.strictObject({ address: z.string().min(1).max(512), keep: z.boolean().optional() }),
      result: z.object({ player: ids.player, shown: z.string(), address: z.string() }),
    }),
    list: async_({ result: z.array(connectionRow) }),
  },
})
