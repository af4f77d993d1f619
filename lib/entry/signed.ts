import { fromUtf8 } from '../base/index.ts'
import type { EntryKey, Micros, PlayerId } from '../base/index.ts'
import { PARENT_AT, hasParent, isNullAt } from './header.ts'
import type { Marks } from './scan.ts'
import type { Entry, EntryFields, Payload } from './types.ts'

/** The type by which an encrypted payload goes. */
export const BOXED = '.box'
const QUOTE = 34
const BACKSLASH = 92
const KEY_CHARACTERS = 52

/** Text of UTF-8: a string of its own, no slice of a longer one that it would keep in memory. */
export const textAt = (bytes: Uint8Array, from: number, to: number): string => fromUtf8(bytes.subarray(from, to))

/** What `parseEntry` has found out about an entry's bytes. */
export interface Outline {
  readonly identity: PlayerId
  readonly comparable: Micros
  /** SHA-256 of the bytes, in base64. */
  readonly hash: string
  /** Where the payload begins and ends. */
  readonly from: number
  readonly to: number
  /** Whether `synod` is anything but null. */
  readonly synod: 'none' | 'some'
  readonly marks: Marks
}

/**
 * An entry whose bytes have been checked: what its text says is read from them when it is asked for. Most entries pass
 * through a node, or lie in it, without anybody asking for their payload.
 */
export class SignedEntry implements Entry {
  readonly identity: PlayerId
  readonly comparable: Micros
  readonly bytes: Uint8Array
  readonly #outline: Outline
  #key: EntryKey | undefined
  #payload: Payload | undefined
  #type: string | undefined

  constructor(bytes: Uint8Array, outline: Outline) {
    this.identity = outline.identity
    this.comparable = outline.comparable
    this.bytes = bytes
    this.#outline = outline
  }

  get key(): EntryKey {
    return (this.#key ??= `%${this.#outline.hash}.sha256` as EntryKey)
  }

  get parent(): EntryKey | null {
    if (isNullAt(this.bytes, PARENT_AT)) return null
    return textAt(this.bytes, PARENT_AT + 1, PARENT_AT + 1 + KEY_CHARACTERS) as EntryKey
  }

  get synod(): EntryFields['synod'] {
    if (this.#outline.synod === 'none') return null
    const text = textAt(this.bytes, 0, this.#outline.to + 1)
    return (JSON.parse(text) as EntryFields).synod
  }

  get payload(): Payload {
    const { from, to } = this.#outline
    return (this.#payload ??= JSON.parse(textAt(this.bytes, from, to)) as Payload)
  }

  /** SHA-256 of the bytes, in base64. */
  get hash(): string {
    return this.#outline.hash
  }

  /** Whether its parent is the entry with this hash (base64), without making text of it. */
  isAfter(hash: string): boolean {
    return hasParent(this.bytes, 0, hash)
  }

  /** The payload's type, `.box` for an encrypted one; without parsing the payload where its text shows it plainly. */
  get type(): string {
    const { typeAt, typeEnd, escaped } = this.#outline.marks
    if (this.#type !== undefined) return this.#type
    const plain = this.bytes[this.#outline.from] === QUOTE ? BOXED : escaped ? undefined : this.#plain(typeAt, typeEnd)
    return (this.#type = plain ?? (this.payload as { type: string }).type)
  }

  /** The payload's `jam`, where it is text. */
  get jam(): string | undefined {
    const { jamAt, jamEnd, escaped } = this.#outline.marks
    if (!escaped && jamEnd === 0) return undefined
    const found = escaped ? undefined : this.#plain(jamAt, jamEnd)
    if (found !== undefined) return found
    const { payload } = this
    const jam = typeof payload === 'string' ? undefined : payload['jam']
    return typeof jam === 'string' ? jam : undefined
  }

  /** The text of a string from its opening quote to after the closing one, where it is ASCII without escapes. */
  #plain(from: number, to: number): string | undefined {
    for (let at = from + 1; at < to - 1; at++) {
      const c = this.bytes[at] ?? 0
      if (c > 127 || c === BACKSLASH) return undefined
    }
    return textAt(this.bytes, from + 1, to - 1)
  }
}

/** The type of an entry's payload, `.box` for an encrypted one. */
export function typeOf(entry: Pick<Entry, 'payload'>): string {
  if (entry instanceof SignedEntry) return entry.type
  return typeof entry.payload === 'string' ? BOXED : entry.payload.type
}

/** The `jam` of an entry's payload, where it is text. */
export function jamOf(entry: Entry): string | undefined {
  if (entry instanceof SignedEntry) return entry.jam
  const jam = typeof entry.payload === 'string' ? undefined : entry.payload['jam']
  return typeof jam === 'string' ? jam : undefined
}

/** Whether an entry names another as its parent. */
export const follows = (entry: Entry, before: Pick<Entry, 'key'>): boolean =>
  entry instanceof SignedEntry && before instanceof SignedEntry
    ? entry.isAfter(before.hash)
    : entry.parent === before.key

/** SHA-256 of an entry's bytes in base64: what its key wraps. */
export const hashOf = (entry: Pick<Entry, 'key'>): string =>
  entry instanceof SignedEntry ? entry.hash : entry.key.slice(1, 45)
