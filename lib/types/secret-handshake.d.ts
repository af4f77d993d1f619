/** secret-handshake 1.1, as far as lib/host and tests use it. Types of a package at the wire: never re-exported. */
declare module 'secret-handshake' {
  import type pull from 'pull-stream'

  export interface KeyPair {
    publicKey: Buffer
    secretKey: Buffer
  }
  /** What both sides know once each has proved its key. The nonces are the first 24 bytes of the `app_mac`s. */
  export interface Shared {
    readonly remote: { readonly publicKey: Buffer; readonly app_mac: Buffer }
    readonly local: { readonly app_mac: Buffer }
    readonly encryptKey: Buffer
    readonly decryptKey: Buffer
  }
  /** Told once; the stream is what follows the handshake, still sealed. */
  export type Greeting = (error: Error | null, rest?: pull.Duplex<Buffer, Buffer>, state?: Shared) => void
  type Authorize = (publicKey: Buffer, done: (error: Error | null, allowed: boolean) => void) => void
  const secretHandshake: {
    toKeys(keys: object): KeyPair
    /** `timeout`: milliseconds for each read. */
    createClientStream(
      keys: KeyPair,
      appKey: Buffer,
      timeout: number,
    ): (remote: Buffer, greeting: Greeting) => pull.Duplex<Buffer, Buffer>
    createServerStream(
      keys: KeyPair,
      authorize: Authorize,
      appKey: Buffer,
      timeout: number,
    ): (greeting: Greeting) => pull.Duplex<Buffer, Buffer>
  }
  export default secretHandshake
}
