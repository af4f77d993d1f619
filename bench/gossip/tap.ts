import { once } from 'node:events'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'

/** Stands between two nodes and counts the bytes that pass. */
export class Tap {
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  /** From who dials, and to it. */
  up = 0
  down = 0

  private constructor(server: Server) {
    this.#server = server
  }

  /** Listens on a port of the system's choice for what is to go to another port of this machine. */
  static async open(port: number): Promise<Tap> {
    const server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    const tap = new Tap(server)
    server.on('connection', (socket) => tap.#join(socket, connect(port, '127.0.0.1')))
    return tap
  }

  get port(): number {
    const address = this.#server.address()
    return typeof address === 'object' && address ? address.port : 0
  }

  /** Resolves when nothing has passed for so long, with how much had since the count began. */
  async quiet(millis: number, longest = 60_000): Promise<number> {
    const deadline = performance.now() + longest
    for (let seen = -1; performance.now() < deadline;) {
      const now = this.up + this.down
      if (now === seen) return now
      seen = now
      await wait(millis)
    }
    throw new Error('the two never fell silent')
  }

  /** Counts from nothing again. */
  reset(): void {
    this.up = 0
    this.down = 0
  }

  close(): void {
    for (const socket of this.#sockets) socket.destroy()
    this.#server.close()
  }

  #join(dialling: Socket, answering: Socket): void {
    for (const socket of [dialling, answering]) {
      socket.setNoDelay(true)
      this.#sockets.add(socket)
      socket.on('error', () => undefined)
      socket.once('close', () => {
        this.#sockets.delete(socket)
        dialling.destroy()
        answering.destroy()
      })
    }
    dialling.on('data', (bytes) => (this.up += bytes.length)).pipe(answering)
    answering.on('data', (bytes) => (this.down += bytes.length)).pipe(dialling)
  }
}
