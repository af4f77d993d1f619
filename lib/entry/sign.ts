import { MarmaladeError, concat, utf8 } from '../base/index.ts'
import type { Crypto, PlayerId, Signer } from '../base/index.ts'
import { MAX_ENTRY_BYTES, MAX_FRESH_BYTES, SIGNATURE_BYTES, parseEntry, verifyEntry } from './parse.ts'
import { plainFault } from './plain.ts'
import type { Entry, EntryFields } from './types.ts'

/**
 * The text that is signed: the five keys in their order, without space.
 * @throws MarmaladeError PAYLOAD_INVALID where the payload is not plain JSON, so would lose something
 */
export function encodeText(fields: EntryFields): string {
  const fault = plainFault(fields.payload)
  if (fault !== undefined) throw new MarmaladeError('PAYLOAD_INVALID', `${fault}: JSON cannot carry it`)
  const { identity, parent, comparable, synod, payload } = fields
  return JSON.stringify({ identity, parent, comparable, synod, payload })
}

/** What a fresh entry says, besides whose it is. */
export type FreshFields = Omit<EntryFields, 'identity'>

/** Signs as one identity. Its key is checked by the first entry that it signs: a check costs three times a signature. */
export class Author {
  readonly #identity: PlayerId
  readonly #signer: Signer
  readonly #crypto: Crypto
  /** The last entry that it signed; the first was checked. */
  #last: Entry | undefined

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
  sign(fields: FreshFields): Entry {
    const text = utf8(encodeText({ ...fields, identity: this.#identity }))
    const size = text.length + SIGNATURE_BYTES
    const { payload } = fields
    const most = typeof payload === 'object' && payload.type === 'again' ? MAX_ENTRY_BYTES : MAX_FRESH_BYTES
    if (size > most)
      throw new MarmaladeError('ENTRY_TOO_LARGE', `an entry takes ${most} bytes, this one has ${size}: shorten it`)
    const parsed = parseEntry(concat([text, this.#signer.sign(text)]), this.#crypto, this.#last)
    if (!parsed.ok) throw new MarmaladeError(parsed.code, parsed.message)
    if (!this.#last && !verifyEntry(parsed.entry, this.#crypto))
      throw new MarmaladeError('ENTRY_SIGNATURE', `no entry: the key that signs is not that of ${this.#identity}`)
    this.#last = parsed.entry
    return parsed.entry
  }
}

/** As `Author.sign`, for one entry alone: its signature is checked. */
export const signEntry = ({ identity, ...fields }: EntryFields, signer: Signer, crypto: Crypto): Entry =>
  new Author(identity, signer, crypto).sign(fields)
