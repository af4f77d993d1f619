import * as z from 'zod'
import {
  MarmaladeError,
  isBlobId,
  isEntryKey,
  isJamId,
  isName,
  isPlayerId,
  type BlobId,
  type EntryKey,
  type JamId,
  type Name,
  type PlayerId,
} from '../base/index.ts'

/** The format that this version writes; a later one gets another number. */
export const CREDITS_VERSION = 1
/** UTF-16 code units of a file. */
export const MAX_CREDITS = 16 * 1024 * 1024

const player = z.custom<PlayerId>(isPlayerId, 'not an identity')
const entry = z.custom<EntryKey>(isEntryKey, 'not an entry key')
const name = z.custom<Name>(isName, 'not a name')
const sha256 = z.string().regex(/^[0-9a-f]{64}$/, 'not a SHA-256 in hex')
const bar = z.int().min(1)
const place = z.strictObject({ frame: z.int(), bar: z.int() })

const head = z.strictObject({ identity: player, comparable: z.int().min(1), key: entry })

const sound = z.strictObject({
  player: z.strictObject({ identity: player, name: z.string().max(1_024).optional() }),
  generator: name,
  instance: name,
  play: entry,
  /** Of what a fork carries on: the jam in which it was asked for. */
  jam: z.custom<JamId>(isJamId, 'not a jam').optional(),
  publish: entry,
  archive: z.custom<BlobId>(isBlobId, 'not a blob id'),
  from: place,
  to: place,
})

const credits = z.strictObject({
  format: z.literal('marmalade credits'),
  version: z.literal(CREDITS_VERSION),
  /** Version of the program that wrote it. */
  program: z.string().max(64),
  jam: z.custom<JamId>(isJamId, 'not a jam'),
  title: z.string().max(1_024).optional(),
  /** What the jam was forked from, the bar of that (from 1) which is its first, and the entry that says so. */
  from: z.strictObject({ jam: z.custom<JamId>(isJamId, 'not a jam'), bar, start: entry }).optional(),
  /** The jam's. */
  engine: z.int().min(0),
  /** Hash of the score's set. */
  set: sha256,
  heads: z.array(head).min(1).max(100_000),
  rendition: z.discriminatedUnion('kind', [
    z.strictObject({ kind: z.literal('score') }),
    z.strictObject({ kind: z.literal('take'), sha256, player, asHeard: z.boolean() }),
  ]),
  render: z.strictObject({
    /** Of the samples as interleaved float32, little-endian. */
    sha256,
    firstFrame: z.int(),
    frames: z.int().min(0),
    fromBar: bar.optional(),
    toBar: bar.optional(),
    /** Generators that ran as processes, whose samples may be others each time. */
    inexact: z.array(name),
  }),
  sounds: z.array(sound).max(100_000),
})

/** Who sounds in a render, and what says so (docs/credits.md). */
export type Credits = z.infer<typeof credits>
export type CreditHead = z.infer<typeof head>
export type CreditedSound = z.infer<typeof sound>

/** @throws MarmaladeError CREDITS_INVALID, naming the field */
export function parseCredits(text: string): Credits {
  const read = credits.safeParse(text.length > MAX_CREDITS ? undefined : json(text))
  if (read.success) return read.data
  const [issue] = read.error.issues
  const where = issue && issue.path.length > 0 ? `${pathText(issue.path)}: ` : ''
  throw new MarmaladeError(
    'CREDITS_INVALID',
    `${where}${issue?.message ?? 'not JSON'}: this is no file of credits of version 1`,
  )
}

/** The one way in which credits are written: keys sorted, two spaces, a line feed at the end. */
export const encodeCredits = (given: Credits): string => `${JSON.stringify(sorted(given), null, 2)}\n`

/** `sounds[2].archive`. */
export const pathText = (path: readonly PropertyKey[]): string =>
  path.map((part, at) => (typeof part === 'number' ? `[${part}]` : `${at > 0 ? '.' : ''}${String(part)}`)).join('')

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, inner]) => [key, sorted(inner)]),
  )
}

function json(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
