import { connect, createServer } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'
import type { Transport } from 'multiserver'
import { bracketed, hostOf, plainHost } from './address.ts'
import type { RateLimits } from './bucket.ts'
import { wireOf } from './socket.ts'

export interface NetInit {
  /** Where to listen; port 0 takes a free one. Left out by a transport that only dials. */
  readonly listen?: { readonly host: string; readonly port: number }
  /** Of each connection; left out, there are none. */
  readonly limits?: RateLimits
  /** Sees every socket before anything is read from it. Answers whether it may stay. */
  onSocket(socket: Socket): boolean
  /** Reads what a caller says first, puts it back, and calls back where it may come in. */
  greet?(socket: Socket, greeted: () => void): void
  /** A fault of the listening socket after it has started. */
  onError(error: Error): void
}

/** A TCP transport in multiserver's shape, with the address that it came to listen on. */
export interface NetTransport extends Transport {
  bound(): AddressInfo | undefined
}

/** Between packets of a quiet connection the system asks after the far side, milliseconds. */
const KEEPALIVE_DELAY = 30_000

/**
 * multiserver's own `net` leaves Nagle's algorithm on (90 ms for a call on the loopback), cannot listen on port 0 and prints errors;
 * this one does neither.
 */
export function netTransport(init: NetInit): NetTransport {
  let bound: AddressInfo | undefined

  return {
    name: 'net',
    scope: () => 'device',
    bound: () => bound,

    server(onConnection, started) {
      const server = createServer((socket) => {
        // Until the reader has its own listener, an error must not bring the process down.
        socket.on('error', () => undefined)
        if (!init.onSocket(socket)) {
          socket.destroy()
          return
        }
        const begin = (): void => {
          tune(socket)
          onConnection(wireOf(socket, addressOf(plainHost(socket.remoteAddress), socket.remotePort), init.limits))
        }
        if (init.greet) init.greet(socket, begin)
        else begin()
      })
      server.once('error', started)
      server.listen({ ...init.listen, exclusive: true }, () => {
        server.off('error', started)
        server.on('error', (error) => init.onError(error))
        bound = server.address() as AddressInfo
        started()
      })
      return (done) => server.close(() => done?.())
    },

    client(address, connected) {
      const { host, port } = address as { host: string; port: number }
      const socket = connect({ host, port })
      const fail = (error: Error): void => connected(error)
      socket.once('error', fail)
      socket.once('connect', () => {
        socket.off('error', fail)
        socket.on('error', () => undefined)
        connected(null, wireOf(socket, addressOf(host, port), init.limits))
      })
      tune(socket)
      if (!init.onSocket(socket)) socket.destroy(new Error('the caller gave up'))
      return () => socket.destroy()
    },

    parse(text) {
      const parts = /^net:(.+):([0-9]{1,5})$/.exec(text)
      const host = hostOf(parts?.[1] ?? '')
      return parts && host !== undefined ? { host, port: Number(parts[2]) } : null
    },

    stringify: () => (bound ? addressOf(bound.address, bound.port) : null),
  }
}

function tune(socket: Socket): void {
  socket.setNoDelay(true)
  socket.setKeepAlive(true, KEEPALIVE_DELAY)
}

const addressOf = (host = '', port = 0): string => `net:${bracketed(host)}:${port}`
