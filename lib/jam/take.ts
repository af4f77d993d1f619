import * as z from 'zod'
import { MarmaladeError, isBlobId, isEntryKey, isJamId, isName, isPlayerId } from '../base/index.ts'
import type { BlobId, EntryKey, Frames, JamId, Name, PlayerId } from '../base/index.ts'
import type { ConductorEvent } from './events.ts'
import { BUS_NAMES } from './mix-params.ts'

/** The format that this version writes; a later one gets another number. 1 lacked what the engine was told. */
export const TAKE_VERSION = 2
/** Entry keys of one line. */
export const MAX_TAKE_KEYS = 128
/** Of what a process said. */
const MAX_SAID = 8_192
/** UTF-16 code units of a line. */
export const MAX_TAKE_LINE = 16_384

const frame = z.int()
const frames = z.int().min(0)
const path = z.string().max(260)
const text = z.string().max(1024)
const entryKey = z.custom<EntryKey>(isEntryKey, 'expected an entry key')
const late = z.object({ by: frames, reason: z.enum(['entry', 'archive', 'grid', 'join']) }).optional()

const header = z.object({
  kind: z.literal('take'),
  version: z.union([z.literal(1), z.literal(TAKE_VERSION)]),
  jam: z.custom<JamId>(isJamId, 'expected a jam'),
  player: z.custom<PlayerId>(isPlayerId, 'expected an identity'),
  /** The jam's. */
  engine: z.int().min(0),
  /** Version of the program that wrote it. */
  app: z.string().max(64),
  /** Microseconds since 1970 of jam frame 0 by the clock of this machine. */
  origin: z.int(),
  /** First frame rendered. */
  first: frame,
})

const target = z.union([
  z.object({ kind: z.literal('instance'), path }),
  z.object({ kind: z.literal('track'), track: text }),
  z.object({ kind: z.literal('player'), player: text }),
  z.object({ kind: z.literal('return'), bus: z.enum(BUS_NAMES) }),
])
const setting = z.object({
  gain: z.number().optional(),
  pan: z.number().optional(),
  mute: z.boolean().optional(),
  solo: z.boolean().optional(),
})

const keys = z.array(entryKey).min(1).max(MAX_TAKE_KEYS)

const record = z.discriminatedUnion('kind', [
  /** Entries became known to the engine before the frame: with the next two, all that the jam makes of it follows from. */
  z.object({ kind: z.literal('observed'), frame, keys }),
  /** Entries were gone from their feeds. */
  z.object({ kind: z.literal('withdrawn'), frame, keys }),
  /** An archive was ready to start. */
  z.object({ kind: z.literal('archive'), frame, archive: z.custom<BlobId>(isBlobId, 'expected a blob id') }),
  /** An archive may run no more: what sounds of it ends, and it is there for no further start until it is ready again. */
  z.object({ kind: z.literal('forbidden'), frame, archive: z.custom<BlobId>(isBlobId, 'expected a blob id') }),
  /** A stop, param or tag took effect. */
  z.object({ kind: z.literal('applied'), frame, key: entryKey, late }),
  /** One came after a newer one: nothing changed. */
  z.object({ kind: z.literal('superseded'), frame, key: entryKey }),
  z.object({ kind: z.literal('started'), frame, path, key: entryKey, late }),
  z.object({
    kind: z.literal('ended'),
    frame,
    path,
    reason: z.enum(['stop', 'length', 'replaced', 'member', 'withdrawn', 'end']),
  }),
  /** A grid correction: the beat at the frame jumped. */
  z.object({ kind: z.literal('grid'), frame, from: z.number(), to: z.number() }),
  /** The clock's offset to the starter proved wrong: the jam frame jumped, or, where `to` is before, was waited for. */
  z.object({ kind: z.literal('clock'), frame, to: frame }),
  /** An instance ended by itself: trapped, ran away, failed, or detached by the wall-clock guard. */
  z.object({ kind: z.literal('failed'), frame, path, code: z.string().max(64), message: text }),
  /** A local act. */
  z.object({ kind: z.literal('mix'), frame, target, setting }),
  /** A local act: from the next bar on this node alone plays an archive, in place of the sketch of that name before it. */
  z.object({
    kind: z.literal('sketch'),
    frame,
    name: z.custom<Name>(isName, 'expected a name'),
    archive: z.custom<BlobId>(isBlobId, 'expected a blob id'),
    generator: z.custom<Name>(isName, 'expected a name'),
    params: z.record(z.string().max(64), z.number()),
  }),
  /** The sketch of that name ends at once; or, where `until` is given, where the first own instance of that archive starts. */
  z.object({
    kind: z.literal('sketch-end'),
    frame,
    name: z.custom<Name>(isName, 'expected a name'),
    until: z.custom<BlobId>(isBlobId, 'expected a blob id').optional(),
  }),
  /** The player hears all so many milliseconds later from now on (earlier, where below 0): what that changes, `clock` says. */
  z.object({ kind: z.literal('nudge'), frame, millis: z.number() }),
  /** An ambient reading that a generator saw. */
  z.object({ kind: z.literal('reading'), frame, path, value: z.union([z.number(), text]) }),
  /** PCM of a process generator, kept as a blob, from a frame on that is counted from its first in frames that were played. */
  z.object({ kind: z.literal('pcm'), frame, path, blob: z.custom<BlobId>(isBlobId, 'expected a blob id'), frames }),
  /** What a process said that matters to others, as JSON, from a frame on. */
  z.object({ kind: z.literal('said'), frame, path, said: z.string().max(MAX_SAID) }),
  /** The sink asked for more than there was. */
  z.object({ kind: z.literal('underrun'), frame, frames }),
  /** Frames that were never heard. */
  z.object({ kind: z.literal('skip'), frame, frames }),
  z.object({
    kind: z.literal('sink'),
    frame,
    name: text,
    state: z.enum(['open', 'lost', 'closed']),
    why: text.optional(),
  }),
  /** Records that could not be kept. */
  z.object({ kind: z.literal('missing'), count: z.int().min(1) }),
  /** The session was closed in order. */
  z.object({ kind: z.literal('close'), frame, sha256: z.string().length(64).optional(), peak: z.number().optional() }),
])

