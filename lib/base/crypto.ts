/** What the pure folders need of cryptography; lib/keys has the one that runs on libsodium. */
export interface Crypto {
  /** SHA-256, 32 bytes. */
  sha256(bytes: Uint8Array): Uint8Array
  /** SHA-256 in 44 characters of base64. Where it is wanted as text, this is twice as fast as to make bytes of it first. */
  sha256Base64(bytes: Uint8Array): string
  /** Ed25519 by libsodium's strict rules: no malleated S, no small-order keys. */
  verify(signature: Uint8Array, message: Uint8Array, publicKey: Uint8Array): boolean
}

/** Signs as one identity. */
export interface Signer {
  /** A 64-byte Ed25519 signature. */
  sign(message: Uint8Array): Uint8Array
}
