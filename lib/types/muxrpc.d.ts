/** muxrpc 8, as far as lib/host uses it. Types of a package at the wire: never re-exported. */
declare module 'muxrpc' {
  import type pull from 'pull-stream'

  export type Kind = 'async' | 'source' | 'duplex'
  export type Callback = (error: unknown, value?: unknown) => void
  export interface Stream extends pull.Duplex<Buffer, Buffer> {
    /** With `async` the callback gets the answer; otherwise a pull source or pull duplex comes back. */
    remoteCall(kind: 'async', path: readonly string[], args: readonly unknown[], callback: Callback): void
    remoteCall(kind: 'source', path: readonly string[], args: readonly unknown[]): pull.Source<unknown>
    remoteCall(kind: 'duplex', path: readonly string[], args: readonly unknown[]): pull.Duplex<unknown, unknown>
  }
  /** One message between packet-stream and codec; the text is the goodbye. */
  export type Packet = 'GOODBYE' | { req: number; stream: boolean; end: boolean; value: unknown }
  export type Codec = (packets: pull.Duplex<Packet, Packet>) => pull.Duplex<Buffer, Buffer>
  export interface Muxrpc {
    readonly stream: Stream
    readonly closed: boolean
    close(error: unknown, callback: (error?: unknown) => void): void
    on(event: 'closed', listener: () => void): void
  }
  export interface Permissions {
    pre(path: readonly string[], args: readonly unknown[]): Error | undefined
    test(): undefined
    post(): void
  }
  export default function createMuxrpc(
    /** The far side's manifest, or who is told it once it has been asked for. */
    remoteManifest: object | ((error: unknown, manifest: object) => void) | null,
    localManifest?: object | null,
    localApi?: object | null,
    permissions?: Permissions | null,
    codec?: Codec,
  ): Muxrpc
}
