/** multiserver 3.8, as far as lib/host uses it. Types of a package at the wire: never re-exported. */
declare module 'multiserver' {
  import type pull from 'pull-stream'

  export interface Wire<Meta = unknown> extends pull.Duplex<Buffer, Buffer> {
    address: string
    meta: Meta
    /** The public key that secret-handshake proved. */
    remote?: Buffer
  }
  export type Connected = (error: Error | null, stream?: Wire) => void
  export interface Transport {
    readonly name: string
    scope(): string | string[]
    server(onConnection: (stream: Wire) => void, started: (error?: Error | null) => void): (done?: () => void) => void
    client(address: object, connected: Connected): (() => void) | undefined
    parse(text: string): object | null
    stringify(scope?: string): string | null
  }
  export interface Transform {
    readonly name: string
    create(address?: object): (stream: Wire, done: (error: Error | null, stream?: Wire) => void) => void
    parse(text: string): object | null
    stringify(scope?: string): string | null | undefined
  }
  export interface Multiserver {
    client(address: string, connected: Connected): void
    server(
      onConnection: (stream: Wire) => void,
      onError: (error: Error) => void,
      started: (error?: Error | null) => void,
    ): (done: (error?: Error | null) => void) => void
    stringify(scope: string): string
  }
  export default function multiserver(protocols: readonly (readonly [Transport, ...Transform[]])[]): Multiserver
}

declare module 'multiserver/plugins/shs.js' {
  import type { Transform } from 'multiserver'
  export default function shs(options: {
    keys: { publicKey: Buffer; secretKey: Buffer }
    /** The network key, 32 bytes. */
    appKey: Buffer
    /** Milliseconds for each read of the handshake. */
    timeout: number
    auth(publicKey: Buffer, done: (error: Error | null, allowed: boolean) => void): void
  }): Transform
}

declare module 'multiserver/plugins/net.js' {
  import type { Transport } from 'multiserver'
  /** multiserver's own TCP transport, for tests that stand for other implementations. */
  export default function net(options: { host?: string; port?: number }): Transport
}
