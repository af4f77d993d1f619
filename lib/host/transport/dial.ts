import type { Socket } from 'node:net'
import multiserver from 'multiserver'
import type { Transform, Wire } from 'multiserver'
import { MarmaladeError } from '../../base/index.ts'
import { formatAddress } from './address.ts'
import type { NetAddress } from './address.ts'
import type { RateLimits } from './bucket.ts'
import { netTransport } from './net.ts'
import { established } from './socket.ts'

export interface DialInit {
  readonly handshake: Transform
  /** Milliseconds until a socket must be connected, and from then until the identity must be proved. */
  readonly connectTimeout: number
  readonly handshakeTimeout: number
  readonly signal: AbortSignal
  readonly limits: RateLimits
}

export interface Dialled {
  readonly wire: Wire
  readonly socket: Socket
}

/**
 * Opens an encrypted stream to a player.
 * @throws MarmaladeError CONNECT_REFUSED, CONNECT_TIMEOUT, CONNECT_FAILED, HANDSHAKE_FAILED, HANDSHAKE_TIMEOUT, CANCELLED
 */
export function dial(address: NetAddress, init: DialInit): Promise<Dialled> {
  return new Promise((resolve, reject) => {
    const { signal } = init
    const shown = formatAddress(address)
    let socket: Socket | undefined
    let connected = false
    let timer: NodeJS.Timeout | undefined

    const settle = (error: MarmaladeError | undefined, wire?: Wire): void => {
      clearTimeout(timer)
      signal.removeEventListener('abort', cancel)
      if (wire && socket && !error) {
        established(wire)
        resolve({ wire, socket })
        return
      }
      socket?.destroy()
      reject(error ?? failure(new Error('no stream'), connected, shown))
    }
    const cancel = (): void => settle(new MarmaladeError('CANCELLED', 'the connection was given up'))
    const limit = (milliseconds: number, code: 'CONNECT_TIMEOUT' | 'HANDSHAKE_TIMEOUT', message: string): void => {
      clearTimeout(timer)
      timer = setTimeout(() => settle(new MarmaladeError(code, message)), milliseconds)
    }

    const net = netTransport({
      limits: init.limits,
      onSocket: (opened) => {
        socket = opened
        opened.once('connect', () => {
          connected = true
          limit(init.handshakeTimeout, 'HANDSHAKE_TIMEOUT', `${shown} did not finish its handshake in time`)
        })
        return true
      },
      onError: () => undefined,
    })
    if (signal.aborted) {
      cancel()
      return
    }
    signal.addEventListener('abort', cancel)
    limit(init.connectTimeout, 'CONNECT_TIMEOUT', `${shown} did not answer in time`)
    multiserver([[net, init.handshake]]).client(shown, (error, wire) => {
      settle(error ? failure(error, connected, shown) : undefined, wire)
    })
  })
}

function failure(cause: Error & { code?: unknown }, connected: boolean, shown: string): MarmaladeError {
  if (connected) {
    const what = `${shown} is another player, is on another network, is full, or hung up during the handshake`
    return new MarmaladeError('HANDSHAKE_FAILED', what, { cause })
  }
  if (cause.code === 'ECONNREFUSED') {
    return new MarmaladeError('CONNECT_REFUSED', `nothing listens at ${shown}: does the node run there?`, { cause })
  }
  if (cause.code === 'ETIMEDOUT') {
    return new MarmaladeError('CONNECT_TIMEOUT', `${shown} did not answer in time`, { cause })
  }
  return new MarmaladeError('CONNECT_FAILED', `${shown} cannot be reached (${String(cause.code)})`, { cause })
}
