import { fromUtf8, fromUtf8Strict, rawId, refusal, utf8 } from '../base/index.ts'
import type { Crypto, ErrorCode, PlayerId, Refusal } from '../base/index.ts'
import { IDENTITY_AT, comparableIn, payloadAt } from './header.ts'
import { Marks, faultCode, scanValue, standsAt } from './scan.ts'
import { SignedEntry, textAt } from './signed.ts'
import type { Entry, Payload } from './types.ts'

/** Bytes of an entry, signature included. */
export const MAX_ENTRY_BYTES = 15_360
/** What an author's node writes at most, so that the entry can be published `again` in a wrapper. */
export const MAX_FRESH_BYTES = 14_848
export const SIGNATURE_BYTES = 64

/** An entry, or why the bytes are none. */
export type Parsed = { readonly ok: true; readonly entry: Entry } | ({ readonly ok: false } & Refusal)

const ID = '@[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=\\.ed25519'
const KEY = '%[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=\\.sha256'
/** What stands before the payload: literal text, then a value by its own grammar, and the code where that fails. */
const HEADER: readonly (readonly [literal: string, value: string, code: ErrorCode])[] = [
  ['{"identity":', `"${ID}"`, 'ENTRY_IDENTITY'],
  [',"parent":', `(?:null|"${KEY}")`, 'ENTRY_PARENT'],
  [',"comparable":', '[1-9][0-9]{0,15}(?=,)', 'ENTRY_COMPARABLE'],
  [',"synod":', `(?:null|\\["${ID}","${KEY}"\\])`, 'ENTRY_SYNOD'],
]
const QUOTE = 34
const CLOSE_BRACE = 125
const BOX_END = utf8('.box"')
/** Of 32 bytes in base64, with what names them as a key of a player: the `@` stands before. */
const IDENTITY_CHARACTERS = 52
const BEFORE_PAYLOAD = ',"payload":'
/** Matched from its `lastIndex`, which every call sets to 0. */
const HEADER_PATTERN = new RegExp(
  HEADER.map(([literal, value]) => literal.replace('{', '\\{') + value).join('') + BEFORE_PAYLOAD,
  'y',
)

/**
 * Checks everything about an entry but its signature and its place in a chain.
 * Refuses with ENTRY_TOO_SHORT, ENTRY_TOO_LARGE, ENTRY_BOM, ENTRY_UTF8, ENTRY_JSON, ENTRY_SPACE, ENTRY_SURROGATE,
 * ENTRY_DUPLICATE_KEY, ENTRY_PROTO_KEY, ENTRY_TOO_DEEP, ENTRY_NUMBER, ENTRY_KEYS, ENTRY_IDENTITY, ENTRY_PARENT,
 * ENTRY_COMPARABLE, ENTRY_SYNOD, ENTRY_PAYLOAD. Never throws. The entry keeps the very bytes it is given.
 *
 * One pass over the bytes; no text is made of them, and nothing is parsed, before somebody asks for it.
 * @param like an entry that is likely to be of the same identity, whose name is then shared
 */
export function parseEntry(bytes: Uint8Array, crypto: Crypto, like?: Entry): Parsed {
  if (bytes.length > MAX_ENTRY_BYTES) return refuse('ENTRY_TOO_LARGE', `it has ${bytes.length} bytes`)
  if (bytes.length <= SIGNATURE_BYTES) return refuse('ENTRY_TOO_SHORT', `it has ${bytes.length} bytes`)
  const end = bytes.length - SIGNATURE_BYTES - 1
  const plain = payloadAt(bytes)
  const from = plain < 0 ? payloadAfterSynod(bytes) : plain
  if (from < 0) return explain(textOf(bytes))
  const marks = new Marks()
  // What runs on into the signature does not end where the text does.
  const to = scanValue(bytes, from, 2, marks)
  if (to !== end || bytes[to] !== CLOSE_BRACE || !isUtf8(bytes, from, to)) return explain(textOf(bytes))
  const comparable = comparableIn(bytes, 0)
  if (!Number.isSafeInteger(comparable)) return refuse('ENTRY_COMPARABLE', `${comparable} is not below 2^53`)
  if (!holdsPayload(bytes, from, to, marks))
    return refuse('ENTRY_PAYLOAD', 'it has to be an object with a type, or text ending in .box')
  const identity = identityIn(bytes, like)
  const hash = crypto.sha256Base64(bytes)
  const synod = plain < 0 ? 'some' : 'none'
  return { ok: true, entry: new SignedEntry(bytes, { identity, comparable, hash, from, to, synod, marks }) }
}

