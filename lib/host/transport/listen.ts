import type { AddressInfo, Socket } from 'node:net'
import { networkInterfaces } from 'node:os'
import multiserver from 'multiserver'
import type { Transform, Transport, Wire } from 'multiserver'
import { MarmaladeError } from '../../base/index.ts'
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
  /** Whether one more socket may come in now. */
  room(): boolean
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

/** Listens on TCP. @throws MarmaladeError LISTEN_FAILED */
export async function listenNet(
  at: { host: string; port: number },
  handshake: Transform,
  init: ListenInit,
): Promise<NetListener> {
  const waiting = new Handshakes(init)
  const net = netTransport({ listen: at, onSocket: (socket) => waiting.admit(socket), onError: (e) => init.onError(e) })
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

/** Sockets that have not proved an identity yet: few, and not for long. */
class Handshakes {
  readonly #init: ListenInit
  readonly #timers = new Map<Socket, NodeJS.Timeout>()

  constructor(init: ListenInit) {
    this.#init = init
  }
  admit(socket: Socket): boolean {
    if (this.#timers.size >= MOST_WAITING || !this.#init.room()) return false
    const timer = setTimeout(() => {
      this.#init.onError(new MarmaladeError('HANDSHAKE_TIMEOUT', 'a caller did not finish its handshake in time'))
      socket.destroy()
    }, this.#init.handshakeTimeout)
    this.#timers.set(socket, timer)
    socket.once('close', () => this.finish(socket))
    return true
  }
  cutOff(): void {
    for (const socket of this.#timers.keys()) socket.destroy()
  }
  finish(socket: Socket): void {
    clearTimeout(this.#timers.get(socket))
    this.#timers.delete(socket)
  }
}
const MOST_WAITING = 64

/** The addresses under which a listening socket can be dialled: its own, or those of every interface where it has none. */
export function hostsOf(bound: AddressInfo): string[] {
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
