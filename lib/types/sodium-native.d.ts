/** What this project uses of sodium-native 5: buffers are filled in place, wrong lengths throw. */
declare module 'sodium-native' {
  const sodium: {
    readonly crypto_sign_BYTES: number
    readonly crypto_sign_PUBLICKEYBYTES: number
    readonly crypto_sign_SECRETKEYBYTES: number
    readonly crypto_sign_SEEDBYTES: number
    crypto_sign_seed_keypair(publicKey: Uint8Array, secretKey: Uint8Array, seed: Uint8Array): void
    crypto_sign_detached(signature: Uint8Array, message: Uint8Array, secretKey: Uint8Array): void
    /** Seals under a nonce of 24 bytes and a key of 32: the authenticator, 16 bytes, lies apart or (`easy`) in front. */
    crypto_secretbox_detached(
      sealed: Uint8Array,
      mac: Uint8Array,
      message: Uint8Array,
      nonce: Uint8Array,
      key: Uint8Array,
    ): void
    crypto_secretbox_easy(sealed: Uint8Array, message: Uint8Array, nonce: Uint8Array, key: Uint8Array): void
    /** Whether it was sealed under this nonce and key. */
    crypto_secretbox_open_detached(
      message: Uint8Array,
      sealed: Uint8Array,
      mac: Uint8Array,
      nonce: Uint8Array,
      key: Uint8Array,
    ): boolean
    crypto_secretbox_open_easy(message: Uint8Array, sealed: Uint8Array, nonce: Uint8Array, key: Uint8Array): boolean
    crypto_sign_verify_detached(signature: Uint8Array, message: Uint8Array, publicKey: Uint8Array): boolean
  }
  export default sodium
}
