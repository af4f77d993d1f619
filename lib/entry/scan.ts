import { fromUtf8, utf8 } from '../base/index.ts'
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

/** Where the values of some keys of one object stand: an opening quote and the end, 0 and 0 where there are none. */
export class Marks {
  /** Value of `type` and of `jam`, where they are strings. */
  typeAt = 0
  typeEnd = 0
  jamAt = 0
  jamEnd = 0
  /** A key is written with an escape, so it may be one of those after all: the object has to be parsed. */
  escaped = false
}

/**
 * Checks one JSON value (RFC 8259) written without space, with no duplicate key, no `__proto__`, no half of a
 * surrogate pair, bounded depth and bounded numbers. `depth` is that of the value if it is an object or array.
 * Gives the index after it, or a negative number for `faultCode`. The bytes are well-formed UTF-8, or are checked for it
 * elsewhere: what lies beyond ASCII stands in strings only, and is passed over here.
 * @param marks filled where the value is an object
 */
export function scanValue(text: Uint8Array, at: number, depth: number, marks?: Marks): number {
  switch (text[at]) {
    case QUOTE:
      return scanString(text, at + 1)
    case OPEN_BRACE:
      return depth > MAX_DEPTH ? DEEP : scanObject(text, at + 1, depth, marks)
    case OPEN_BRACKET:
      return depth > MAX_DEPTH ? DEEP : scanArray(text, at + 1, depth)
    case 116:
      return scanWord(text, at, TRUE)
    case 102:
      return scanWord(text, at, FALSE)
    case 110:
      return scanWord(text, at, NULL)
    default:
      return scanNumber(text, at)
  }
}
const TRUE = utf8('true')
const FALSE = utf8('false')
const NULL = utf8('null')

/** A character that has no place here: a space, or anything else that is not JSON. */
function misplaced(text: Uint8Array, at: number): number {
  const c = text[at]
  return c === 32 || c === 9 || c === 10 || c === 13 ? SPACE : JSON_FAULT
}

/** Whether the bytes stand at this place. */
export function standsAt(text: Uint8Array, at: number, bytes: Uint8Array): boolean {
  for (let i = 0; i < bytes.length; i++) if (text[at + i] !== bytes[i]) return false
  return true
}
const scanWord = (text: Uint8Array, at: number, word: Uint8Array): number =>
  standsAt(text, at, word) ? at + word.length : JSON_FAULT

