import type { Socket } from 'node:net'
import { MarmaladeError } from '../../base/index.ts'
import { oldestOfBusiest } from '../busiest.ts'
import { subscriberOf } from '../rates.ts'

/** Sockets that may be in their handshake at once. */
const MOST_WAITING = 64

export interface HandshakesInit {
  /** Milliseconds until a new socket must have proved its identity. */
  readonly handshakeTimeout: number
  /** Whether one more socket from that network address may come in now. */
  room(address: string | undefined): boolean
  onError(error: Error): void
}

interface Waiting {
  readonly subscriber: string
  readonly timer: NodeJS.Timeout
}

/**
 * Sockets that have not proved an identity yet: few, and not for long. Nobody is turned away because others dally: beyond the most there
 * may be, whoever has the most of them loses its oldest.
 */
export class Handshakes {
  readonly #init: HandshakesInit
  /** In the order in which they came. */
  readonly #waiting = new Map<Socket, Waiting>()

  constructor(init: HandshakesInit) {
    this.#init = init
  }

  /** Whether a socket may stay; it is given up if `finish` does not come in time. */
  admit(socket: Socket): boolean {
    const { remoteAddress } = socket
    if (!this.#init.room(remoteAddress)) return false
    const timer = setTimeout(() => {
      this.#init.onError(new MarmaladeError('HANDSHAKE_TIMEOUT', 'a caller did not finish its handshake in time'))
      socket.destroy()
    }, this.#init.handshakeTimeout)
    this.#waiting.set(socket, { subscriber: subscriberOf(remoteAddress ?? ''), timer })
    socket.once('close', () => this.finish(socket))
    if (this.#waiting.size > MOST_WAITING) this.#dropOne()
    return true
  }

  cutOff(): void {
    for (const socket of this.#waiting.keys()) socket.destroy()
  }

  /** Its handshake is over, or it is gone. */
  finish(socket: Socket): void {
    clearTimeout(this.#waiting.get(socket)?.timer)
    this.#waiting.delete(socket)
  }

  #dropOne(): void {
    const [socket] = oldestOfBusiest(this.#waiting, ([, { subscriber }]) => subscriber) ?? []
    if (!socket) return
    this.finish(socket)
    socket.destroy()
  }
}
