import { entryKeyOf, fromUtf8Strict, rawId, refusal } from '../base/index.ts'
import type { Crypto, ErrorCode, Refusal } from '../base/index.ts'
import { faultCode, scanValue } from './scan.ts'
import type { Entry, EntryFields, Payload } from './types.ts'

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
 */
export function parseEntry(bytes: Uint8Array, crypto: Crypto): Parsed {
  if (bytes.length > MAX_ENTRY_BYTES) return refuse('ENTRY_TOO_LARGE', `it has ${bytes.length} bytes`)
  if (bytes.length <= SIGNATURE_BYTES) return refuse('ENTRY_TOO_SHORT', `it has ${bytes.length} bytes`)
  const text = fromUtf8Strict(textOf(bytes))
  if (text === undefined) return refuse('ENTRY_UTF8', 'bytes that are no character')
  HEADER_PATTERN.lastIndex = 0
  if (!HEADER_PATTERN.test(text)) return explain(text)
  const end = scanValue(text, HEADER_PATTERN.lastIndex, 2)
  if (end !== text.length - 1 || text.charCodeAt(end) !== 125) return explain(text)
  // Strings of their own: slices of the text would keep all of it in memory for as long as one of them is kept.
  const { identity, parent, comparable, synod, payload } = JSON.parse(text) as EntryFields
  if (!Number.isSafeInteger(comparable)) return refuse('ENTRY_COMPARABLE', `${comparable} is not below 2^53`)
  if (!isPayload(payload)) return refuse('ENTRY_PAYLOAD', 'it has to be an object with a type, or text ending in .box')
  const key = entryKeyOf(crypto.sha256(bytes))
  return { ok: true, entry: { key, identity, parent, comparable, synod, payload, bytes } }
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
function explain(text: string): Parsed {
  if (text.charCodeAt(0) === 0xfeff) return refuse('ENTRY_BOM', 'leave the byte order mark away')
  const end = scanValue(text, 0, 1)
  if (end < 0) return refuse(faultCode(end), 'its text breaks a rule of docs/protocol.md')
  if (end < text.length) return refuse(isSpace(text.charAt(end)) ? 'ENTRY_SPACE' : 'ENTRY_JSON', 'text after its end')
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

const isSpace = (character: string): boolean => /^[ \t\r\n]$/.test(character)

/** Whether the entry's own signature verifies, by libsodium's strict rules. Refused ones are ENTRY_SIGNATURE. */
export function verifyEntry(entry: Pick<Entry, 'bytes' | 'identity'>, crypto: Crypto): boolean {
  const signature = entry.bytes.subarray(entry.bytes.length - SIGNATURE_BYTES)
  return crypto.verify(signature, textOf(entry.bytes), rawId(entry.identity))
}