/** Where the payload begins in a text with a synod, -1 where its header is not as it has to be. */
function payloadAfterSynod(bytes: Uint8Array): number {
  const text = textOf(bytes)
  HEADER_PATTERN.lastIndex = 0
  return HEADER_PATTERN.test(fromUtf8(text)) && text[0] !== 0xef ? HEADER_PATTERN.lastIndex : -1
}

/** Whether bytes are well-formed UTF-8. */
function isUtf8(bytes: Uint8Array, from: number, to: number): boolean {
  let all = 0
  for (let at = from; at < to; at++) all |= bytes[at] ?? 0
  return all < 128 || fromUtf8Strict(bytes.subarray(from, to)) !== undefined
}

/** Whether what stands there, which is JSON, may stand as a payload: as `isPayload`, mostly without parsing it. */
function holdsPayload(text: Uint8Array, from: number, to: number, { typeEnd, escaped }: Marks): boolean {
  if (typeEnd > 0 && !escaped) return true
  if (text[from] === QUOTE && standsAt(text, to - BOX_END.length, BOX_END)) return true
  return isPayload(JSON.parse(fromUtf8(text.subarray(from, to))))
}

/** The identity of a checked header, the same text as that of an entry like it. */
function identityIn(text: Uint8Array, like: Entry | undefined): PlayerId {
  const end = IDENTITY_AT + IDENTITY_CHARACTERS
  if (like && isSame(text, like.bytes, IDENTITY_AT, end)) return like.identity
  return textAt(text, IDENTITY_AT - 1, end) as PlayerId
}
function isSame(a: Uint8Array, b: Uint8Array, from: number, to: number): boolean {
  for (let at = from; at < to; at++) if (a[at] !== b[at]) return false
  return true
}

/** The signed text's bytes. */
const textOf = (bytes: Uint8Array): Uint8Array => bytes.subarray(0, bytes.length - SIGNATURE_BYTES)

const refuse = (code: ErrorCode, detail: string): Parsed => ({ ok: false, ...refusal(code, `no entry: ${detail}`) })

/** Whether a value may stand as a payload. */
export function isPayload(value: unknown): value is Payload {
  if (typeof value === 'string') return value.endsWith('.box')
  return typeof value === 'object' && value !== null && 'type' in value && typeof value.type === 'string'
}

/** Why a text is no entry, found at leisure: the way that good entries take does not ask. */
function explain(bytes: Uint8Array): Parsed {
  const text = fromUtf8Strict(bytes)
  if (text === undefined) return refuse('ENTRY_UTF8', 'bytes that are no character')
  if (text.charCodeAt(0) === 0xfeff) return refuse('ENTRY_BOM', 'leave the byte order mark away')
  const end = scanValue(bytes, 0, 1)
  if (end < 0) return refuse(faultCode(end), 'its text breaks a rule of docs/protocol.md')
  if (end < bytes.length) return refuse(isSpace(bytes[end] ?? 0) ? 'ENTRY_SPACE' : 'ENTRY_JSON', 'text after its end')
  if (!text.startsWith('{')) return refuse('ENTRY_JSON', 'it is no object')
  let at = 0
  for (const [literal, value, code] of HEADER) {
    if (!text.startsWith(literal, at)) return refuse('ENTRY_KEYS', `${literal} is not where it belongs`)
    const pattern = new RegExp(value, 'y')
    pattern.lastIndex = at + literal.length
    if (!pattern.test(text)) return refuse(code, `what follows ${literal} is not what it should be`)
    at = pattern.lastIndex
  }
  return refuse('ENTRY_KEYS', 'payload has to be its fifth and last key')
}

const isSpace = (c: number): boolean => c === 32 || c === 9 || c === 10 || c === 13

/** Whether the entry's own signature verifies, by libsodium's strict rules. Refused ones are ENTRY_SIGNATURE. */
export function verifyEntry(entry: Pick<Entry, 'bytes' | 'identity'>, crypto: Crypto): boolean {
  const signature = entry.bytes.subarray(entry.bytes.length - SIGNATURE_BYTES)
  return crypto.verify(signature, textOf(entry.bytes), rawId(entry.identity))
}
