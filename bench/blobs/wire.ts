/** Parts of the blob bench that are secret-handshake's: its box-stream, fed 64 KiB at a time, and nothing around it. */
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import pull from 'pull-stream'
import { loadPeer, promised, type Callback } from '../data/peers.ts'
import { serveParts } from '../kit/part.ts'

interface Keys {
  readonly publicKey: Buffer
}
type Stream = pull.Duplex<Buffer, Buffer>
/** Stands between the socket's ends; the box-stream comes to the callback. */
type Greeting = Stream
interface SecretHandshake {
  toKeys(seed: Buffer): Keys
  createServer(
    keys: Keys,
    may: (id: Buffer, done: Callback<boolean>) => void,
    app: Buffer,
  ): (done: Callback<Stream>) => Greeting
  createClient(keys: Keys, app: Buffer): (server: Buffer, done: Callback<Stream>) => Greeting
}

const PIECE = 65_536
const app = createHash('sha256').update('a bench').digest()
const shs = (): SecretHandshake => loadPeer<SecretHandshake>('secret-handshake')
const keysOf = (name: string): Keys => shs().toKeys(createHash('sha256').update(name).digest())

function duplexOf(socket: Socket): Stream {
  socket.setNoDelay(true)
  socket.on('error', () => undefined)
  return loadPeer<{ duplex(socket: Socket): Stream }>('stream-to-pull-stream').duplex(socket)
}

/** A box-stream over a socket, once the handshake is through. */
function boxed(socket: Socket, side: (done: Callback<Stream>) => Greeting): Promise<Stream> {
  const wire = duplexOf(socket)
  return promised((done) => {
    const greeting = side(done)
    greeting.sink(wire.source)
    wire.sink(greeting.source)
  })
}

await serveParts({
  /** Sends so many bytes to whoever comes, until its parent lets go. */
  async send(bytes) {
    const piece = Buffer.alloc(PIECE, 7)
    const server = createServer((socket) => {
      const greet = shs().createServer(keysOf('sender'), (_id, done) => done(null, true), app)
      void boxed(socket, greet).then((stream) => {
        let left = Number(bytes)
        // It stays open at the end: the receiver hangs up.
        stream.sink((abort, next) => {
          if (abort !== null && abort !== false) next(abort)
          else if (left > 0) {
            left -= PIECE
            next(null, piece)
          }
        })
        stream.source(null, () => socket.destroy())
      })
    }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    process.send?.({ address: String((server.address() as AddressInfo).port) })
    await once(process, 'disconnect')
    process.exit(0)
  },

  /** Milliseconds until so many bytes have been opened, from the end of the handshake on. */
  async receive(port, bytes) {
    const socket = connect(Number(port), '127.0.0.1')
    const dial = shs().createClient(keysOf('receiver'), app)
    const stream = await boxed(socket, (done) => dial(keysOf('sender').publicKey, done))
    const before = process.cpuUsage()
    const began = performance.now()
    let left = Number(bytes)
    await new Promise<void>((resolve) => {
      const count = (opened: Buffer): boolean => {
        left -= opened.length
        if (left <= 0) resolve()
        return left > 0
      }
      pull.drain(count, () => resolve())(stream.source)
    })
    const ms = performance.now() - began
    if (left > 0) throw new Error(`${left} bytes did not come`)
    const { user, system } = process.cpuUsage(before)
    socket.destroy()
    return { ms, cpu: (user + system) / 1e6 }
  },
})
