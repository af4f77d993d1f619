/** The kinds of value that payloads are made of, each with its bound. docs/protocol.md, "Payloads", says the same. */
import * as z from 'zod'
import { isBlobId, isEntryKey, isGeneratorId, isJamId, isName, isPlayerId } from '../../base/index.ts'
import type { Bars, BlobId, EntryKey, GeneratorId, JamId, Name, PlayerId, Ticks } from '../../base/index.ts'

/** Positions and lengths: 17 years at 112 BPM. */
export const MAX_TICKS = 2 ** 40
export const MAX_BAR = 2 ** 30
/** Beats (quarter notes) a minute. */
export const MIN_TEMPO = 10
export const MAX_TEMPO = 1000
export const MAX_PARAMS = 64
/** UTF-16 code units of a tag's text. */
export const MAX_TAG_TEXT = 1024
/** UTF-16 code units of a note or comment. */
export const MAX_TEXT = 8192
/** Bytes of any blob that a payload names: what an archive may hold unpacked. */
export const MAX_BLOB_BYTES = 64 * 1024 * 1024

/** `n/d`: a bar of n notes of 1/d, so of 4n/d beats; n 1 to 64, d 1, 2, 4, 8, 16 or 32. */
export type Meter = `${number}/${number}`
/** The unit asked for, to which a late arrival is moved: the next boundary of it. */
export type OnUnit = 'now' | 'beat' | 'bar' | `${number}bars`
/** Value of a tag: a finite number, or text up to 1,024 long. */
export type TagValue = number | string

const METER = /^([1-9]|[1-5][0-9]|6[0-4])\/(1|2|4|8|16|32)$/
const ON = /^(?:now|beat|bar|([2-9]|[1-9][0-9]{1,2})bars)$/

export const isMeter = (value: unknown): value is Meter => typeof value === 'string' && METER.test(value)
export const isOnUnit = (value: unknown): value is OnUnit => typeof value === 'string' && ON.test(value)

/** n and d of a meter that has been checked. */
export function meterParts(meter: Meter): { readonly count: number; readonly unit: number } {
  const [count = 4, unit = 4] = meter.split('/').map(Number)
  return { count, unit }
}
/** Bars in the unit: 1 for `bar`, n for `nbars`, 0 for `now` and `beat`. */
export const barsOfUnit = (on: OnUnit): Bars => (on === 'bar' ? 1 : on.endsWith('bars') ? parseInt(on, 10) : 0)

export const player = z.custom<PlayerId>(isPlayerId, 'expected an identity (@….ed25519)')
export const entryKey = z.custom<EntryKey>(isEntryKey, 'expected an entry key (%….sha256)')
export const blobId = z.custom<BlobId>(isBlobId, 'expected a blob id (&….sha256)')
export const jamId = z.custom<JamId>(isJamId, 'expected a jam (<identity>:<name>)')
export const generatorId = z.custom<GeneratorId>(isGeneratorId, 'expected a generator (<identity>:<name>)')
export const nameOf = z.custom<Name>(
  isName,
  'expected a name: 1 to 64 of a-z 0-9 . _ - starting with a letter or digit',
)
export const meter = z.custom<Meter>(isMeter, 'expected a meter n/d, n 1 to 64, d a power of 2 up to 32')
export const onUnit = z.custom<OnUnit>(isOnUnit, 'expected now, beat, bar, or 2bars to 999bars')

export const ticks: z.ZodType<Ticks> = z.int().min(0).max(MAX_TICKS)
export const someTicks: z.ZodType<Ticks> = z.int().min(1).max(MAX_TICKS)
export const bar: z.ZodType<Bars> = z.int().min(0).max(MAX_BAR)
export const tempo = z.number().min(MIN_TEMPO).max(MAX_TEMPO)
export const bytes = z.int().min(0).max(MAX_BLOB_BYTES)
export const mime = z
  .string()
  .max(100)
  .regex(/^[a-z]+\/[a-z0-9.+-]+$/, 'expected a media type, as image/png')

/** Control characters, line separators and marks that reorder text would forge what a terminal shows. */
const NO_LINE = /[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/u
const NO_PROSE = /[^\P{Cc}\n\t]|[\u202a-\u202e\u2066-\u2069]/u

/** One line of text for people, up to `max` UTF-16 code units. */
export const line = (max: number): z.ZodType<string> =>
  z
    .string()
    .max(max)
    .refine((text) => !NO_LINE.test(text), 'expected one line without control characters')
/** Text for people, up to `max` UTF-16 code units; of control characters only line feed and tab. */
export const prose = (max: number): z.ZodType<string> =>
  z
    .string()
    .max(max)
    .refine((text) => !NO_PROSE.test(text), 'expected text without control characters but line feed and tab')

export const tagValue: z.ZodType<TagValue> = z.union([z.number(), line(MAX_TAG_TEXT)])

/** 32 or 64 bytes in base64, padded, as an invite's key and signature are. */
export const bytes32 = z.string().regex(/^[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=$/, 'expected 32 bytes in base64')
export const bytes64 = z.string().regex(/^[A-Za-z0-9+/]{85}[AQgw]==$/, 'expected 64 bytes in base64')

function isParams(value: unknown): value is Record<string, number> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false
  const all = Object.entries(value)
  return all.length <= MAX_PARAMS && all.every(([key, number]) => isName(key) && Number.isFinite(number))
}
/** Names to finite numbers. Look one up by `Object.hasOwn`: `constructor` is a name too. */
export const params = z.custom<Record<string, number>>(
  isParams,
  `expected up to ${MAX_PARAMS} names with finite numbers`,
)
