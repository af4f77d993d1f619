import { MarmaladeError, utf8, utf8Into } from '../base/index.ts'
import type { Crypto, PlayerId, Signer } from '../base/index.ts'
import { MAX_ENTRY_BYTES, MAX_FRESH_BYTES, SIGNATURE_BYTES, parseEntry, verifyEntry } from './parse.ts'
import { plainFault } from './plain.ts'
import type { Entry, EntryFields, Payload } from './types.ts'

/**
 * The text that is signed: the five keys in their order, without space.
 * @throws MarmaladeError PAYLOAD_INVALID where the payload is not plain JSON, so would lose something
 */
export const encodeText = (fields: EntryFields): string => textOf(fields, encodePayload(fields.payload).json)

/** A payload as it is written into an entry, and what an entry with it may take. */
export interface EncodedPayload {
  readonly json: string
  /** Bytes, signature included. */
  readonly most: number
}

/**
 * A payload in the words in which it will be signed: what becomes of the object after this changes nothing.
 * @throws MarmaladeError PAYLOAD_INVALID where the payload is not plain JSON, so would lose something
 */
export function encodePayload(payload: Payload): EncodedPayload {
  const fault = plainFault(payload)
  if (fault !== undefined) throw new MarmaladeError('PAYLOAD_INVALID', `${fault}: JSON cannot carry it`)
  const isAgain = typeof payload === 'object' && payload.type === 'again'
  return { json: JSON.stringify(payload), most: isAgain ? MAX_ENTRY_BYTES : MAX_FRESH_BYTES }
}

function textOf({ identity, parent, comparable, synod }: Omit<EntryFields, 'payload'>, payload: string): string {
  const header = JSON.stringify({ identity, parent, comparable, synod })
  return `${header.slice(0, -1)},"payload":${payload}}`
}

/** What a fresh entry says, besides whose it is. */
export type FreshFields = Omit<EntryFields, 'identity'>

/** Bytes in which entries are written one after another: an array for each would cost as much as what is put into it. */
const SHEET_BYTES = 16_384

/** Signs as one identity. Its key is checked by the first entry that it signs: a check costs three times a signature. */
export class Author {
  readonly #identity: PlayerId
  readonly #signer: Signer
  readonly #crypto: Crypto
  /** The last entry that it signed; the first was checked. */
  #last: Entry | undefined
  #sheet = new Uint8Array(0)
  #used = 0

  constructor(identity: PlayerId, signer: Signer, crypto: Crypto) {
    this.#identity = identity
    this.#signer = signer
    this.#crypto = crypto
  }

  /**
   * An entry, signed. What comes back is what any other node would parse.
   * @throws MarmaladeError ENTRY_TOO_LARGE above 14,848 bytes, for an `again` above 15,360; PAYLOAD_INVALID;
   * ENTRY_SIGNATURE where the signer is another identity's; any code of `parseEntry`
   */
  sign({ payload, ...fields }: FreshFields): Entry {
    return this.signEncoded(fields, encodePayload(payload))
  }

  /** As `sign`, for a payload that has been encoded. */
  signEncoded(fields: Omit<FreshFields, 'payload'>, { json, most }: EncodedPayload): Entry {
    const text = textOf({ ...fields, identity: this.#identity }, json)
    const bytes = this.#write(text, most)
    const end = bytes.length - SIGNATURE_BYTES
    bytes.set(this.#signer.sign(bytes.subarray(0, end)), end)
    const parsed = parseEntry(bytes, this.#crypto, this.#last)
    if (!parsed.ok) throw new MarmaladeError(parsed.code, parsed.message)
    if (!this.#last && !verifyEntry(parsed.entry, this.#crypto))
      throw new MarmaladeError('ENTRY_SIGNATURE', `no entry: the key that signs is not that of ${this.#identity}`)
    this.#last = parsed.entry
    return parsed.entry
  }

  /** The text as bytes, with room for the signature: on this sheet, or else on a new one. The first is as long as it. */
  #write(text: string, most: number): Uint8Array {
    const from = this.#used
    const { read, written } = utf8Into(text, this.#sheet.subarray(from))
    const fits = read === text.length && from + written + SIGNATURE_BYTES <= this.#sheet.length
    const whole = fits ? undefined : utf8(text)
    const size = (whole?.length ?? written) + SIGNATURE_BYTES
    if (size > most)
      throw new MarmaladeError('ENTRY_TOO_LARGE', `an entry takes ${most} bytes, this one has ${size}: shorten it`)
    if (whole) {
      this.#sheet = new Uint8Array(this.#last ? SHEET_BYTES : size)
      this.#sheet.set(whole)
      this.#used = 0
    }
    const at = this.#used
    this.#used += size
    return this.#sheet.subarray(at, this.#used)
  }
}

/** As `Author.sign`, for one entry alone: its signature is checked. */
export const signEntry = ({ identity, ...fields }: EntryFields, signer: Signer, crypto: Crypto): Entry =>
  new Author(identity, signer, crypto).sign(fields)
