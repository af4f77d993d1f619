import * as nodeCryptoModule from 'node:crypto'
import sodium from 'sodium-native'
import type { Crypto, Signer } from '../base/index.ts'

const SIGNATURE_BYTES = 64
const PUBLIC_KEY_BYTES = 32

/** Node's one-shot hash is 1.7 times createHash on short input; Node before 20.12 lacks it. */
const hashing: Pick<Crypto, 'sha256' | 'sha256Base64'> =
  typeof nodeCryptoModule.hash === 'function'
    ? {
        sha256: (bytes) => nodeCryptoModule.hash('sha256', bytes, 'buffer'),
        sha256Base64: (bytes) => nodeCryptoModule.hash('sha256', bytes, 'base64'),
      }
    : {
        sha256: (bytes) => nodeCryptoModule.createHash('sha256').update(bytes).digest(),
        sha256Base64: (bytes) => nodeCryptoModule.createHash('sha256').update(bytes).digest('base64'),
      }

/** SHA-256 by Node, Ed25519 by libsodium. Signatures and keys of a wrong length do not verify; nothing throws. */
export const nodeCrypto: Crypto = {
  ...hashing,
  verify(signature, message, publicKey) {
    if (signature.length !== SIGNATURE_BYTES || publicKey.length !== PUBLIC_KEY_BYTES) return false
    return sodium.crypto_sign_verify_detached(signature, message, publicKey)
  },
}

/** Signs with a 64-byte libsodium secret key (seed, then public key). */
export function signerOf(secretKey: Uint8Array): Signer {
  return {
    sign(message) {
      // From Node's pool: a small array of its own has no buffer until libsodium asks for one.
      const signature = Buffer.allocUnsafe(SIGNATURE_BYTES)
      sodium.crypto_sign_detached(signature, message, secretKey)
      return signature
    },
  }
}
