import { z } from 'zod'
import { async_, defineContract, ids, source } from '../../lib/host/index.ts'

const text = z.string().min(1).max(200)
/** A jam by name, `starter:name` or id; the one joined last where it is left out. */
const jam = text.optional()
/** `now`, `beat`, `bar`, `4bars` or a bar counted from 1. */
const on = z.string().min(1).max(16).optional()
const value = z.union([z.number(), z.string().max(1_024)])

/** Where in a jam something holds. Bars are shown from 1. */
export const place = z.object({ at: z.number(), bar: z.number(), inMillis: z.number() })

/** A jam as `jam list` and `jam show` give it. */
export const jamRow = z.object({
  jam: ids.jam,
  name: z.string(),
  starter: ids.player,
  shown: z.string(),
  title: z.string().optional(),
  tempo: z.number(),
  meter: z.string(),
  members: z.number(),
  /** `starter`, `member`, `waiting` to be admitted, or `none`. */
  mine: z.enum(['starter', 'member', 'waiting', 'none']),
  ended: z.boolean(),
  /** The bar that is playing, counted from 1. */
  bar: z.number(),
  current: z.boolean(),
  /** What it was forked from, at which bar (from 1), and how many of the entries that it begins with are not here. */
  from: z
    .object({ jam: ids.jam, name: z.string(), shown: z.string(), bar: z.number(), missing: z.number() })
    .optional(),
})
export type JamRow = z.output<typeof jamRow>

/**
 * Who hears a change from which bar on, as far as is known when it was asked for. Without a bar: its archive is still being fetched;
 * nothing is to be heard of it, and why; that node does not say, and takes it when its feed brings it; that node is not connected.
 */
export const hearing = z.object({
  player: ids.player,
  shown: z.string(),
  state: z.enum(['from', 'fetching', 'refused', 'unreachable', 'away']),
  bar: z.number().optional(),
  percent: z.number().optional(),
  code: z.string().optional(),
  message: z.string().optional(),
})
export type Hearing = z.output<typeof hearing>

const performed = z.object({ key: ids.entry, jam: ids.jam, place, hears: z.array(hearing) })
export type Performed = z.output<typeof performed>
/** A change of the jam itself. */
const shaped = place.extend({ key: ids.entry, jam: ids.jam, hears: z.array(hearing) })
export type Shaped = z.output<typeof shaped>

/** One play that counts, and whether it has been stopped, or is to be. */
export const instanceRow = z.object({
  instance: z.string(),
  player: ids.player,
  shown: z.string(),
  generator: z.string(),
  archive: ids.blob,
  bar: z.number(),
  /** What the starter of a fork calls it, where that is something else. */
  called: z.string().optional(),
  stopped: z.boolean(),
  /** The bar at which it stops, while that is to come. */
  until: z.number().optional(),
})

export type InstanceRow = z.output<typeof instanceRow>

/** What a member's node answers to an entry that is sent ahead of gossip. */
export const playAnswer = z.union([
  z.object({ startsAt: z.object({ bar: z.number(), frame: z.number() }) }),
  z.object({ fetching: z.literal(true), percent: z.number() }),
  z.object({ code: z.string(), message: z.string() }),
])
export type PlayAnswer = z.output<typeof playAnswer>

/** The time of a jam as a node has it: milliseconds since its origin, how wrong they may be, links to the starter. */
export const clockAnswer = z.object({
  time: z.number(),
  error: z.number().min(0),
  hops: z.int().min(0).max(255),
})
export type ClockAnswer = z.output<typeof clockAnswer>

/** Where a node has a jam's time from: its own start, a link to the starter or another member, or only what the start claims. */
export const clockRow = z.object({
  from: z.enum(['self', 'starter', 'member', 'claim']),
  player: ids.player.optional(),
  shown: z.string().optional(),
  /** Milliseconds that the starter's wall clock is ahead of this machine's, and how wrong that may be. */
  offset: z.number().optional(),
  error: z.number().optional(),
})
export type ClockRow = z.output<typeof clockRow>

