import multiserver from 'multiserver'
import type { Wire } from 'multiserver'
import { MarmaladeError } from '../base/index.ts'
import { closed, endSocket, established } from './transport/socket.ts'
import { fitsSocket, unixTransport } from './transport/unix.ts'
import type { Contract, Remote } from './types.ts'
import { Running } from './wire/calls.ts'
import { toWire } from './wire/errors.ts'
import { Session } from './wire/session.ts'

/** A node on this machine, as its owner sees it. */
export interface LocalNode {
  /** The node's methods, typed by a contract. */
  remote<C extends Contract>(contract: C): Remote<C>
  /** Aborted, with the reason, when the node has gone. */
  readonly signal: AbortSignal
  /** Idempotent. */
  close(): Promise<void>
}

/**
 * Connects to the node that listens on a Unix socket: everything is allowed.
 * @throws MarmaladeError NODE_NOT_RUNNING, NOT_ALLOWED where the socket is another user's, CONNECT_FAILED
 */
export async function connectLocal(socketPath: string): Promise<LocalNode> {
  const wire = await open(socketPath)
  const { socket } = established(wire)
  const gone = closed(socket)
  const controller = new AbortController()
  let closing: Promise<void> | undefined
  const session = new Session({
    wire,
    table: new Map(),
    reception: { admit: refuse, limited: () => true, report: toWire },
    maxCalls: 1,
    running: new Running(),
    onEnd: (reason) => {
      controller.abort(reason)
      closing ??= endSocket(socket, gone)
    },
  })
  return {
    remote: (contract) => session.remote(contract),
    signal: controller.signal,
    close: () => {
      const reason = new MarmaladeError('CLOSED', 'the connection to the node was closed')
      closing ??= session.close(reason).then(() => endSocket(socket, gone))
      return closing
    },
  }
}

const refuse = () => Promise.reject(new MarmaladeError('METHOD_UNKNOWN', 'a client answers no calls'))

async function open(path: string): Promise<Wire> {
  if (!fitsSocket(path)) throw new MarmaladeError('CONNECT_FAILED', `${path} is too long for a socket`)
  return new Promise((resolve, reject) => {
    const unix = unixTransport(path, { onSocket: () => true, onError: () => undefined })
    multiserver([[unix]]).client(`unix:${path}`, (error, wire) => {
      if (wire && !error) resolve(wire)
      else reject(failure(error ?? new Error('no stream'), path))
    })
  })
}

function failure(cause: Error & { code?: unknown }, path: string): MarmaladeError {
  const absent = cause.code === 'ENOENT' || cause.code === 'ECONNREFUSED' || cause.code === 'ENOTDIR'
  if (absent) {
    return new MarmaladeError(
      'NODE_NOT_RUNNING',
      'no node runs on this home: start one with `marmalade start --detach`',
      {
        cause,
      },
    )
  }
  if (cause.code === 'EACCES' || cause.code === 'EPERM') {
    return new MarmaladeError('NOT_ALLOWED', `${path} belongs to another user`, { cause })
  }
  return new MarmaladeError('CONNECT_FAILED', `cannot reach the node at ${path} (${String(cause.code)})`, { cause })
}