/** From after the opening quote to after the closing one. */
function scanString(text: Uint8Array, from: number): number {
  const { length } = text
  for (let at = from; at < length; at++) {
    const c = text[at] ?? 0
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
function scanEscape(text: Uint8Array, at: number): number {
  const c = text[at] ?? 0
  if (c !== LETTER_U) return SHORT_ESCAPES.includes(c) ? at + 1 : JSON_FAULT
  const unit = hexUnit(text, at + 1)
  if (unit < 0) return JSON_FAULT
  if (unit < 0xd800 || unit > 0xdfff) return at + 5
  if (unit > 0xdbff) return SURROGATE
  if (text[at + 5] !== BACKSLASH || text[at + 6] !== LETTER_U) return SURROGATE
  const low = hexUnit(text, at + 7)
  if (low < 0) return JSON_FAULT
  return low < 0xdc00 || low > 0xdfff ? SURROGATE : at + 11
}
const SHORT_ESCAPES = utf8('"\\/bfnrt')

/** The value of four hexadecimal digits, -1 where they are none. */
function hexUnit(text: Uint8Array, from: number): number {
  let unit = 0
  for (let at = from; at < from + 4; at++) {
    const c = text[at] ?? 0
    const letter = c | 32
    if (c >= 48 && c <= 57) unit = unit * 16 + c - 48
    else if (letter >= 97 && letter <= 102) unit = unit * 16 + letter - 87
    else return -1
  }
  return unit
}

/** The index after the digits that begin at `from`. */
function skipDigits(text: Uint8Array, from: number): number {
  let at = from
  for (let c = text[at] ?? 0; c >= 48 && c <= 57; c = text[++at] ?? 0);
  return at
}

function scanNumber(text: Uint8Array, from: number): number {
  const whole = text[from] === 45 ? from + 1 : from
  let at = skipDigits(text, whole)
  if (at === whole) return misplaced(text, from)
  if (at > whole + 1 && text[whole] === 48) return JSON_FAULT
  if (text[at] === 46) {
    const fraction = ++at
    at = skipDigits(text, at)
    if (at === fraction) return JSON_FAULT
  }
  const mantissa = at
  if (((text[at] ?? 0) | 32) === 101) {
    at++
    if (text[at] === 43 || text[at] === 45) at++
    const exponent = at
    at = skipDigits(text, at)
    if (at === exponent) return JSON_FAULT
  }
  // Fewer characters than digits allowed and no exponent: neither too many digits nor infinite.
  if (mantissa === at && at - from <= MAX_DIGITS) return at
  return hasFewDigits(text, whole, mantissa) && Number.isFinite(Number(fromUtf8(text.subarray(from, at)))) ? at : NUMBER
}

/** Whether at most 17 digits stand from the first to the last that is not zero. */
function hasFewDigits(text: Uint8Array, from: number, to: number): boolean {
  let seen = 0
  let significant = 0
  for (let at = from; at < to; at++) {
    const c = text[at] ?? 0
    if (c < 48 || c > 57) continue
    if (seen > 0 || c !== 48) seen++
    if (c !== 48) significant = seen
  }
  return significant <= MAX_DIGITS
}

function scanArray(text: Uint8Array, from: number, depth: number): number {
  if (text[from] === CLOSE_BRACKET) return from + 1
  for (let at = from; ; at++) {
    at = scanValue(text, at, depth + 1)
    if (at < 0) return at
    const c = text[at]
    if (c === CLOSE_BRACKET) return at + 1
    if (c !== COMMA) return misplaced(text, at)
  }
}

function scanObject(text: Uint8Array, from: number, depth: number, marks: Marks | undefined): number {
  if (text[from] === CLOSE_BRACE) return from + 1
  const keys = new Keys(text)
  for (let at = from; ; at++) {
    if (text[at] !== QUOTE) return misplaced(text, at)
    const end = scanString(text, at + 1)
    if (end < 0) return end
    const key = at + 1
    if (!keys.add(key, end - 1)) return PROTO
    if (text[end] !== COLON) return misplaced(text, end)
    at = scanValue(text, end + 1, depth + 1)
    if (at < 0) return at
    if (marks) mark(marks, text, key, end, at)
    const c = text[at]
    if (c === CLOSE_BRACE) {
      if (marks) marks.escaped = keys.escaped
      return keys.hasDuplicate() ? DUPLICATE : at + 1
    }
    if (c !== COMMA) return misplaced(text, at)
  }
}

const TYPE = utf8('type"')
const JAM = utf8('jam"')

/** Notes a value where its key is one of those. `key` is where the key begins, `colon` what comes after it. */
function mark(marks: Marks, text: Uint8Array, key: number, colon: number, end: number): void {
  if (text[colon + 1] !== QUOTE) return
  if (colon - key === TYPE.length && standsAt(text, key, TYPE)) {
    marks.typeAt = colon + 1
    marks.typeEnd = end
  } else if (colon - key === JAM.length && standsAt(text, key, JAM)) {
    marks.jamAt = colon + 1
    marks.jamEnd = end
  }
}

const UNDERSCORE = 95
const PROTOTYPE = utf8('__proto__')
/** Keys up to so many are compared in pairs, which is faster than a set. */
const FEW_KEYS = 12

/** The keys of one object, as they are written. */
class Keys {
  /** Whether one of them has a backslash. */
  escaped = false
  readonly #text: Uint8Array
  /** Where each begins and ends. */
  readonly #places: number[] = []

  constructor(text: Uint8Array) {
    this.#text = text
  }

  /** False where the key is `__proto__`. */
  add(from: number, to: number): boolean {
    const text = this.#text
    this.#places.push(from, to)
    for (let at = from; at < to; at++) {
      if (text[at] !== BACKSLASH) continue
      this.escaped = true
      return this.#textOf(from, to) !== '__proto__'
    }
    return to - from !== PROTOTYPE.length || text[from] !== UNDERSCORE || !standsAt(text, from, PROTOTYPE)
  }

  hasDuplicate(): boolean {
    const places = this.#places
    if (this.escaped || places.length > 2 * FEW_KEYS) return this.#hasDuplicateText()
    for (let i = 2; i < places.length; i += 2)
      for (let j = 0; j < i; j += 2)
        if (this.#isSame(places[i] ?? 0, places[i + 1] ?? 0, places[j] ?? 0, places[j + 1] ?? 0)) return true
    return false
  }

  #isSame(from: number, to: number, other: number, otherEnd: number): boolean {
    const text = this.#text
    if (to - from !== otherEnd - other) return false
    for (let i = 0; i < to - from; i++) if (text[from + i] !== text[other + i]) return false
    return true
  }

  #hasDuplicateText(): boolean {
    const seen = new Set<string>()
    for (let i = 0; i < this.#places.length; i += 2)
      seen.add(this.#textOf(this.#places[i] ?? 0, this.#places[i + 1] ?? 0))
    return 2 * seen.size !== this.#places.length
  }

  /** Read with its quotes: a byte order mark at the very beginning would be left away. */
  #textOf(from: number, to: number): string {
    return JSON.parse(fromUtf8(this.#text.subarray(from - 1, to + 1))) as string
  }
}
