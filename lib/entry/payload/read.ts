import type * as z from 'zod'
import { MarmaladeError, refusal } from '../../base/index.ts'
import type { ErrorCode, Refusal } from '../../base/index.ts'
import { plainFault } from '../plain.ts'
import { isPayload } from '../parse.ts'
import type { Entry, Payload } from '../types.ts'
import { SCHEMAS } from './schemas.ts'
import type { PayloadOf, PayloadType } from './schemas.ts'

/** A payload as understood: `kind` is its type, or why it is not for the reducer. */
export type ReadPayload =
  | { [T in PayloadType]: { readonly kind: T; readonly payload: PayloadOf<T> } }[PayloadType]
  /** A type that this version does not know: stored, passed on, ignored. */
  | { readonly kind: 'unknown'; readonly type: string }
  /** Encrypted: `unbox` of lib/keys, then `readUnboxed`. */
  | { readonly kind: 'boxed'; readonly text: string }
  /** A known type in a shape that it does not have: stored, passed on, ignored. */
  | ({ readonly kind: 'invalid' } & Refusal)

/** Types that are written encrypted only, so that a slip does not publish them. */
const SECRET: ReadonlySet<string> = new Set<PayloadType>(['ignore', 'private_note'])

const isKnown = (type: string): type is PayloadType => Object.hasOwn(SCHEMAS, type)
const invalid = (code: ErrorCode, message: string): ReadPayload => ({ kind: 'invalid', ...refusal(code, message) })

/**
 * What an entry's payload says. Invalid ones carry PAYLOAD_INVALID, PAYLOAD_NOT_ENCRYPTED, AGAIN_NOT_EARLIER or
 * AGAIN_WRAPS; the entry itself stays good. An `again` is not opened: see `originalOf`.
 */
export function readPayload(entry: Pick<Entry, 'comparable' | 'payload'>): ReadPayload {
  const { payload } = entry
  if (typeof payload === 'string') return { kind: 'boxed', text: payload }
  if (SECRET.has(payload.type)) return invalid('PAYLOAD_NOT_ENCRYPTED', `${payload.type} only counts encrypted`)
  const read = readShape(payload)
  if (read.kind !== 'again') return read
  const { comparable, payload: wrapped } = read.payload
  if (comparable >= entry.comparable) return invalid('AGAIN_NOT_EARLIER', 'again: its original is not earlier than it')
  if (typeof wrapped !== 'string' && (wrapped.type === 'again' || wrapped.type === 'rebase'))
    return invalid('AGAIN_WRAPS', `again: it may not wrap an entry of type ${wrapped.type}`)
  return read
}

/** What the decrypted content of a `.box` payload says. Any type may be encrypted; jams count none of them. */
export function readUnboxed(content: unknown): ReadPayload {
  const fault = plainFault(content)
  if (fault !== undefined) return invalid('PAYLOAD_INVALID', fault)
  if (!isPayload(content) || typeof content === 'string') return invalid('PAYLOAD_INVALID', 'not an object with a type')
  return readShape(content)
}

function readShape(payload: Exclude<Payload, string>): ReadPayload {
  const { type } = payload
  if (!isKnown(type)) return { kind: 'unknown', type }
  const checked = SCHEMAS[type].safeParse(payload)
  if (!checked.success) return invalid('PAYLOAD_INVALID', firstIssue(type, checked.error.issues))
  // The check has just shown that the payload, unknown keys and all, is of the type.
  return { kind: type, payload } as unknown as ReadPayload
}

type Issue = z.core.$ZodIssue

/** The first thing wrong, as `play.at: …`; of several allowed shapes, in the one that is nearest. */
function firstIssue(where: string, issues: readonly Issue[]): string {
  const [issue] = issues
  if (!issue) return where
  const path = [where, ...issue.path.map(String)].join('.')
  if (issue.code !== 'invalid_union' || issue.errors.length === 0) return `${path}: ${issue.message}`
  return firstIssue(
    path,
    issue.errors.reduce((best, other) => (other.length < best.length ? other : best)),
  )
}

/**
 * For authors: the payload is of a known type with no key that the type does not know, and not one that has to be
 * encrypted. Encrypted text passes.
 * @throws MarmaladeError PAYLOAD_INVALID, PAYLOAD_UNKNOWN, PAYLOAD_NOT_ENCRYPTED
 */
export function checkPayload(payload: Payload): void {
  if (typeof payload === 'string') {
    if (!isPayload(payload)) throw new MarmaladeError('PAYLOAD_INVALID', 'a payload that is text has to end in .box')
    return
  }
  if (SECRET.has(payload.type))
    throw new MarmaladeError('PAYLOAD_NOT_ENCRYPTED', `encrypt ${payload.type} before it is published`)
  checkSecretPayload(payload)
}

/**
 * For authors: as `checkPayload`, for what is about to be encrypted.
 * @throws MarmaladeError PAYLOAD_INVALID, PAYLOAD_UNKNOWN
 */
export function checkSecretPayload(payload: Exclude<Payload, string>): void {
  const fault = plainFault(payload)
  if (fault !== undefined) throw new MarmaladeError('PAYLOAD_INVALID', `${fault}: JSON cannot carry it`)
  const { type } = payload
  if (!isKnown(type)) throw new MarmaladeError('PAYLOAD_UNKNOWN', `this version writes no payload of type ${type}`)
  const checked = SCHEMAS[type].safeParse(payload)
  if (!checked.success) throw new MarmaladeError('PAYLOAD_INVALID', firstIssue(type, checked.error.issues))
  const stray = strayKey(payload, checked.data)
  if (stray !== undefined) throw new MarmaladeError('PAYLOAD_INVALID', `${type} has no key ${stray}`)
}

/** The first key that the schema left away. */
function strayKey(given: object, known: object): string | undefined {
  for (const [key, value] of Object.entries(given) as [string, unknown][]) {
    if (value === undefined) continue
    if (!Object.hasOwn(known, key)) return key
    const kept = (known as Record<string, unknown>)[key]
    if (typeof value !== 'object' || value === null || typeof kept !== 'object' || kept === null) continue
    const stray = strayKey(value, kept)
    if (stray !== undefined) return `${key}.${stray}`
  }
  return undefined
}

/** What indexes, references, reducer and score see of an `again`: the original's key, time and payload. */
export function originalOf(
  entry: Pick<Entry, 'identity'>,
  again: PayloadOf<'again'>,
): Pick<Entry, 'identity' | 'key' | 'comparable' | 'payload'> {
  return { identity: entry.identity, key: again.key, comparable: again.comparable, payload: again.payload }
}
