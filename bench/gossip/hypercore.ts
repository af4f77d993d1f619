/** A hypercore in a process of its own: filled and served over Noise, or drawn from another, in order to be stored. */
import { createRequire } from 'node:module'
import { connect, createServer, type Socket } from 'node:net'
import { pathToFileURL } from 'node:url'
import { readRecords } from '../data/jam-entries.ts'
import { serveMethods } from '../kit/actor.ts'

interface Core {
  readonly key: Uint8Array
  readonly length: number
  ready(): Promise<void>
  append(blocks: readonly Uint8Array[]): Promise<unknown>
  replicate(initiator: boolean): NodeJS.ReadWriteStream
  download(range: { start: number; end: number }): { done(): Promise<void> }
  close(): Promise<void>
}
type CoreClass = new (path: string, key?: Uint8Array) => Core
const BATCH = 1_000

let core: Core | undefined
let sockets: Socket[] = []
const opened = (): Core => {
  if (!core) throw new Error('the core is not open')
  return core
}

function joined(socket: Socket, stream: NodeJS.ReadWriteStream): void {
  sockets.push(socket)
  for (const end of [socket, stream]) end.on('error', () => undefined)
  socket.pipe(stream).pipe(socket)
}

serveMethods(
  {
    async open(folder: string, key?: string) {
      const entry = createRequire(new URL('../package.json', import.meta.url)).resolve('hypercore')
      const { default: Hypercore } = (await import(pathToFileURL(entry).href)) as { default: CoreClass }
      core = key === undefined ? new Hypercore(folder) : new Hypercore(folder, Buffer.from(key, 'hex'))
      await core.ready()
    },

    async fill(file: string) {
      const blocks = [...readRecords(file)].map((bytes) => Buffer.from(bytes))
      for (let at = 0; at < blocks.length; at += BATCH) await opened().append(blocks.slice(at, at + BATCH))
    },

    async serve() {
      const own = opened()
      const server = createServer((socket) => joined(socket, own.replicate(false))).listen(0, '127.0.0.1')
      await new Promise((resolve) => server.once('listening', () => resolve(undefined)))
      server.unref()
      const address = server.address()
      const port = typeof address === 'object' && address ? address.port : 0
      return { port, key: Buffer.from(own.key).toString('hex'), length: own.length }
    },

    async draw(port: number, length: number) {
      const before = process.cpuUsage()
      const began = performance.now()
      joined(connect(port, '127.0.0.1'), opened().replicate(true))
      await opened().download({ start: 0, end: length }).done()
      const ms = performance.now() - began
      const { user, system } = process.cpuUsage(before)
      return { ms, cpu: (user + system) / 1e6 }
    },

    spent() {
      const { user, system } = process.cpuUsage()
      return { cpu: (user + system) / 1e6 }
    },
  },
  async () => {
    for (const socket of sockets) socket.destroy()
    sockets = []
    await core?.close()
  },
)
