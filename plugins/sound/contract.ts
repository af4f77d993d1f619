import { z } from 'zod'
import { async_, defineContract, ids } from '../../lib/host/index.ts'

const text = z.string().min(1).max(200)
/** Since the reading before, as factors of full scale; readings come every 250 ms. */
const level = z.object({ peak: z.number(), rms: z.number() })
/** LUFS; left out where it is not known yet or nothing passes the gate. */
const lufs = z.number().optional()

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
  /** Monotonic milliseconds of this machine at which jam frame 0 would have been due as the sink is paced now. */
  zero: z.number().optional(),
  underruns: z.number(),
  skippedFrames: z.number(),
  late: z.number(),
  master: level.optional(),
  /** Of the mix: of the last 400 ms, of the last 3 s, of all that this session played, gated. */
  loudness: z.object({ momentary: lufs, shortTerm: lufs, integrated: lufs }).optional(),
  /** What the limiter took at most since the reading before, in decibels, 0 or above. */
  reduction: z.number().optional(),
  /** After the node owner's own mix: what is muted is silent. */
  instances: z.array(level.extend({ path: z.string() })),
  /** Instances of one track together. */
  tracks: z.array(level.extend({ track: z.string() })),
  /** Returns that ring: `room`, `echo`. */
  buses: z.array(level.extend({ bus: z.string() })),
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
