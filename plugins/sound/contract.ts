import { z } from 'zod'
import { async_, defineContract, ids, source } from '../../lib/host/index.ts'

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
  /** One's own shift: how many milliseconds later than others all is heard here, below 0 earlier. */
  nudge: z.number(),
  /** Cards: how many milliseconds pass until what they are given sounds, how much too late (or early) that is, and frames dropped or repeated. */
  cards: z.array(
    z.object({ name: z.string(), latency: z.number(), measured: z.boolean(), late: z.number(), slips: z.number() }),
  ),
  underruns: z.number(),
  skippedFrames: z.number(),
  late: z.number(),
  master: level.optional(),
  /** Of the mix: of the last 400 ms, of the last 3 s, of all that this session played, gated. */
  loudness: z.object({ momentary: lufs, shortTerm: lufs, integrated: lufs }).optional(),
  /** What the limiter took at most since the reading before, in decibels, 0 or above. */
  reduction: z.number().optional(),
  /** After the node owner's own mix: what is muted is silent. */
  instances: z.array(
    level.extend({
      path: z.string(),
      /** As commands take it, `ada:drums`: in what the node answers. */
      shown: z.string().optional(),
      /** Milliseconds of processor time that it takes of late for a second of sound. */
      load: z.number().optional(),
    }),
  ),
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

/** What one's own mix says of a target: its name in the state (docs/state.md), and as commands take it. */
export const mixSetting = z.object({
  target: z.string(),
  shown: z.string(),
  gain: z.number(),
  pan: z.number(),
  mute: z.boolean(),
  solo: z.boolean(),
})
export type MixRow = z.output<typeof mixSetting>
const scene = z.strictObject({ name: ids.name })

/** What becomes of the versions that `generator dev` plays under one name. */
const sketchEvent = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('open'), jam: ids.jam }),
  /** Its archive is prepared: it starts on the next bar. */
  z.object({ kind: z.literal('ready'), archive: ids.blob }),
  /** The first frame of a version is rendered, up to 160 ms before it is heard; the bar counts from 1. */
  z.object({ kind: z.literal('started'), path: z.string(), bar: z.number() }),
  /** It was given the state of the version before: whether it goes on from there. */
  z.object({ kind: z.literal('carried'), taken: z.boolean() }),
  /** A version cannot be prepared, does not start, or ended by itself. */
  z.object({ kind: z.literal('failed'), archive: ids.blob.optional(), code: z.string(), message: z.string() }),
  /** Nothing more is heard of a version. */
  z.object({ kind: z.literal('ended'), path: z.string() }),
  z.object({ kind: z.literal('log'), text: z.string() }),
  /** What it set, under its own path. */
  z.object({ kind: z.literal('tag'), name: z.string(), value: z.union([z.number(), z.string()]) }),
  /** Of the newest version, every 250 ms. */
  level.extend({ kind: z.literal('levels'), load: z.number() }),
  /** So many before the next one are not there. */
  z.object({ kind: z.literal('missed'), count: z.number() }),
  /** It sounds no more. */
  z.object({ kind: z.literal('over'), message: z.string() }),
])
export type SketchEvent = z.output<typeof sketchEvent>

/** The most points of one answer. */
export const MAX_ROWS = 65_536
const bar = z.number().int().min(1).max(1_000_000_000)

const tagValue = z.union([z.number(), z.string()])
const tagRow = z.object({
  path: z.string(),
  value: tagValue,
  frame: z.number(),
  /** Points of its path before this one that are not there: too many were set at once, nobody took them, the disk did not, or they are too old. */
  missed: z.number().optional(),
})
export type TagRow = z.infer<typeof tagRow>

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
    /** How many milliseconds later than others one hears the jam that sounds, below 0 earlier: in place of what was set before. */
    nudge: async_({
      args: z.strictObject({ millis: z.number().min(-200).max(200) }),
      result: z.object({ millis: z.number() }),
    }),
    /** All that is set, and not as if nothing were: as it will be once the engine has come to it. */
    settings: async_({ result: z.array(mixSetting) }),
    /** Keeps one's own mix as it is under a name, in this home, in place of what was kept under it: for any jam and any later run. */
    save: async_({ args: scene, result: z.object({ name: ids.name, settings: z.number() }) }),
    /**
     * Sets what a scene has, and all else plain. `settings`: how many were set, `reset`: how many others were made plain, `missing`:
     * instances that this jam has none of, passed over.
     */
    recall: async_({
      args: scene,
      result: z.object({
        name: ids.name,
        settings: z.number(),
        reset: z.number(),
        missing: z.array(z.string()),
      }),
    }),
    scenes: async_({ result: z.array(z.object({ name: ids.name, settings: z.number() })) }),
    forget: async_({ args: scene, result: z.object({ name: ids.name }) }),
  },
  /** What the owner tries out in the jam that sounds, for itself alone: heard here, never published. */
  sketch: {
    /** Opens a name, and tells what becomes of the versions played under it; with the caller it ends. */
    open: source({ args: z.strictObject({ name: ids.name }), item: sketchEvent }),
    /** Plays a packed generator (a file of this machine, by its whole path) from the next bar on, in place of the version before. */
    play: async_({
      args: z.strictObject({
        name: ids.name,
        file: z.string().min(1).max(4_096),
        params: z.record(z.string().max(64), z.number()).optional(),
      }),
      result: z.object({ archive: ids.blob, size: z.number() }),
    }),
    /** Ends it at once; where `until` is given, where the first own instance of that archive starts. */
    stop: async_({
      args: z.strictObject({ name: ids.name, until: ids.blob.optional() }),
      result: z.object({ name: ids.name }),
    }),
    /** Mutes an own instance in one's own mix as long as the name is open, in place of which it is tried out; false where it is mute already. */
    silence: async_({
      args: z.strictObject({ name: ids.name, instance: text }),
      result: z.object({ silenced: z.boolean() }),
    }),
  },
  /** What this node has heard in the jam that sounds, under a path, a name or a glob (`*` for any part); of a note its pitch. */
  tags: {
    /** The newest value, and where `last` is given so many of the newest points, oldest first. */
    get: async_({
      args: z.strictObject({ path: text, last: z.number().int().min(1).max(256).optional() }),
      result: z.object({
        path: z.string(),
        value: tagValue.optional(),
        frame: z.number().optional(),
        points: z.array(tagRow).optional(),
      }),
    }),
    /**
     * All points, oldest first, those on disk too; where `last` is given so many of the newest, where `from` or `to` are given
     * those within these bars, counted from 1, `to` not included. Of more than 65,536 the newest.
     */
    history: source({
      args: z.strictObject({
        path: text,
        from: bar.optional(),
        to: bar.optional(),
        last: z.number().int().min(1).max(MAX_ROWS).optional(),
      }),
      item: tagRow,
    }),
    /** Each point from now on, until the jam is over or the caller has enough. */
    watch: source({ args: z.strictObject({ path: text }), item: tagRow }),
    /** The first point, the newest one included, with the value, or with any. NOT_SOUNDING where the jam ends before. */
    until: async_({
      args: z.strictObject({ path: text, value: tagValue.optional() }),
      result: z.object({ path: z.string(), value: tagValue, frame: z.number() }),
    }),
  },
})
