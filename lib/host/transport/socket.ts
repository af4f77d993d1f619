import type { Socket } from 'node:net'
import type { Wire } from 'multiserver'
import type pull from 'pull-stream'

/** What goes along with a stream through multiserver's transforms. */
export interface SocketMeta {
  readonly socket: Socket
  /**
   * Set once the stream is in use. Before, a handshake that fails aborts its source and nothing else, and the socket goes with it;
   * after, a goodbye may still have to leave.
   */
  established: boolean
}

/**
 * A socket as multiserver's transforms want it. Nothing is read ahead of what is asked for beyond one piece; writing waits for
 * the socket to drain.
 */
export function wireOf(socket: Socket, address: string): Wire<SocketMeta> {
  const meta: SocketMeta = { socket, established: false }
  const reader = new Reader(meta)
  return {
    address,
    meta,
    source: reader.read,
    sink: (read) => {
      write(socket, read, () => {
        if (reader.aborted) socket.destroySoon()
      })
    },
  }
}

/** Marks a stream as in use. */
export function established(wire: Wire): SocketMeta {
  // Every stream here began in wireOf, and multiserver hands its meta on.
  const meta = wire.meta as SocketMeta
  meta.established = true
  return meta
}

class Reader {
  aborted = false
  #pieces: Buffer[] = []
  #end: true | Error | undefined
  #asked: pull.SourceCallback<Buffer> | undefined
  readonly #meta: SocketMeta

  constructor(meta: SocketMeta) {
    this.#meta = meta
    const { socket } = meta
    socket.on('data', (piece: Buffer) => {
      if (this.aborted) return
      this.#pieces.push(piece)
      socket.pause()
      this.#serve()
    })
    socket.on('end', () => this.#finish(true))
    socket.on('error', (error) => this.#finish(error))
    socket.on('close', () => this.#finish(true))
    socket.pause()
  }

  readonly read: pull.Source<Buffer> = (abort, callback) => {
    if (abort !== null && abort !== false) {
      this.aborted = true
      this.#pieces = []
      this.#finish(true)
      // What still comes is thrown away, so that the far side's end is seen.
      if (this.#meta.established) this.#meta.socket.resume()
      else this.#meta.socket.destroy()
      callback(abort)
      return
    }
    this.#asked = callback
    if (this.#pieces.length === 0 && this.#end === undefined) this.#meta.socket.resume()
    this.#serve()
  }

  #finish(end: true | Error): void {
    this.#end ??= end
    this.#serve()
  }
  #serve(): void {
    const asked = this.#asked
    if (!asked) return
    const piece = this.#pieces.shift()
    if (piece === undefined && this.#end === undefined) return
    this.#asked = undefined
    if (piece === undefined) asked(this.#end ?? true)
    else asked(null, piece)
  }
}

/** Writes all that `read` gives. It ends the socket at the end and destroys it at an error. */
function write(socket: Socket, read: pull.Source<Buffer>, onEnd: () => void): void {
  let done = false
  socket.on('close', () => {
    if (done) return
    done = true
    read(true, () => undefined)
  })
  let looping = false
  let ready = true
  const onPiece: pull.SourceCallback<Buffer> = (end, piece) => {
    if (end !== null && end !== false) {
      if (done) return
      done = true
      if (end === true) socket.end()
      else socket.destroy()
      onEnd()
      return
    }
    ready = piece === undefined || socket.write(piece)
    if (!ready) {
      socket.once('drain', () => {
        ready = true
        loop()
      })
    } else if (!looping) loop()
  }
  function loop(): void {
    if (looping) return
    looping = true
    while (ready && !done) {
      ready = false
      read(null, onPiece)
    }
    looping = false
  }
  loop()
}

/** How long a socket may take to close in good order, milliseconds. */
const CLOSE_TIMEOUT = 1000

/** Resolves when a socket is closed, for whatever reason. */
export const closed = (socket: Socket): Promise<void> =>
  new Promise((resolve) => {
    if (socket.closed) resolve()
    else socket.once('close', () => resolve())
  })

/** Lets what was written leave, then closes; cuts off a far side that does not close in turn. */
export async function endSocket(socket: Socket, gone: Promise<void>): Promise<void> {
  const timer = setTimeout(() => socket.destroy(), CLOSE_TIMEOUT)
  socket.end()
  socket.resume()
  await gone
  clearTimeout(timer)
}
