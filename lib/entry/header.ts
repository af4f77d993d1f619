import { utf8 } from '../base/index.ts'
import type { Micros } from '../base/index.ts'
import { standsAt } from './scan.ts'

/**
 * The beginning of an entry's text: all before the comparable has a fixed length, so what stands there is found by
 * where it stands.
 */
const IDENTITY = utf8('{"identity":"@')
const PARENT = utf8('.ed25519","parent":')
const NULL_THEN = utf8('null,"comparable":')
const KEY_BEGIN = utf8('"%')
const KEY_THEN = utf8('.sha256","comparable":')
const PAYLOAD = utf8(',"synod":null,"payload":')
/** Characters of 32 bytes in base64. */
const HASH_LENGTH = 44

/** Where the 44 characters of the identity begin, and the value of `parent`: null, or a key between quotes. */
export const IDENTITY_AT = IDENTITY.length
export const PARENT_AT = IDENTITY_AT + HASH_LENGTH + PARENT.length

const LETTER_N = 110
const EQUALS = 61
const ZERO = 48
const MAX_DIGITS = 16

const OTHER = 255
/** The value of each character of base64. */
const VALUES = new Uint8Array(256).fill(OTHER)
const ALPHABET = utf8('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/')
for (const [value, character] of ALPHABET.entries()) VALUES[character] = value

export const isNullAt = (bytes: Uint8Array, at: number): boolean => bytes[at] === LETTER_N

/** Whether 44 characters are the canonical base64 of 32 bytes: the last two bits that carry nothing are zero. */
function isHashAt(bytes: Uint8Array, at: number): boolean {
  const last = at + HASH_LENGTH - 2
  let all = 0
  for (let i = at; i <= last; i++) all |= VALUES[bytes[i] ?? 0] ?? OTHER
  return all < 64 && ((VALUES[bytes[last] ?? 0] ?? 0) & 3) === 0 && bytes[last + 1] === EQUALS
}

/** Where the digits of the comparable begin; only for text whose parent is null or a key. */
const comparableAt = (bytes: Uint8Array, at: number): number => {
  const parent = at + PARENT_AT
  return parent + (isNullAt(bytes, parent) ? NULL_THEN.length : KEY_BEGIN.length + HASH_LENGTH + KEY_THEN.length)
}

/** Where the payload begins, where all before it is as it has to be and `synod` is null; otherwise -1. */
export function payloadAt(bytes: Uint8Array): number {
  if (!standsAt(bytes, 0, IDENTITY) || !isHashAt(bytes, IDENTITY_AT)) return -1
  if (!standsAt(bytes, IDENTITY_AT + HASH_LENGTH, PARENT)) return -1
  if (isNullAt(bytes, PARENT_AT)) {
    if (!standsAt(bytes, PARENT_AT, NULL_THEN)) return -1
  } else if (
    !standsAt(bytes, PARENT_AT, KEY_BEGIN) ||
    !isHashAt(bytes, PARENT_AT + KEY_BEGIN.length) ||
    !standsAt(bytes, PARENT_AT + KEY_BEGIN.length + HASH_LENGTH, KEY_THEN)
  ) {
    return -1
  }
  const from = comparableAt(bytes, 0)
  let at = from
  for (let c = bytes[at] ?? 0; c >= ZERO && c < ZERO + 10; c = bytes[++at] ?? 0);
  if (at === from || at > from + MAX_DIGITS || bytes[from] === ZERO) return -1
  return standsAt(bytes, at, PAYLOAD) ? at + PAYLOAD.length : -1
}

/** Whether the entry that begins at `at` names this hash as its parent, or with null none. Only for checked headers. */
export function hasParent(bytes: Uint8Array, at: number, hash: string | null): boolean {
  const parent = at + PARENT_AT
  if (hash === null) return isNullAt(bytes, parent)
  const from = parent + KEY_BEGIN.length
  for (let i = 0; i < HASH_LENGTH; i++) if (bytes[from + i] !== hash.charCodeAt(i)) return false
  return true
}

/**
 * The comparable of an entry that begins at `at` in bytes that hold it, without parsing the rest. NaN where there is
 * none. Only for entries whose header has been checked.
 */
export function comparableIn(bytes: Uint8Array, at: number): Micros {
  const from = comparableAt(bytes, at)
  let value = 0
  for (let i = from; ; i++) {
    const digit = (bytes[i] ?? 0) - ZERO
    if (digit < 0 || digit > 9) return i > from ? value : NaN
    value = value * 10 + digit
  }
}