/** Joining and playing for others (FEEDS section 6); starting, shaping and playing in jams for the owner. */
export const jamsContract = defineContract({
  /** Asks that the caller's feed be looked at, since it asks to join a jam of ours. */
  join: async_({
    args: z.strictObject({ jam: ids.jam }),
    result: z.object({ state: z.enum(['member', 'waiting']) }),
    allow: 'stranger',
    rate: { perSecond: 0.2, burst: 5 },
  }),
  /**
   * A play, or any other change of what sounds, that the caller has already appended to its feed, sent ahead of gossip: the entry's
   * bytes in base64. A version that takes plays alone answers `PLAY_NOT_CALLERS` to the others.
   */
  play: async_({
    args: z.strictObject({ entry: z.string().max(24_000), address: z.string().max(512).optional() }),
    result: playAnswer,
    allow: 'member',
  }),
  /** What time a jam has here; nothing where only the starter's claim is known. */
  clock: async_({
    args: z.strictObject({ jam: ids.jam }),
    result: clockAnswer.optional(),
    allow: 'member',
  }),
  jam: {
    start: async_({
      args: z.strictObject({
        name: text,
        title: z.string().max(128).optional(),
        tempo: z.number().optional(),
        meter: z.string().max(8).optional(),
      }),
      result: jamRow,
    }),
    /** Starts a jam of one's own that begins as another stands at a bar, counted from 1. */
    fork: async_({
      args: z.strictObject({
        jam: text,
        bar: z.int().min(1).max(1_000_000_000),
        name: text.optional(),
        title: z.string().max(128).optional(),
      }),
      result: jamRow,
    }),
    join: async_({ args: z.strictObject({ jam: text }), result: jamRow }),
    admit: async_({
      args: z.strictObject({ jam, player: text }),
      result: z.object({ player: ids.player, shown: z.string() }),
    }),
    /** The starter alone: from now on nothing of that player counts, until it is admitted again. */
    remove: async_({
      args: z.strictObject({ jam, player: text }),
      result: z.object({ player: ids.player, shown: z.string() }),
    }),
    leave: async_({ args: z.strictObject({ jam }), result: jamRow }),
    tempo: async_({ args: z.strictObject({ jam, tempo: z.number(), on }), result: shaped }),
    /** As `7/8`. */
    meter: async_({ args: z.strictObject({ jam, meter: text, on }), result: shaped }),
    end: async_({ args: z.strictObject({ jam, on }), result: shaped }),
    list: async_({ result: z.array(jamRow) }),
    /** What a replay is made of: the jam's entries and its members' generators, each checked by its own signature. */
    entries: source({
      args: z.strictObject({ jam }),
      item: z.object({
        jam: ids.jam,
        identity: ids.player,
        key: ids.entry,
        comparable: z.number(),
        payload: z.unknown(),
      }),
    }),
    show: async_({
      args: z.strictObject({ jam }),
      result: jamRow.extend({
        clock: clockRow,
        players: z.array(z.object({ player: ids.player, shown: z.string(), counts: z.boolean() })),
        waiting: z.array(z.object({ player: ids.player, shown: z.string() })),
        instances: z.array(instanceRow),
        /** Instances that have been stopped or replaced before those that are listed. */
        stoppedBefore: z.number(),
        refused: z.array(z.object({ player: ids.player, code: z.string(), message: z.string() })),
      }),
    }),
  },
  perform: {
    play: async_({
      args: z.strictObject({
        jam,
        generator: text,
        as: text.optional(),
        on,
        params: z.record(z.string(), z.number()).optional(),
        /** Bars. */
        bars: z.number().positive().optional(),
        replaces: text.optional(),
        when: z.strictObject({ name: text, value }).optional(),
      }),
      result: performed.extend({ instance: z.string() }),
    }),
    stop: async_({ args: z.strictObject({ jam, instance: text, on }), result: performed }),
    param: async_({
      args: z.strictObject({
        jam,
        instance: text,
        name: text,
        value: z.number(),
        on,
        overBars: z.number().positive().optional(),
      }),
      result: performed,
    }),
    tag: async_({ args: z.strictObject({ jam, name: text, value, on }), result: performed }),
    say: async_({
      args: z.strictObject({ jam, text: z.string().min(1).max(8_192) }),
      result: z.object({ key: ids.entry }),
    }),
  },
})
