import { z } from 'zod'
import { async_, defineContract, ids, source } from '../../lib/host/index.ts'

/** One feed as `feeds` lists it. */
export const feedRow = z.object({
  player: ids.player,
  /** What to call the player here. */
  shown: z.string(),
  entries: z.number(),
  /** Microseconds since 1970 of the newest entry; 0 where there is none. */
  newest: z.number(),
  /** Why it is here: `self`, `follow`, `hop 2`, `jam …`, `kept` (no longer tracked). */
  why: z.array(z.string()),
  /** Losing branches that are kept: more than none means that this identity was written to in two places. */
  lostBranches: z.number(),
})
export type FeedRow = z.output<typeof feedRow>

/** One entry as `feed` shows it. */
export const entryRow = z.object({
  key: ids.entry,
  comparable: z.number(),
  parent: ids.entry.nullable(),
  payload: z.unknown(),
  /** The signed text and signature in base64, where asked for. */
  raw: z.string().optional(),
})
export type EntryRow = z.output<typeof entryRow>

const who = z.strictObject({ player: z.string().min(1).max(200), on: z.boolean() })
const changed = z.object({ player: ids.player, shown: z.string() })

/** One's own feed, whom one follows, and which feeds are here: for the owner alone. */
export const feedsContract = defineContract({
  feeds: {
    /** Follows or unfollows a name, short id or identity. */
    follow: async_({ args: who, result: changed }),
    list: source({ item: feedRow }),
    read: source({
      args: z.strictObject({
        player: z.string().min(1).max(200).optional(),
        limit: z.int().min(1).max(1_000_000).optional(),
        raw: z.boolean().optional(),
      }),
      item: entryRow,
    }),
  },
})
