import type { AddressInfo, Socket } from 'node:net'
import { networkInterfaces } from 'node:os'
import multiserver from 'multiserver'
import type { Transform, Transport, Wire } from 'multiserver'
import { hasCode, MarmaladeError } from '../../base/index.ts'
import type { PlayerId } from '../../base/index.ts'
import { formatAddress, parsePublic } from './address.ts'
import type { RateLimits } from './bucket.ts'
import { onGreeting } from './greeting.ts'
import { Handshakes } from './handshakes.ts'
import { netTransport } from './net.ts'
import { established } from './socket.ts'
import { prepareSocket, unixTransport } from './unix.ts'

export interface Accepted {
  readonly wire: Wire
  readonly socket: Socket
  /** The public key that was proved; none on the local socket. */
  readonly publicKey: Uint8Array | undefined
}

export interface ListenInit {
  /** Milliseconds until a new socket must have proved its identity. */
  readonly handshakeTimeout: number
  /** Whether one more socket may come in now, from that network address. */
  room(address?: string): boolean
  onAccepted(accepted: Accepted): void
  /** A handshake or a listening socket failed; nothing more than to be noted. */
  onError(error: Error): void
}

export interface Listener {
  /** Stops taking new ones in; resolves when every socket that came in is closed. */
  close(): Promise<void>
}
export interface NetListener extends Listener {
  readonly bound: AddressInfo
}
export interface ListenNetInit extends ListenInit {
  readonly limits: RateLimits
  /** 32 bytes: who does not know it is hung up on after its first message. */
  readonly networkKey: Uint8Array
}

interface Place {
  readonly host: string
  readonly port: number
}

/**
 * Listens on TCP; on `::` for IPv6 and IPv4, and where the system has no IPv6, for IPv4 alone.
 * @throws MarmaladeError LISTEN_FAILED
 */
export async function listenNet(at: Place, handshake: Transform, init: ListenNetInit): Promise<NetListener> {
  try {
    return await listenAt(at, handshake, init)
  } catch (error) {
    if (at.host !== '::' || !hasCode(error, 'LISTEN_FAILED') || !isWithoutIPv6(error.cause)) throw error
    return listenAt({ ...at, host: '0.0.0.0' }, handshake, init)
  }
}

const isWithoutIPv6 = (cause: unknown): boolean => {
  const { code } = (cause ?? {}) as { code?: unknown }
  return code === 'EAFNOSUPPORT' || code === 'EADDRNOTAVAIL'
}

async function listenAt(at: Place, handshake: Transform, init: ListenNetInit): Promise<NetListener> {
  const waiting = new Handshakes(init)
  const { limits, networkKey } = init
  const onSocket = (socket: Socket): boolean => waiting.admit(socket)
  const net = netTransport({
    listen: at,
    limits,
    onSocket,
    greet: (socket, greeted) => onGreeting(socket, networkKey, greeted),
    onError: (error) => init.onError(error),
  })
  const close = await start(multiserverOf(net, handshake), `${at.host}:${at.port}`, init, (wire) => {
    const { socket } = established(wire)
    waiting.finish(socket)
    init.onAccepted({ wire, socket, publicKey: wire.remote })
  })
  const bound = net.bound()
  if (!bound) throw new MarmaladeError('LISTEN_FAILED', 'the listening socket has no address')
  return {
    bound,
    close: () => {
      waiting.cutOff()
      return close()
    },
  }
}

/** Listens on a Unix socket. @throws MarmaladeError LISTEN_FAILED, SOCKET_IN_USE, SOCKET_UNSAFE */
export async function listenUnix(path: string, init: ListenInit): Promise<Listener> {
  await prepareSocket(path)
  const unix = unixTransport(path, { onSocket: () => init.room(), onError: (error) => init.onError(error) })
  const close = await start(multiserver([[unix]]), path, init, (wire) => {
    init.onAccepted({ wire, socket: established(wire).socket, publicKey: undefined })
  })
  return { close }
}

const multiserverOf = (transport: Transport, transform: Transform) => multiserver([[transport, transform]])

async function start(
  server: ReturnType<typeof multiserver>,
  where: string,
  init: ListenInit,
  onConnection: (wire: Wire) => void,
): Promise<() => Promise<void>> {
  const close = await new Promise<(done: () => void) => void>((resolve, reject) => {
    const stop = server.server(
      onConnection,
      (error) => init.onError(error),
      (error) => {
        if (error)
          reject(new MarmaladeError('LISTEN_FAILED', `cannot listen on ${where} (${codeOf(error)})`, { cause: error }))
        else resolve(stop)
      },
    )
  })
  return () => new Promise((resolve) => close(() => resolve()))
}

const codeOf = (error: Error & { code?: unknown }): string =>
  typeof error.code === 'string' ? error.code : error.message

/** Where a player who listens there can be dialled: the places configured as public first, its own loopback last. */
export function addressesOf(player: PlayerId, bound: AddressInfo, configured: readonly string[]): string[] {
  const far = configured.map((text) => parsePublic(text, bound.port))
  const near = hostsOf(bound).map((host) => ({ host, port: bound.port }))
  return [...new Set([...far, ...near].map(({ host, port }) => formatAddress({ host, port, player })))]
}

/** The hosts of a listening socket: its own, or those of every interface where it has none. */
function hostsOf(bound: AddressInfo): string[] {
  const any = bound.address === '::' || bound.address === '0.0.0.0'
  if (!any) return [bound.address]
  const found = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? [])
  const fit = found.filter(
    ({ family, address }) => (bound.address === '::' || family === 'IPv4') && !address.startsWith('fe80'),
  )
  const near = fit.filter(({ internal }) => internal)
  const far = fit.filter(({ internal }) => !internal)
  return [...far, ...near].map(({ address }) => address)
}
