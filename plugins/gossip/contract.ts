import { z } from 'zod'
import { async_, bytes, defineContract, duplex, ids } from '../../lib/host/index.ts'

/** What gossip has under way with one peer. */
export const gossipRow = z.object({
  player: ids.player,
  /** Feeds drawn from it, and feeds it draws from us. */
  asking: z.number(),
  serving: z.number(),
  /** Tracked feeds of which it announced more than is here, and the entries they lack, as far as it says. */
  owedFeeds: z.number(),
  owedEntries: z.number(),
  /** Bytes of frames that came from it and that left for it on this link. */
  bytesIn: z.number(),
  bytesOut: z.number(),
})

/** A feed that was deleted here and is drawn anew. */
export const refetched = z.object({
  player: ids.player,
  shown: z.string(),
  /** Entries that were here. */
  entries: z.number(),
  /** Connected peers that said that they have all of it: a claim. */
  holders: z.array(ids.player),
})
export type Refetched = z.output<typeof refetched>

/** Feeds on their way, frame by frame, and how that goes. */
export const gossipContract = defineContract({
  gossip: {
    /** One frame each item, both ways; opened by the side that dialled. docs/protocol.md, section Gossip. */
    link: duplex({ up: bytes, down: bytes, allow: 'stranger' }),
    status: async_({ result: z.array(gossipRow) }),
    /**
     * Deletes what is here of another player's feed and draws it anew; without `insist` only where it is drawn, no branch
     * that lost is kept of it, and a connected peer claims to have all of it.
     */
    refetch: async_({
      args: z.strictObject({ player: z.string().min(1).max(200), insist: z.boolean().optional() }),
      result: refetched,
    }),
  },
})
