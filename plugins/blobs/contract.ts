import { z } from 'zod'
import { bytes, defineContract, duplex, ids, source } from '../../lib/host/index.ts'

/** One blob as `blobs.list` gives it. */
export const blobRow = z.object({
  blob: ids.blob,
  /** Bytes. */
  size: z.number(),
})

/** Blobs on their way, frame by frame, and those that are here. */
export const blobsContract = defineContract({
  blobs: {
    /** One frame each item, both ways; opened by the side that dialled. docs/protocol.md, section Blobs. */
    link: duplex({ up: bytes, down: bytes, allow: 'stranger' }),
    /** Every blob that is here, in the order of the hashes. */
    list: source({ item: blobRow }),
    /** Hashes one blob anew, or all: gives those that are whole, fails with BLOB_CORRUPT at the first that is not. */
    verify: source({ args: z.strictObject({ blob: ids.blob.optional() }), item: blobRow }),
  },
})
