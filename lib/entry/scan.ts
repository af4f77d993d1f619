import type { ErrorCode } from '../base/index.ts'

/** Objects and arrays inside one another, the entry's own object counted. */
export const MAX_DEPTH = 16
const MAX_DIGITS = 17

/** Faults as negative numbers, so that a scan gives either the index after a value or what is wrong with it. */
const FAULTS = [
  'ENTRY_JSON',
  'ENTRY_SPACE',
  'ENTRY_SURROGATE',
  'ENTRY_DUPLICATE_KEY',
  'ENTRY_PROTO_KEY',
  'ENTRY_TOO_DEEP',
  'ENTRY_NUMBER',
] as const satisfies readonly ErrorCode[]
const JSON_FAULT = -1
const SPACE = -2
const SURROGATE = -3
const DUPLICATE = -4
const PROTO = -5
const DEEP = -6
const NUMBER = -7

/** The code of a negative result of `scanValue`. */
export const faultCode = (result: number): ErrorCode => FAULTS[-result - 1] ?? 'ENTRY_JSON'

const QUOTE = 34
const BACKSLASH = 92
const COMMA = 44
const COLON = 58
const OPEN_BRACKET = 91
const CLOSE_BRACKET = 93
const OPEN_BRACE = 123
const CLOSE_BRACE = 125
const LETTER_U = 117

/**
 * Checks one JSON value (RFC 8259) written without space, with no duplicate key, no `__proto__`, no half of a
 * surrogate pair, bounded depth and bounded numbers. `depth` is that of the value if it is an object or array.
 * Gives the index after it, or a negative number for `faultCode`. The text comes of well-formed UTF-8.
 */
export function scanValue(text: string, at: number, depth: number): number {
  switch (text.charCodeAt(at)) {
    case QUOTE:
      return scanString(text, at + 1)
    case OPEN_BRACE:
      return depth > MAX_DEPTH ? DEEP : scanObject(text, at + 1, depth)
    case OPEN_BRACKET:
      return depth > MAX_DEPTH ? DEEP : scanArray(text, at + 1, depth)
    case 116:
      return scanWord(text, at, 'true')
    case 102:
      return scanWord(text, at, 'false')
    case 110:
      return scanWord(text, at, 'null')
    default:
      return scanNumber(text, at)
  }
}

/** A character that has no place here: a space, or anything else that is not JSON. */
function misplaced(text: string, at: number): number {
  const c = text.charCodeAt(at)
  return c === 32 || c === 9 || c === 10 || c === 13 ? SPACE : JSON_FAULT
}

const scanWord = (text: string, at: number, word: string): number =>
  text.startsWith(word, at) ? at + word.length : JSON_FAULT

/** From after the opening quote to after the closing one. */
function scanString(text: string, from: number): number {
  for (let at = from; at < text.length; at++) {
    const c = text.charCodeAt(at)
    if (c === QUOTE) return at + 1
    if (c < 32) return JSON_FAULT
    if (c !== BACKSLASH) continue
    const end = scanEscape(text, at + 1)
    if (end < 0) return end
    at = end - 1
  }
  return JSON_FAULT
}

/** From after the backslash; a pair of surrogate escapes counts as one. */
function scanEscape(text: string, at: number): number {
  const c = text.charCodeAt(at)
  if (c !== LETTER_U) return '"\\/bfnrt'.includes(text.charAt(at)) && at < text.length ? at + 1 : JSON_FAULT
  const unit = hexUnit(text, at + 1)
  if (unit < 0) return JSON_FAULT
  if (unit < 0xd800 || unit > 0xdfff) return at + 5
  if (unit > 0xdbff) return SURROGATE
  if (text.charCodeAt(at + 5) !== BACKSLASH || text.charCodeAt(at + 6) !== LETTER_U) return SURROGATE
  const low = hexUnit(text, at + 7)
  if (low < 0) return JSON_FAULT
  return low < 0xdc00 || low > 0xdfff ? SURROGATE : at + 11
}

