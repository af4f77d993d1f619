import ssbKeys, { type Keys } from 'ssb-keys'
import { MarmaladeError, fromBase64 } from '../base/index.ts'
import type { PlayerId, Signer } from '../base/index.ts'
import { signerOf } from './crypto.ts'
import { keysIn, readSecret, secretTextOf, writeSecret } from './secret-file.ts'

/** One identity with its secret key. */
export interface Identity {
  readonly id: PlayerId
  /** As ssb-keys has them; secret-handshake and `.box` take this form. */
  readonly keys: Keys
  readonly signer: Signer
}

/**
 * An identity from ssb-keys.
 * @param seed 32 bytes; without it a random identity.
 * @throws MarmaladeError USAGE where the seed has another length
 */
export function generateIdentity(seed?: Uint8Array): Identity {
  if (seed && seed.length !== 32) throw new MarmaladeError('USAGE', 'the seed of an identity is 32 bytes')
  return identityOf(ssbKeys.generate('ed25519', seed && Buffer.from(seed)))
}

/**
 * The identity whose secret lies in the file, in ssb-keys' own format; made (mode 0600) where there is no file.
 * Making is atomic: a crash leaves the whole file or none, and of two processes one makes it and both read it.
 * @throws MarmaladeError KEYS_UNREADABLE, KEYS_EXPOSED, KEYS_CORRUPT
 */
export function loadOrCreateIdentity(path: string): Identity {
  const present = loadIdentity(path)
  if (present) return present
  writeSecret(path, secretTextOf(generateIdentity()))
  const made = loadIdentity(path)
  if (!made) throw new MarmaladeError('KEYS_UNREADABLE', `${path} is gone again: who removes it?`)
  return made
}

/**
 * The identity in the file, undefined where there is no file.
 * @throws MarmaladeError KEYS_UNREADABLE, KEYS_EXPOSED, KEYS_CORRUPT
 */
export function loadIdentity(path: string): Identity | undefined {
  const text = readSecret(path)
  return text === undefined ? undefined : readIdentity(text, path)
}

/**
 * The identity in the text of a secret file: of this program's, or of another's that keeps its key as ssb-keys does.
 * @param where what to call the file in an error
 * @throws MarmaladeError KEYS_CORRUPT
 */
export const readIdentity = (text: string, where: string): Identity => identityOf(keysIn(text, where))

function identityOf(keys: Keys): Identity {
  return { id: keys.id as PlayerId, keys, signer: signerOf(fromBase64(keys.private.slice(0, 88))) }
}
