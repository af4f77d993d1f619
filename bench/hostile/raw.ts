/** Connections by hand: what a peer of our own would never say can be said over them. */
import { createHmac, randomBytes } from 'node:crypto'
import { connect, type Socket } from 'node:net'
import type { Wire } from 'multiserver'
import pull from 'pull-stream'
import { parseAddress } from '../../lib/host/index.ts'
import { dial } from '../../lib/host/transport/dial.ts'
import { handshake, NETWORK_KEY } from '../../lib/host/transport/network.ts'
import { generateIdentity } from '../../lib/keys/index.ts'

const HANDSHAKE_MILLIS = 5_000
const HEADER = 9
const STREAM_OF_BYTES = 8
const STREAM_OF_JSON = 10

/** A socket that has sent these bytes and does nothing more. */
export function socketTo(address: string, bytes: Uint8Array): Socket {
  const { host, port } = parseAddress(address)
  const socket = connect(port, host)
  socket.on('error', () => undefined)
  if (bytes.length > 0) socket.write(bytes)
  return socket
}

/** The first message of a handshake on our network, which leads nowhere, and the second, which is none. */
export function handshakeWithoutKey(): Uint8Array {
  const bytes = randomBytes(64 + 112)
  bytes.set(createHmac('sha512', NETWORK_KEY).update(bytes.subarray(32, 64)).digest().subarray(0, 32))
  return bytes
}

/** One packet of muxrpc. */
export function packet(flags: number, request: number, body: Uint8Array): Buffer {
  const head = Buffer.alloc(HEADER)
  head[0] = flags
  head.writeUInt32BE(body.length, 1)
  head.writeInt32BE(request, 5)
  return Buffer.concat([head, body])
}

/** Opens a duplex call of bytes, whose items are `items`. */
export function duplexCall(request: number, name: readonly string[]): Buffer {
  const extra = { call: request, credit: 524_288 }
  return packet(STREAM_OF_JSON, request, Buffer.from(JSON.stringify({ name, args: [{}, extra], type: 'duplex' })))
}
export const item = (request: number, bytes: Uint8Array): Buffer => packet(STREAM_OF_BYTES, request, bytes)

/** A connection of somebody new, over which raw packets go; nothing is read unless `onBytes` is there. */
export class RawLink {
  readonly socket: Socket
  readonly #queue: Buffer[] = []
  #asked: pull.SourceCallback<Buffer> | undefined

  private constructor(wire: Wire, socket: Socket, onBytes: ((bytes: Buffer) => void) | undefined) {
    this.socket = socket
    socket.once('close', () => this.#asked?.(true))
    const source: pull.Source<Buffer> = (end, callback) => {
      if (end !== null && end !== false) {
        callback(end)
        return
      }
      const next = this.#queue.shift()
      if (next) callback(null, next)
      else this.#asked = callback
    }
    pull(source, wire.sink)
    if (onBytes)
      pull(
        wire.source,
        pull.drain(onBytes, () => undefined),
      )
  }

  /** @throws MarmaladeError as lib/host's dial does */
  static async to(address: string, signal: AbortSignal, onBytes?: (bytes: Buffer) => void): Promise<RawLink> {
    const { id, keys } = generateIdentity()
    const { wire, socket } = await dial(parseAddress(address), {
      handshake: handshake({ id, public: keys.public, private: keys.private }, NETWORK_KEY, HANDSHAKE_MILLIS),
      connectTimeout: HANDSHAKE_MILLIS,
      handshakeTimeout: HANDSHAKE_MILLIS,
      signal,
      limits: { up: 0, down: 0 },
    })
    return new RawLink(wire, socket, onBytes)
  }

  send(...packets: readonly Buffer[]): void {
    if (this.socket.destroyed) return
    const bytes = Buffer.concat(packets)
    const asked = this.#asked
    this.#asked = undefined
    if (asked) asked(null, bytes)
    else this.#queue.push(bytes)
  }

  end(): void {
    this.socket.destroy()
  }
}
