import { z } from 'zod'
import { async_, defineContract, ids } from '../../lib/host/index.ts'

/** How a node is. */
const nodeStatus = z.object({
  identity: ids.player,
  shown: z.string(),
  version: z.string(),
  pid: z.number(),
  home: z.string(),
  /** Milliseconds since 1970. */
  since: z.number(),
  addresses: z.array(z.string()),
  connections: z.number(),
  feeds: z.number(),
  entries: z.number(),
  memoryBytes: z.number(),
})

/** The node itself, for the owner alone. */
export const nodeContract = defineContract({
  node: {
    status: async_({ result: nodeStatus }),
    /** Answers, then closes the node. */
    shutdown: async_({ result: z.object({ pid: z.number() }) }),
  },
})
