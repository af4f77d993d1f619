import { base64, playerIdOf, rawId, utf8 } from '../../lib/base/index.ts'
import type { Crypto, PlayerId, Signer } from '../../lib/base/index.ts'
import { SIGNATURE_BYTES } from '../../lib/entry/index.ts'

/** A key pair of a simulation. */
export interface SimIdentity {
  readonly id: PlayerId
  readonly signer: Signer
}

const LANES = [0x9e3779b1, 0x85ebca6b, 0xc2b2ae35, 0x27d4eb2f] as const

/**
 * 32 bytes that differ where the input does: fast, and no defence against anyone. Four lanes multiplied and turned
 * over words of four bytes, mixed into eight words at the end.
 */
function mix(bytes: Uint8Array, salt: number): Uint8Array {
  let a: number = LANES[0] ^ salt
  let b: number = LANES[1] ^ bytes.length
  let c: number = LANES[2] + salt
  let d: number = LANES[3]
  const whole = bytes.length & ~3
  for (let at = 0; at < whole; at += 4) {
    const word = bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)
    a = Math.imul(a ^ word, LANES[1])
    b = Math.imul(b + word, LANES[2])
    c = Math.imul(c ^ a, LANES[3])
    d = Math.imul(d + b, LANES[0])
    a = (a << 13) | (a >>> 19)
    b = (b << 17) | (b >>> 15)
    c ^= d >>> 15
    d ^= c >>> 13
  }
  for (let at = whole; at < bytes.length; at++) a = Math.imul(a ^ bytes[at]!, LANES[3]) ^ (b += a)
  const out = new Uint32Array(8)
  for (let at = 0; at < 8; at++) {
    a = Math.imul(a ^ (d >>> 16), LANES[2]) + at
    b = Math.imul(b ^ (a >>> 13), LANES[3])
    c = Math.imul(c ^ (b >>> 15), LANES[0])
    d = Math.imul(d ^ (c >>> 14), LANES[1])
    out[at] = a ^ c ^ (b << 1) ^ d
  }
  return new Uint8Array(out.buffer)
}

/** What a key's owner would sign a message with: a hash that the public key goes into. */
function tag(message: Uint8Array, publicKey: Uint8Array): Uint8Array {
  const salt = publicKey[0]! | (publicKey[1]! << 8) | (publicKey[2]! << 16) | (publicKey[3]! << 24)
  return mix(message, salt)
}

/** Cheap cryptography: signatures are checked like real ones, and nobody in a simulation forges them this way. */
export const simCrypto: Crypto = {
  sha256: (bytes) => mix(bytes, 0),
  sha256Base64: (bytes) => base64(mix(bytes, 0)),
  verify(signature, message, publicKey) {
    const expected = tag(message, publicKey)
    for (let at = 0; at < expected.length; at++) if (signature[at] !== expected[at]) return false
    return true
  },
}

/** The identity of a name, the same in every run. */
export function identityOf(name: string): SimIdentity {
  const publicKey = mix(utf8(`identity ${name}`), 1)
  const id = playerIdOf(publicKey)
  const raw = rawId(id)
  return {
    id,
    signer: {
      sign(message) {
        const signature = new Uint8Array(SIGNATURE_BYTES)
        signature.set(tag(message, raw))
        return signature
      },
    },
  }
}
