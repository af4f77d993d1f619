import { z } from 'zod'
import { async_, defineContract, ids } from '../../lib/host/index.ts'

const text = z.string().min(1).max(200)
const level = z.object({ peak: z.number(), rms: z.number() })

export const soundReport = z.object({
  jam: ids.jam,
  sink: z.string(),
  take: z.string(),
  /** Jam frame of the first sample that went to the sink. */
  firstFrame: z.number(),
  frames: z.number(),
  /** SHA-256, hex, of all samples as interleaved float32, little-endian. */
  samplesSha256: z.string(),
  /** Highest absolute sample. */
  peak: z.number(),
  underruns: z.number(),
  skippedFrames: z.number(),
  late: z.number(),
})
export type SoundReport = z.output<typeof soundReport>

export const soundStatus = z.object({
  jam: ids.jam.optional(),
  sink: z.string(),
  state: z.enum(['silent', 'starting', 'playing', 'lost', 'over']),
  why: z.string().optional(),
  /** Process id of the sound engine. */
  engine: z.number().optional(),
  firstFrame: z.number().optional(),
  /** Jam frame rendered last. */
  frame: z.number().optional(),
  underruns: z.number(),
  skippedFrames: z.number(),
  late: z.number(),
  master: level.optional(),
  instances: z.array(level.extend({ path: z.string() })),
  /** Archives that plays wait for. */
  waitingFor: z.array(ids.blob),
  /** Instances that failed, newest last. */
  failures: z.array(z.object({ path: z.string(), code: z.string(), message: z.string() })),
  reports: z.array(soundReport),
})
export type SoundStatus = z.output<typeof soundStatus>

export const soundContract = defineContract({
  sound: {
    status: async_({ result: soundStatus }),
    /** Resolves when the jam that sounds is over and its files are finished. */
    finished: async_({ result: soundReport }),
  },
  mix: {
    /** One's own mix of an instance (`drums`, `ada:drums`), a track (`track:bass`) or a player (`player:ada`). */
    set: async_({
      args: z.strictObject({
        target: text,
        gain: z.number().min(-200).max(40).optional(),
        pan: z.number().min(-1).max(1).optional(),
        mute: z.boolean().optional(),
        solo: z.boolean().optional(),
      }),
      result: z.object({ target: z.string() }),
    }),
  },
  tags: {
    /** The newest value of a tag in the jam that sounds. */
    get: async_({
      args: z.strictObject({ path: text }),
      result: z.object({
        path: z.string(),
        value: z.union([z.number(), z.string()]).optional(),
        frame: z.number().optional(),
      }),
    }),
  },
})
