import { z } from 'zod'
import { async_, bytes, defineContract, duplex, ids } from '../../lib/host/index.ts'

/** What gossip has under way with one peer. */
export const gossipRow = z.object({
  player: ids.player,
  /** Feeds drawn from it, and feeds it draws from us. */
  asking: z.number(),
  serving: z.number(),
  /** Entries it announced that are not here. */
  owed: z.number(),
})

/** Feeds on their way, frame by frame, and how that goes. */
export const gossipContract = defineContract({
  gossip: {
    /** One frame each item, both ways; opened by the side that dialled. docs/protocol.md, section Gossip. */
    link: duplex({ up: bytes, down: bytes, allow: 'stranger' }),
    status: async_({ result: z.array(gossipRow) }),
  },
})
