import { z } from 'zod'
import { async_, bytes, defineContract, duplex, ids, source } from '../../lib/host/index.ts'

/** A blob that is here. */
const blobSize = z.object({
  blob: ids.blob,
  /** Bytes. */
  size: z.number(),
})
/** One blob as `blobs.list` gives it. */
export const blobRow = blobSize.extend({
  /** Milliseconds since 1970 at which it came, or was last asked for. */
  usedAt: z.number(),
  /** Why it stays whatever the quota, in words; nothing where it may go. */
  pinned: z.array(z.string()),
})
export type BlobRow = z.output<typeof blobRow>

/** How much is here. */
export const blobUsage = z.object({
  blobs: z.number(),
  bytes: z.number(),
  /** Bytes that may be here, unpinned ones included; 0 is no bound. */
  quota: z.number(),
})

/** What a collection came to. Of what went, or would have, the first 1,000. */
export const blobsCollected = blobUsage.extend({
  pinned: z.number(),
  pinnedBytes: z.number(),
  removed: z.number(),
  removedBytes: z.number(),
  ids: z.array(ids.blob),
})
export type BlobsCollected = z.output<typeof blobsCollected>

const blobArgs = z.strictObject({ blob: ids.blob })
/** A file of this machine, by its whole path. */
const file = z.string().min(1).max(4_096)

/** Blobs on their way, frame by frame, and those that are here. */
export const blobsContract = defineContract({
  blobs: {
    /** One frame each item, both ways; opened by the side that dialled. docs/protocol.md, section Blobs. */
    link: duplex({ up: bytes, down: bytes, allow: 'stranger' }),
    /** Every blob that is here, in the order of the hashes, with why it stays. */
    list: source({ item: blobRow }),
    /** Hashes one blob anew, or all: gives those that are whole, fails with BLOB_CORRUPT at the first that is not. */
    verify: source({ args: z.strictObject({ blob: ids.blob.optional() }), item: blobSize }),
    /** Brings a blob here, of at most so many bytes, what the configuration says where left out; says how far it is. */
    fetch: source({
      args: blobArgs.extend({ maxBytes: z.int().min(0).optional() }),
      item: z.discriminatedUnion('kind', [
        z.object({ kind: z.literal('progress'), done: z.number(), total: z.number() }),
        z.object({ kind: z.literal('here'), blob: ids.blob, size: z.number(), file }),
      ]),
    }),
    /** Makes a file a blob that is kept by hand. */
    add: async_({ args: z.strictObject({ file }), result: blobSize }),
    /** Keeps a blob from being collected until `unpin`. */
    pin: async_({ args: blobArgs, result: blobArgs }),
    /** Takes the pin by hand away: what nobody else names goes when the quota asks for it. */
    unpin: async_({ args: blobArgs, result: blobArgs }),
    /** Takes a blob away at once, whoever names it. */
    remove: async_({ args: blobArgs, result: blobSize }),
    /** Removes what nobody needs, until the quota holds; or says what would go. */
    collect: async_({ args: z.strictObject({ dryRun: z.boolean().optional() }), result: blobsCollected }),
    usage: async_({ result: blobUsage }),
  },
})
