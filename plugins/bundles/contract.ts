import { isAbsolute } from 'node:path'
import { z } from 'zod'
import { CODES, type ErrorCode } from '../../lib/base/index.ts'
import { async_, defineContract, ids, source } from '../../lib/host/index.ts'

/** The node's own folder is not the caller's. */
const file = z.string().min(1).max(4_096).refine(isAbsolute, 'give an absolute path')
/** What the database holds, and about what that takes on disk. */
export const storeSizes = z.object({
  feeds: z.number(),
  entries: z.number(),
  /** Branches that lost and are kept. */
  losing: z.number(),
  /** By kind; what is not yet in tables on disk is not in it. Absent where the database cannot say. */
  bytes: z.object({ entries: z.number(), losing: z.number(), places: z.number(), indexes: z.number() }).optional(),
})
export type StoreSizes = z.output<typeof storeSizes>

/** How far the work is; what came of it is the last item, `done`. */
const progress = z.object({
  kind: z.literal('progress'),
  stage: z.enum(['reading', 'writing', 'checking', 'importing', 'entries', 'blobs', 'compacting']),
  done: z.number(),
  total: z.number(),
})
const what = z.union([
  z.strictObject({ jam: ids.jam }),
  z.strictObject({ player: ids.player }),
  z.strictObject({ all: z.literal(true) }),
])
const code = z.custom<ErrorCode>((value) => typeof value === 'string' && Object.hasOwn(CODES, value), 'not a code')

const exported = z.object({
  kind: z.literal('done'),
  file: z.string(),
  bytes: z.number(),
  what,
  shown: z.string(),
  feeds: z.number(),
  entries: z.number(),
  others: z.number(),
  unverified: z.number(),
  blobs: z.number(),
  score: z.string().optional(),
  absent: z.array(ids.player),
  lacking: z.array(ids.blob),
})
export type ExportDone = z.output<typeof exported>

const imported = z.object({
  kind: z.literal('done'),
  what,
  shown: z.string(),
  feeds: z.number(),
  entries: z.number(),
  added: z.number(),
  unverified: z.number(),
  blobs: z.number(),
  blobsAdded: z.number(),
  score: z.string().optional(),
  apart: z.array(
    z.object({
      identity: ids.player,
      shown: z.string(),
      outcome: z.enum(['ahead', 'other']),
      due: z.number().optional(),
    }),
  ),
})
export type ImportDone = z.output<typeof imported>

const fault = z.object({
  kind: z.literal('fault'),
  code,
  message: z.string(),
  player: ids.player.optional(),
  shown: z.string().optional(),
  key: ids.entry.optional(),
  comparable: z.number().optional(),
  blob: ids.blob.optional(),
})
export type FaultRow = z.output<typeof fault>

const verified = z.object({
  kind: z.literal('done'),
  feeds: z.number(),
  entries: z.number(),
  blobs: z.number(),
  bad: z.number(),
  /** Whose feeds have entries that are not where they belong, or cannot be read. */
  damaged: z.array(z.object({ player: ids.player, shown: z.string(), own: z.boolean() })),
  sizes: storeSizes,
})
export type VerifyDone = z.output<typeof verified>

const compacted = z.object({
  kind: z.literal('done'),
  before: storeSizes,
  after: storeSizes,
  /** Pieces that feeds are kept in. */
  chunks: z.object({ before: z.number(), after: z.number() }),
})
export type CompactDone = z.output<typeof compacted>

export const bundlesContract = defineContract({
  bundle: {
    /**
     * Writes a jam (`friday`, `ada:friday`, an id) or a player's feed (a name, short id or identity) to a file; without
     * `what` all feeds and blobs that are here.
     */
    export: source({
      args: z.strictObject({ what: z.string().min(1).max(200).optional(), file, replace: z.boolean().optional() }),
      item: z.discriminatedUnion('kind', [progress, exported]),
    }),
    /** Takes a bundle in. */
    import: source({ args: z.strictObject({ file }), item: z.discriminatedUnion('kind', [progress, imported]) }),
    /** Checks every entry, with `all` every blob too. */
    verify: source({
      args: z.strictObject({ all: z.boolean().optional() }),
      item: z.discriminatedUnion('kind', [progress, fault, verified]),
    }),
    /** What the database holds and takes. */
    sizes: async_({ result: storeSizes }),
    /** Puts the database together, while the node goes on. */
    compact: source({ item: z.discriminatedUnion('kind', [progress, compacted]) }),
  },
})
