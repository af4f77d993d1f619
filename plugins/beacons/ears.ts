import { createSocket, type RemoteInfo, type Socket } from 'node:dgram'
import type { Log } from '../../lib/host/index.ts'
import { GROUP, type Place } from './places.ts'

interface Init {
  readonly port: number
  readonly log: Log
  readonly onDatagram: (bytes: Uint8Array, from: string) => void
}

/** The UDP sockets of one node, one for each family in use; several nodes on a machine share the port. */
export class Ears {
  readonly #init: Init
  readonly #sockets = new Map<4 | 6, Socket>()
  readonly #places: readonly Place[]

  private constructor(init: Init, places: readonly Place[]) {
    this.#init = init
    this.#places = places
  }

  /** Listens wherever there is something to be heard; what cannot be opened is said and left out. */
  static async open(init: Init, places: readonly Place[]): Promise<Ears> {
    const ears = new Ears(init, places)
    for (const family of [4, 6] as const) {
      if (places.some((place) => place.family === family)) await ears.#listen(family)
    }
    return ears
  }

  /** Sends a datagram to every place. */
  send(bytes: Uint8Array): void {
    for (const { family, to } of this.#places) {
      this.#sockets.get(family)?.send(bytes, this.#init.port, to, (error) => {
        // A network may be gone before this is known: the next look sees to it.
        if (error) this.#init.log.debug({ err: error, to }, 'a beacon was not sent')
      })
    }
  }

  async close(): Promise<void> {
    const sockets = [...this.#sockets.values()]
    this.#sockets.clear()
    await Promise.all(sockets.map((socket) => new Promise<void>((resolve) => socket.close(() => resolve()))))
  }

  async #listen(family: 4 | 6): Promise<void> {
    const { port, log, onDatagram } = this.#init
    const socket = createSocket({ type: `udp${family}`, reuseAddr: true, ...(family === 6 && { ipv6Only: true }) })
    try {
      await bound(socket, port)
      if (family === 4) socket.setBroadcast(true)
      else this.#join(socket)
    } catch (error) {
      socket.close()
      log.warn({ err: error, port }, `no beacons over IPv${family}: nodes near by are not found by themselves`)
      return
    }
    socket.on('error', (error) => log.warn({ err: error }, `beacons over IPv${family} failed`))
    socket.on('message', (bytes: Buffer, { address }: RemoteInfo) => onDatagram(bytes, address))
    socket.unref()
    this.#sockets.set(family, socket)
  }

  #join(socket: Socket): void {
    const names = new Set(this.#places.filter(({ family }) => family === 6).map(({ name }) => name))
    for (const name of names) {
      try {
        socket.addMembership(GROUP, `::%${name}`)
      } catch (error) {
        this.#init.log.debug({ err: error, name }, 'an interface takes no multicast')
      }
    }
  }
}

function bound(socket: Socket, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.once('error', reject)
    socket.bind({ port, exclusive: true }, () => {
      socket.off('error', reject)
      resolve()
    })
  })
}
