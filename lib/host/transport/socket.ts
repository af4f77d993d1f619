import type { Socket } from 'node:net'
import type { Wire } from 'multiserver'
import type pull from 'pull-stream'
import { NO_LIMITS, Throttle } from './bucket.ts'
import type { RateLimits } from './bucket.ts'

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
 * the socket to drain. Neither goes faster than its limit, which counts the bytes of the socket.
 */
export function wireOf(socket: Socket, address: string, limits: RateLimits = NO_LIMITS): Wire<SocketMeta> {
  const meta: SocketMeta = { socket, established: false }
  const reader = new Reader(meta, new Throttle(limits.down))
  return {
    address,
    meta,
    source: reader.read,
    sink: (read) => {
      write(socket, read, new Throttle(limits.up), () => {
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
  #held = false
  readonly #meta: SocketMeta
  readonly #throttle: Throttle

  constructor(meta: SocketMeta, throttle: Throttle) {
    this.#meta = meta
    this.#throttle = throttle
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
    this.#next()
  }

  #finish(end: true | Error): void {
    this.#end ??= end
    // Nothing more comes, so nothing has to be slowed down.
    this.#throttle.stop()
    this.#held = false
    this.#serve()
  }
  #next(): void {
    if (this.#held) return
    if (this.#pieces.length === 0 && this.#end === undefined) this.#meta.socket.resume()
    this.#serve()
  }
  #serve(): void {
    const asked = this.#asked
    if (!asked || this.#held) return
    const piece = this.#pieces.shift()
    if (piece === undefined && this.#end === undefined) return
    this.#asked = undefined
    if (piece === undefined) {
      asked(this.#end ?? true)
      return
    }
    this.#held = this.#end === undefined && this.#throttle.holds(piece.length, () => this.#release())
    asked(null, piece)
  }
  #release(): void {
    this.#held = false
    if (this.#asked) this.#next()
  }
}

/** Writes all that `read` gives. It ends the socket at the end and destroys it at an error. */
function write(socket: Socket, read: pull.Source<Buffer>, throttle: Throttle, onEnd: () => void): void {
  let done = false
  socket.on('close', () => {
    throttle.stop()
    if (done) return
    done = true
    read(true, () => undefined)
  })
  let looping = false
  let ready = true
  let waits = 0
  const onPiece: pull.SourceCallback<Buffer> = (end, piece) => {
    if (end !== null && end !== false) {
      if (done) return
      done = true
      if (end === true) socket.end()
      else socket.destroy()
      onEnd()
      return
    }
    if (piece === undefined) {
      release()
      return
    }
    // For the socket to drain, and for the limit.
    waits = 1
    if (!socket.write(piece)) {
      waits++
      socket.once('drain', release)
    }
    if (throttle.holds(piece.length, release)) waits++
    release()
  }
  function release(): void {
    waits = Math.max(0, waits - 1)
    if (waits > 0) return
    ready = true
    loop()
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
