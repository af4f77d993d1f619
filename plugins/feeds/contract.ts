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
  /** Why it is here, in a word or two each: `self`, `follow`, `hop 2`, `jam`, …, `blocked`, `kept` (no longer tracked). */
  why: z.array(z.string()),
  /** Not shown or heard here, by the owner's wish. */
  ignored: z.boolean(),
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

/** Why one feed is here or is not, as `feeds --why` says it. */
export const why = z.object({
  player: ids.player,
  shown: z.string(),
  /** Whether it is drawn from others now. */
  drawn: z.boolean(),
  /** In a word or two each, as in a row of `list`. */
  why: z.array(z.string()),
  /** The same, each whole, as a sentence. */
  words: z.array(z.string()),
  entries: z.number(),
  /** Microseconds since 1970 of the newest entry; 0 where there is none. */
  newest: z.number(),
  ignored: z.boolean(),
  trusted: z.boolean(),
  /** Entries drawn at most, where there is a bound. */
  most: z.number().optional(),
})
export type Why = z.output<typeof why>

/** How one's own feed is. */
export const health = z.object({
  /** The home looks restored: nothing is published until a peer has told what it has. */
  restored: z.boolean(),
  /** Losing branches that are about to be healed. */
  lost: z.number(),
  /** What was healed since the node started; `at` is milliseconds since 1970. */
  healed: z
    .object({
      at: z.number(),
      /** Entries that were published again, branches that they were in. */
      entries: z.number(),
      branches: z.number(),
      /** Entries that were dropped because they had been dropped elsewhere, and that cannot be published again. */
      dropped: z.number(),
      stuck: z.number(),
    })
    .optional(),
  /** The same for the owner, a sentence each; none where all is well. */
  words: z.array(z.string()),
})
export type Health = z.output<typeof health>

/** A branch of a feed that lost to another, as `feed` shows it. */
export const lostRow = z.object({
  key: ids.entry,
  comparable: z.number(),
  /** Entries that the feed has not. */
  entries: z.number(),
})
export type LostRow = z.output<typeof lostRow>

const position = z.object({ comparable: z.number(), key: ids.entry })
const someone = z.strictObject({ player: z.string().min(1).max(200).optional() })

const who = z.strictObject({ player: z.string().min(1).max(200), on: z.boolean() })
const changed = z.object({ player: ids.player, shown: z.string() })

/** One's own feed, whom one follows, and which feeds are here: for the owner alone. */
export const feedsContract = defineContract({
  feeds: {
    /** Follows or unfollows a name, short id or identity. */
    follow: async_({ args: who, result: changed }),
    /** Neither draws nor serves a player's feed any more, and ends its connection; or takes that back. */
    block: async_({ args: who, result: changed }),
    /** Shows and hears a player no more, in an entry that the owner alone can read; or takes that back. */
    ignore: async_({ args: who, result: changed }),
    /** Lets a player's process archives run on this machine; or takes that back. Never an entry. */
    trust: async_({ args: who, result: changed }),
    why: async_({ args: z.strictObject({ player: z.string().min(1).max(200) }), result: why }),
    list: source({ item: feedRow }),
    /** Branches of a feed (one's own where nobody is named) that lost and are kept. */
    lost: source({ args: someone, item: lostRow }),
    /** How one's own feed is. */
    health: async_({ result: health }),
    /** Goes on with a feed that no peer has confirmed. */
    resume: async_({ result: health }),
    /** Drops entries from one's own feed: the rest of it is published again. */
    rebase: async_({
      args: z.strictObject({ drop: z.array(ids.entry).max(10_000) }),
      result: z.object({ dropped: z.array(ids.entry), kept: z.number(), head: position }),
    }),
    /** The head that this node has of the caller's own feed, for a caller who may have lost the end of it. */
    yours: async_({ result: z.object({ head: position.nullable() }), allow: 'stranger' }),
    read: source({
      args: z.strictObject({
        player: z.string().min(1).max(200).optional(),
        /** Only entries after this comparable. */
        after: z.int().min(0).optional(),
        limit: z.int().min(1).max(1_000_000).optional(),
        raw: z.boolean().optional(),
      }),
      item: entryRow,
    }),
  },
})
