import { z } from 'zod'
import { defineContract, ids, source } from '../../lib/host/index.ts'
import { clockRow } from '../jams/index.ts'

/** Where the jam is. */
const place = z.object({
  /** Counted from 1. */
  bar: z.number(),
  /** Of the meter's own pulses, counted from 1 with a fraction: eighths of 7/8. */
  pulse: z.number(),
  pulses: z.number(),
  pulseMillis: z.number(),
})
export type WatchedPlace = z.output<typeof place>

const jam = z.object({
  jam: ids.jam,
  name: z.string(),
  shown: z.string(),
  title: z.string().optional(),
  tempo: z.number(),
  meter: z.string(),
  ended: z.boolean(),
  /** `jam/context`. */
  context: z.string().optional(),
  clock: clockRow,
})
export type WatchedJam = z.output<typeof jam>

const sound = z.object({
  state: z.enum(['silent', 'starting', 'playing', 'lost', 'over']),
  why: z.string().optional(),
  sink: z.string(),
  underruns: z.number(),
  /** Seconds. */
  skipped: z.number(),
  late: z.number(),
  nudge: z.number(),
  /** Archives that plays wait for. */
  fetching: z.number(),
})
export type WatchedSound = z.output<typeof sound>

/** Peak and RMS as factors of full scale. */
const level = z.tuple([z.number(), z.number()])
const levels = z.object({
  master: level,
  /** LUFS of the last 400 ms and in all. */
  momentary: z.number().optional(),
  integrated: z.number().optional(),
  reduction: z.number(),
  /** Of the instances that sound, in the order of `instances`. */
  instances: z.array(level),
  tracks: z.array(z.object({ track: z.string(), level })),
  buses: z.array(z.object({ bus: z.string(), level })),
})
export type WatchedLevels = z.output<typeof levels>

const instance = z.object({
  /** Its path in the state. */
  path: z.string(),
  /** As commands take it, without its player. */
  name: z.string(),
  player: ids.player,
  shown: z.string(),
  own: z.boolean(),
  generator: z.string(),
  track: z.string().optional(),
  state: z.enum(['sounds', 'due', 'fetching']),
  /** From which bar on it sounds, and before which it stops, counted from 1. */
  from: z.number().optional(),
  until: z.number().optional(),
})
export type WatchedInstance = z.output<typeof instance>

const player = z.object({
  player: ids.player,
  shown: z.string(),
  link: z.enum(['self', 'linked', 'away']),
  /** What it plays counts, waits until it is let in (again), or counts no more. */
  standing: z.enum(['in', 'asks', 'gone']),
  /** Milliseconds of a question and its answer. */
  roundTrip: z.number().optional(),
})
export type WatchedPlayer = z.output<typeof player>

const mix = z.object({
  target: z.string(),
  gain: z.number(),
  pan: z.number(),
  mute: z.boolean(),
  solo: z.boolean(),
})
export type WatchedMix = z.output<typeof mix>

const tag = z.object({
  path: z.string(),
  /** Who set it: `ada`, `ada:bass`; nothing of the jam's own. */
  by: z.string(),
  name: z.string(),
  value: z.union([z.number(), z.string()]),
  bar: z.number(),
})
export type WatchedTag = z.output<typeof tag>

const said = z.object({ key: ids.entry, shown: z.string(), text: z.string() })
export type Said = z.output<typeof said>
const failure = z.object({ what: z.string(), message: z.string() })
export type WatchedFailure = z.output<typeof failure>

/**
 * What changed. A part that is left out is as it was told before; lists are whole, but for `tags`, `talk` and `failures`, which
 * have what is new, oldest first.
 */
export const watched = z.object({
  /** In each item, as long as there is a jam that has begun. */
  place: place.optional(),
  /** Null where there is no jam. */
  jam: jam.nullable().optional(),
  sound: sound.optional(),
  levels: levels.optional(),
  instances: z.array(instance).optional(),
  players: z.array(player).optional(),
  /** One's own, where it is not plain. */
  mix: z.array(mix).optional(),
  tags: z.array(tag).optional(),
  talk: z.array(said).optional(),
  failures: z.array(failure).optional(),
})
export type Watched = z.output<typeof watched>

export const watchContract = defineContract({
  watch: {
    /** A jam, and how it sounds here, as it changes: everything first, then what changed, with each reading of the levels (250 ms). */
    jam: source({
      args: z.strictObject({ jam: z.string().min(1).max(200).optional() }),
      item: watched,
    }),
  },
})
