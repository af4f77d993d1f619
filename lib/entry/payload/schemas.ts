/** One schema for each type of payload: its TypeScript type and its check. Keys, units and bounds: docs/protocol.md. */
import * as z from 'zod'
import { isPayload } from '../parse.ts'
import type { Payload } from '../types.ts'
import {
  bar,
  blobId,
  bytes,
  bytes32,
  bytes64,
  entryKey,
  generatorId,
  jamId,
  line,
  MAX_TEXT,
  meter,
  mime,
  nameOf,
  onUnit,
  params,
  player,
  prose,
  someTicks,
  tagValue,
  tempo,
  ticks,
} from './fields.ts'

const identification = z.object({
  type: z.literal('identification'),
  name: line(64).optional(),
  about: prose(4096).optional(),
  image: blobId.nullable().optional(),
  addresses: z.array(line(512)).max(16).optional(),
})

const towards = { identity: player, on: z.boolean() }
const follow = z.object({ type: z.literal('follow'), ...towards })
const block = z.object({ type: z.literal('block'), ...towards })
const ignore = z.object({ type: z.literal('ignore'), ...towards })

const parameter = z.object({
  name: nameOf,
  unit: line(16).optional(),
  min: z.number().optional(),
  max: z.number().optional(),
  default: z.number().optional(),
})
const description = z.object({
  about: prose(1024).optional(),
  composer: line(128).optional(),
  track: line(64).optional(),
  params: z.array(parameter).max(64).optional(),
  tags: z.array(nameOf).max(64).optional(),
})
const generator = z.object({
  type: z.literal('generator'),
  name: nameOf,
  archive: blobId,
  size: bytes,
  runtime: z.enum(['wasm', 'process', 'pattern']),
  from: z.object({ generator: generatorId, archive: blobId }).optional(),
  description: description.optional(),
})

/** What a jam begins with where it was forked: entries of other jams, each with the tick of its jam that is the new one's origin. */
const forked = z.object({
  jam: jamId,
  bar,
  carries: z
    .array(
      z.object({
        jam: jamId,
        at: ticks,
        identity: player,
        entries: z
          .array(z.object({ key: entryKey, as: nameOf.optional() }))
          .min(1)
          .max(256),
      }),
    )
    .max(64),
})

const inJam = { type: z.literal('jam'), jam: jamId }
const jam = z.discriminatedUnion('action', [
  z.object({
    ...inJam,
    action: z.literal('start'),
    title: line(128).optional(),
    tempo,
    meter,
    engine: z.int().min(0).max(65_535),
    from: forked.optional(),
  }),
  z.object({
    ...inJam,
    action: z.literal('join'),
    invite: z.object({ by: player, key: bytes32, sig: bytes64 }).optional(),
  }),
  z.object({ ...inJam, action: z.literal('admit'), identity: player, at: ticks.optional() }),
  z.object({ ...inJam, action: z.literal('leave'), at: ticks }),
  z.object({ ...inJam, action: z.literal('remove'), identity: player, at: ticks }),
  z.object({ ...inJam, action: z.literal('tempo'), bar, tempo }),
  z.object({ ...inJam, action: z.literal('meter'), bar, meter }),
  z.object({ ...inJam, action: z.literal('end'), at: ticks }),
])

const positioned = { jam: jamId, at: ticks, on: onUnit }
const play = z.object({
  type: z.literal('play'),
  ...positioned,
  generator: generatorId,
  archive: blobId,
  instance: nameOf,
  length: someTicks.optional(),
  params: params.optional(),
  replaces: nameOf.optional(),
  when: z.object({ name: nameOf, value: tagValue }).optional(),
})
const stop = z.object({ type: z.literal('stop'), ...positioned, instance: nameOf })
const param = z.object({
  type: z.literal('param'),
  ...positioned,
  instance: nameOf,
  name: nameOf,
  value: z.number(),
  over: ticks.optional(),
})

const tagged = { type: z.literal('tag'), name: nameOf, value: tagValue }
const tag = z.union([
  z.object({ ...tagged, ...positioned, entry: z.undefined().optional() }),
  z.object({ ...tagged, entry: entryKey, jam: z.undefined().optional() }),
])

/** What a note, comment, image or collection belongs to: any of these, each under the key of its kind. */
const belongs = {
  jam: jamId.optional(),
  entry: entryKey.optional(),
  identity: player.optional(),
  generator: generatorId.optional(),
  blob: blobId.optional(),
}
const public_note = z.object({ type: z.literal('public_note'), text: prose(MAX_TEXT), ...belongs })
const private_note = z.object({ type: z.literal('private_note'), text: prose(MAX_TEXT), ...belongs })
const comment = z
  .object({ type: z.literal('comment'), text: prose(MAX_TEXT), ...belongs })
  .refine(
    (it) => Object.keys(belongs).some((key) => key in it),
    'expected one of jam, entry, identity, generator, blob',
  )

const media = { blob: blobId, mime, size: bytes }
const image = z.object({
  type: z.literal('image'),
  ...belongs,
  ...media,
  width: z.int().min(1).max(65_535).optional(),
  height: z.int().min(1).max(65_535).optional(),
  text: prose(1024).optional(),
})
const collection = z.object({
  type: z.literal('collection'),
  ...belongs,
  title: line(128).optional(),
  text: prose(MAX_TEXT).optional(),
  blobs: z
    .array(z.object({ ...media, name: line(128).optional() }))
    .min(1)
    .max(64),
})

const rebase = z.object({
  type: z.literal('rebase'),
  replaces: z.array(entryKey).min(1).max(64),
  kept: z.int().min(0).optional(),
})
const again = z.object({
  type: z.literal('again'),
  key: entryKey,
  comparable: z.int().min(1),
  payload: z.custom<Payload>(isPayload, 'expected an object with a type, or text ending in .box'),
})

export const SCHEMAS = {
  identification,
  follow,
  block,
  ignore,
  generator,
  jam,
  play,
  stop,
  param,
  tag,
  public_note,
  private_note,
  comment,
  image,
  collection,
  rebase,
  again,
} as const

/** Arrays and objects all the way down, read only; ids and numbers as they are. */
type Frozen<T> = T extends string | number | boolean | null | undefined ? T : { readonly [K in keyof T]: Frozen<T[K]> }

/** The types of payload that this version knows. */
export type PayloadType = keyof typeof SCHEMAS
/** A payload of one type. Keys that the type does not know are kept and ignored. */
export type PayloadOf<T extends PayloadType> = Frozen<z.infer<(typeof SCHEMAS)[T]>>
/** A payload of any type that this version knows. */
export type KnownPayload = { [T in PayloadType]: PayloadOf<T> }[PayloadType]
export type JamAction = PayloadOf<'jam'>['action']
/** A `jam` payload of one action. */
export type JamPayload<A extends JamAction> = Extract<PayloadOf<'jam'>, { readonly action: A }>
/** A tag in a jam, at a position; the other kind belongs to an entry. */
export type JamTag = Exclude<PayloadOf<'tag'>, EntryTag>
export type EntryTag = Extract<PayloadOf<'tag'>, { readonly entry: string }>