/** The value of four hexadecimal digits, -1 where they are none. */
function hexUnit(text: string, from: number): number {
  let unit = 0
  for (let at = from; at < from + 4; at++) {
    const c = text.charCodeAt(at)
    const letter = c | 32
    if (c >= 48 && c <= 57) unit = unit * 16 + c - 48
    else if (letter >= 97 && letter <= 102) unit = unit * 16 + letter - 87
    else return -1
  }
  return unit
}

const isDigit = (c: number): boolean => c >= 48 && c <= 57

function scanNumber(text: string, from: number): number {
  let at = text.charCodeAt(from) === 45 ? from + 1 : from
  const whole = at
  while (isDigit(text.charCodeAt(at))) at++
  if (at === whole) return misplaced(text, from)
  if (at > whole + 1 && text.charCodeAt(whole) === 48) return JSON_FAULT
  if (text.charCodeAt(at) === 46) {
    const fraction = ++at
    while (isDigit(text.charCodeAt(at))) at++
    if (at === fraction) return JSON_FAULT
  }
  const mantissa = at
  if ((text.charCodeAt(at) | 32) === 101) {
    at++
    const sign = text.charCodeAt(at)
    if (sign === 43 || sign === 45) at++
    const exponent = at
    while (isDigit(text.charCodeAt(at))) at++
    if (at === exponent) return JSON_FAULT
  }
  // Fewer characters than digits allowed and no exponent: neither too many digits nor infinite.
  if (mantissa === at && at - from <= MAX_DIGITS) return at
  return hasFewDigits(text, whole, mantissa) && Number.isFinite(Number(text.slice(from, at))) ? at : NUMBER
}

/** Whether at most 17 digits stand from the first to the last that is not zero. */
function hasFewDigits(text: string, from: number, to: number): boolean {
  let seen = 0
  let significant = 0
  for (let at = from; at < to; at++) {
    const c = text.charCodeAt(at)
    if (!isDigit(c)) continue
    if (seen > 0 || c !== 48) seen++
    if (c !== 48) significant = seen
  }
  return significant <= MAX_DIGITS
}

function scanArray(text: string, from: number, depth: number): number {
  if (text.charCodeAt(from) === CLOSE_BRACKET) return from + 1
  for (let at = from; ; at++) {
    at = scanValue(text, at, depth + 1)
    if (at < 0) return at
    const c = text.charCodeAt(at)
    if (c === CLOSE_BRACKET) return at + 1
    if (c !== COMMA) return misplaced(text, at)
  }
}

function scanObject(text: string, from: number, depth: number): number {
  if (text.charCodeAt(from) === CLOSE_BRACE) return from + 1
  const keys: string[] = []
  for (let at = from; ; at++) {
    if (text.charCodeAt(at) !== QUOTE) return misplaced(text, at)
    const end = scanString(text, at + 1)
    if (end < 0) return end
    const key = keyOf(text.slice(at + 1, end - 1))
    if (key === '__proto__') return PROTO
    keys.push(key)
    if (text.charCodeAt(end) !== COLON) return misplaced(text, end)
    at = scanValue(text, end + 1, depth + 1)
    if (at < 0) return at
    const c = text.charCodeAt(at)
    if (c === CLOSE_BRACE) return hasDuplicate(keys) ? DUPLICATE : at + 1
    if (c !== COMMA) return misplaced(text, at)
  }
}

const keyOf = (raw: string): string => (raw.includes('\\') ? (JSON.parse(`"${raw}"`) as string) : raw)

/** Few keys are compared in pairs, which is faster than a set; many by a set, which stays linear. */
function hasDuplicate(keys: readonly string[]): boolean {
  if (keys.length > 12) return new Set(keys).size !== keys.length
  for (let i = 1; i < keys.length; i++) if (keys.indexOf(keys[i] ?? '') !== i) return true
  return false
}
