import { chmod, lstat, mkdir, rm } from 'node:fs/promises'
import { connect, createServer } from 'node:net'
import type { Socket } from 'node:net'
import { dirname } from 'node:path'
import type { Transport } from 'multiserver'
import { MarmaladeError } from '../../base/index.ts'
import { wireOf } from './socket.ts'

/** A socket's path must fit into the kernel's 108 bytes with a closing zero (104 on macOS). */
const LONGEST_PATH = 103

/**
 * Makes the socket's directory with mode 0700: whoever can enter it may do everything that the owner of the node may.
 * @throws MarmaladeError SOCKET_UNSAFE where it is a link or somebody else's
 */
async function secureDirectory(path: string): Promise<void> {
  const directory = dirname(path)
  await mkdir(directory, { recursive: true, mode: 0o700 })
  const found = await lstat(directory)
  if (!found.isDirectory() || (process.getuid && found.uid !== process.getuid())) {
    throw new MarmaladeError(
      'SOCKET_UNSAFE',
      `${directory} is a link or belongs to another user: remove it and start again`,
    )
  }
  await chmod(directory, 0o700)
}

/** Whether a socket can have this path: beyond its bound the system cuts it off and takes the rest for the name. */
export const fitsSocket = (path: string): boolean => Buffer.byteLength(path) <= LONGEST_PATH

/** Whether a live process listens there. */
export function isListening(path: string): Promise<boolean> {
  return new Promise((answer) => {
    const socket = connect(path)
    const settle = (listening: boolean): void => {
      socket.destroy()
      answer(listening)
    }
    socket.once('connect', () => settle(true))
    socket.once('error', () => settle(false))
  })
}

/**
 * Readies a path to be listened on: a safe directory, and no socket that a node left behind when it was killed.
 * @throws MarmaladeError SOCKET_UNSAFE, SOCKET_IN_USE, LISTEN_FAILED
 */
export async function prepareSocket(path: string): Promise<void> {
  if (!fitsSocket(path)) {
    throw new MarmaladeError('LISTEN_FAILED', `${path} is too long for a socket: ${LONGEST_PATH} bytes are the most`)
  }
  await secureDirectory(path)
  if (await isListening(path)) {
    throw new MarmaladeError('SOCKET_IN_USE', `a node listens on ${path} already: stop it first (marmalade shutdown)`)
  }
  await rm(path, { force: true })
}

export interface UnixInit {
  /** Sees every client before anything is read from it. Answers whether it may stay. */
  onSocket(socket: Socket): boolean
  /** A fault of the listening socket after it has started. */
  onError(error: Error): void
}

/** The local transport in multiserver's shape. There is no handshake: the directory's mode decides who comes in. */
export function unixTransport(path: string, init: UnixInit): Transport {
  const address = `unix:${path}`
  return {
    name: 'unix',
    scope: () => 'device',
    server(onConnection, started) {
      const server = createServer((socket) => {
        socket.on('error', () => undefined)
        if (init.onSocket(socket)) onConnection(wireOf(socket, address))
        else socket.destroy()
      })
      server.once('error', started)
      server.listen(path, () => {
        server.off('error', started)
        server.on('error', (error) => init.onError(error))
        started()
      })
      return (done) => server.close(() => done?.())
    },
    client(_address, connected) {
      const socket = connect(path)
      socket.once('error', connected)
      socket.once('connect', () => {
        socket.off('error', connected)
        socket.on('error', () => undefined)
        connected(null, wireOf(socket, address))
      })
      return () => socket.destroy()
    },
    parse: (text) => (text.startsWith('unix:') ? { path: text.slice('unix:'.length) } : null),
    stringify: () => address,
  }
}
