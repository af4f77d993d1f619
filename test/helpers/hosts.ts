import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import type { Server, Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import ssbKeys from 'ssb-keys'
import test, { type Test } from 'tape'
import type { PlayerId } from '../../lib/base/index.ts'
import { Host } from '../../lib/host/index.ts'
import type { Connection, HostInit, HostKeys, Log } from '../../lib/host/index.ts'

/** What a host reported, for tests to look at. */
export interface Memory extends Log {
  readonly lines: { level: string; fields: object; message: string }[]
}
export function memoryLog(): Memory {
  const lines: Memory['lines'] = []
  const at = (level: string) => (fields: object, message: string) => void lines.push({ level, fields, message })
  return { lines, debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') }
}

/** Fresh keys as lib/keys loads them. */
export function freshKeys(): HostKeys {
  const keys = ssbKeys.generate()
  return { id: keys.id as PlayerId, public: keys.public, private: keys.private }
}

/** Things to undo at the end of a test, in reverse. */
export class Teardown {
  readonly #undo: (() => unknown)[] = []
  add<T>(thing: T, undo: (thing: T) => unknown): T {
    this.#undo.push(() => undo(thing))
    return thing
  }
  async run(): Promise<void> {
    for (const undo of this.#undo.splice(0).reverse()) await undo()
  }

  /** A host on the loopback that is open, with a free port. */
  async host(init: Partial<HostInit> = {}): Promise<Host> {
    const host = new Host({
      keys: freshKeys(),
      log: memoryLog(),
      plugins: [],
      listen: { host: '127.0.0.1', port: 0 },
      ...init,
    })
    this.add(host, (it) => it.close())
    await host.open()
    return host
  }
  /** A temporary folder. */
  async folder(): Promise<string> {
    return this.add(await mkdtemp(join(tmpdir(), 'marmalade-')), (path) => rm(path, { recursive: true, force: true }))
  }
}

/** A test with things to close: whatever happens, all are, in reverse; where it fails, what they complain of is shown. */
export function withTeardown<T extends Teardown>(
  title: string,
  make: () => T,
  complaints: (made: T) => readonly string[],
  body: (t: Test, made: T) => Promise<void>,
): void {
  test(title, async (t) => {
    const made = make()
    try {
      await body(t, made)
    } catch (error) {
      for (const line of complaints(made)) t.comment(line)
      throw error
    } finally {
      await made.run()
    }
  })
}

/** The one address of a host on the loopback. */
export function addressOf(host: Host): string {
  const [address] = host.addresses()
  if (address === undefined) throw new Error('the host does not listen')
  return address
}

/** The error that a promise fails with; it is an error where it does not. */
export async function failureOf(promise: Promise<unknown>): Promise<unknown> {
  try {
    await promise
  } catch (error) {
    return error
  }
  throw new Error('it should have failed')
}
/** The code of that error. */
export async function codeOf(promise: Promise<unknown>): Promise<unknown> {
  return ((await failureOf(promise)) as { code?: unknown }).code
}

/** The next connection of a host. */
export const connected = (host: Host): Promise<Connection> => new Promise((resolve) => host.onConnection(resolve))
/** The next connection that a host loses, and the code of why. */
export const disconnected = (host: Host): Promise<[Connection, string]> =>
  new Promise((resolve) => host.onDisconnect((it, reason) => resolve([it, (reason as { code?: string }).code ?? ''])))

/** A TCP server of the test's own on the loopback: its port. */
export async function tcpServer(down: Teardown, onSocket: (socket: Socket) => void): Promise<number> {
  const listening: Server = down.add(createServer(onSocket).listen(0, '127.0.0.1'), (it) => it.close())
  await once(listening, 'listening')
  return (listening.address() as { port: number }).port
}
