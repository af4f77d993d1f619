import { z } from 'zod'
import { async_, bytes, defineContract, ids, source } from '../../lib/host/index.ts'

/** The largest archive that travels: what unpacks to at most 64 MiB is smaller than this. */
export const MAX_ARCHIVE_BYTES = 64 * 1024 * 1024

/** One published generator; of several by one name of one player the newest. */
export const generatorRow = z.object({
  generator: ids.generator,
  player: ids.player,
  shown: z.string(),
  name: ids.name,
  archive: ids.blob,
  size: z.number(),
  runtime: z.string(),
  /** Whether the archive is on this node. */
  here: z.boolean(),
  /** Microseconds since 1970. */
  published: z.number(),
  description: z.unknown().optional(),
})
export type GeneratorRow = z.output<typeof generatorRow>

const which = z.string().min(1).max(200)

/** Published generators and their archives for anybody; publishing and fetching for the owner. */
export const generatorsContract = defineContract({
  /** Generators of players whose feeds are here, newest first. */
  generators: async_({
    args: z.strictObject({ limit: z.int().min(1).max(500).optional(), player: ids.player.optional() }),
    result: z.array(generatorRow),
    allow: 'stranger',
    rate: { perSecond: 2, burst: 10 },
  }),
  /** The archive's bytes, in pieces of up to 64 KiB, from `offset` on. */
  generator: source({
    args: z.strictObject({ archive: ids.blob, offset: z.int().min(0).optional() }),
    item: bytes,
    allow: 'stranger',
    rate: { perSecond: 1, burst: 8 },
    limits: { bytes: MAX_ARCHIVE_BYTES, items: 8_192 },
  }),
  authoring: {
    /** Packs the folder (absolute path on this machine), checks it, and publishes it in one's own feed. */
    publish: async_({ args: z.strictObject({ folder: z.string().min(1) }), result: generatorRow }),
    /** Brings an archive here: a generator as `name`, `player:name`, or a blob id. */
    fetch: async_({ args: z.strictObject({ generator: which }), result: generatorRow }),
    show: async_({
      args: z.strictObject({ generator: which }),
      result: z.object({
        row: generatorRow,
        manifest: z.unknown(),
        files: z.array(z.object({ path: z.string(), size: z.number() })),
      }),
    }),
    /** The file of an archive on this machine, fetched where it is not here, its hash checked; whether it may run as a process. */
    locate: async_({
      args: z.strictObject({ archive: ids.blob }),
      result: z.object({ file: z.string(), mayRun: z.boolean() }),
    }),
    /** Lets a process archive run here, or no longer: by its hash, or as `fetch` names generators. */
    allow: async_({
      args: z.strictObject({ archive: which, on: z.boolean().optional() }),
      result: z.object({ archive: ids.blob, allowed: z.array(ids.blob) }),
    }),
  },
})