/** The first line of a take. */
export type TakeHeader = z.infer<typeof header>
/** A further line: what took effect for one player. Frames are the jam's. */
export type TakeRecord = z.infer<typeof record>
export type TakeLine = TakeHeader | TakeRecord

/** A take as read back. */
export interface Take {
  readonly header: TakeHeader
  readonly records: readonly TakeRecord[]
  /** The last line broke off: the session ended in a crash. */
  readonly torn: boolean
}

/** The header of a take begun now. */
export const takeHeader = (fields: Omit<TakeHeader, 'kind' | 'version'>): TakeHeader => ({
  kind: 'take',
  version: TAKE_VERSION,
  ...fields,
})

/** One line, with its line feed. */
export const encodeTakeLine = (line: TakeLine): string => `${JSON.stringify(line)}\n`

/** What the engine was told, as records of at most 128 keys each. */
export function keyRecords(kind: 'observed' | 'withdrawn', frame: Frames, all: readonly EntryKey[]): TakeRecord[] {
  const records: TakeRecord[] = []
  for (let i = 0; i < all.length; i += MAX_TAKE_KEYS)
    records.push({ kind, frame, keys: all.slice(i, i + MAX_TAKE_KEYS) })
  return records
}

/** What a take keeps of a conductor's event; undefined for what only the player is told. */
export function takeRecordOf(event: ConductorEvent): TakeRecord | undefined {
  switch (event.kind) {
    case 'applied':
    case 'superseded':
    case 'started':
    case 'ended':
    case 'grid':
      return event
    case 'lost':
      return { kind: 'missing', count: event.count }
    default:
      return undefined
  }
}

/** A header on line 0, a record on any other. @throws MarmaladeError TAKE_INVALID */
export function parseTakeLine(line: string, number: number): TakeLine {
  const schema = number === 0 ? header : record
  const result = schema.safeParse(number > MAX_LINES || line.length > MAX_TAKE_LINE ? undefined : json(line))
  if (result.success) return result.data
  const [issue] = result.error.issues
  const where = issue && issue.path.length > 0 ? ` at ${issue.path.join('.')}` : ''
  throw new MarmaladeError(
    'TAKE_INVALID',
    `line ${number + 1} of the take cannot be read${where}: it is damaged, or of another version of the program`,
  )
}

/** Lines of a take: more than a day of ten a second. */
const MAX_LINES = 1_000_000

/**
 * Reads a whole take. A last line without its line feed is what a crash left, and is passed over.
 * @throws MarmaladeError TAKE_INVALID
 */
export function parseTake(content: string): Take {
  const lines = content.split('\n')
  const torn = lines.pop() !== ''
  const [first, ...rest] = lines
  if (first === undefined) throw new MarmaladeError('TAKE_INVALID', 'the take has no header: it is empty')
  const head = parseTakeLine(first, 0) as TakeHeader
  return { header: head, records: rest.map((line, index) => parseTakeLine(line, index + 1) as TakeRecord), torn }
}

function json(line: string): unknown {
  try {
    return JSON.parse(line)
  } catch {
    return undefined
  }
}
