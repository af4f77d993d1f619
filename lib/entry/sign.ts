import { MarmaladeError, concat, utf8 } from '../base/index.ts'
import type { Crypto, Signer } from '../base/index.ts'
import { MAX_FRESH_BYTES, SIGNATURE_BYTES, parseEntry, verifyEntry } from './parse.ts'
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

/**
 * A fresh entry, signed. What comes back is what any other node would parse.
 * @throws MarmaladeError ENTRY_TOO_LARGE above 14,848 bytes; PAYLOAD_INVALID; ENTRY_SIGNATURE where the signer is
 * another identity's; any code of `parseEntry`
 */
export function signEntry(fields: EntryFields, signer: Signer, crypto: Crypto): Entry {
  const text = utf8(encodeText(fields))
  const size = text.length + SIGNATURE_BYTES
  if (size > MAX_FRESH_BYTES)
    throw new MarmaladeError(
      'ENTRY_TOO_LARGE',
      `an entry takes ${MAX_FRESH_BYTES} bytes, this one has ${size}: shorten it`,
    )
  const parsed = parseEntry(concat([text, signer.sign(text)]), crypto)
  if (!parsed.ok) throw new MarmaladeError(parsed.code, parsed.message)
  if (!verifyEntry(parsed.entry, crypto))
    throw new MarmaladeError('ENTRY_SIGNATURE', `no entry: the key that signs is not that of ${fields.identity}`)
  return parsed.entry
}
