/** secret-handshake 1.1, as far as tests use it. Types of a package at the wire: never re-exported. */
declare module 'secret-handshake' {
  interface KeyPair {
    publicKey: Buffer
    secretKey: Buffer
  }
  const secretHandshake: {
    toKeys(keys: object): KeyPair
  }
  export default secretHandshake
}
