/**
 * A peer of ssb-db2 with ssb-ebt over secret-handshake, in its usual setting, in a process of its own: the source is filled
 * first, then another draws from it until all is added and indexed.
 */
import { createReadStream } from 'node:fs'
import { createServer } from 'node:net'
import { createInterface } from 'node:readline'
import { setTimeout as wait } from 'node:timers/promises'
import { serveMethods } from '../kit/actor.ts'
import { author } from '../data/jam-entries.ts'
import { type Callback, loadPeer, promised } from '../data/peers.ts'

interface Sbot {
  readonly db: {
    add(message: object, callback: Callback<unknown>): void
    onDrain(index: string, callback: () => void): void
    onMsgAdded(listener: () => void): void
  }
  readonly ebt: { request(id: string, on: boolean): void }
  getAddress(scope: string): string
  connect(address: string, callback: Callback<unknown>): void
  close(error: boolean, callback: Callback<unknown>): void
}
interface Stack {
  use(plugin: unknown): Stack
  call(self: null, config: object): Sbot
}

/** What it buffers is written within this time; it offers no way to wait for it. */
const SETTLE_MILLIS = 600

let sbot: Sbot | undefined
const opened = (): Sbot => {
  if (!sbot) throw new Error('the peer is not open')
  return sbot
}

async function drained({ db }: Sbot): Promise<void> {
  for (const index of ['base', 'keys', 'ebt']) await promised((done) => db.onDrain(index, () => done(null, undefined)))
}
const settled = (): Promise<void> => wait(SETTLE_MILLIS)

/** multiserver's own TCP cannot listen on a port of the system's choice. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', () => resolve(undefined)))
  const address = server.address()
  await new Promise((resolve) => server.close(resolve))
  return typeof address === 'object' && address ? address.port : 0
}

serveMethods(
  {
    async open(folder: string) {
      const stack = loadPeer<(config: object) => Stack>('secret-stack')
      const { shs } = loadPeer<{ shs: string }>('ssb-caps')
      const { generate } = loadPeer<{ generate: () => object }>('ssb-keys')
      const port = await freePort()
      sbot = ['ssb-db2', 'ssb-db2/compat/ebt', 'ssb-ebt']
        .map((name) => loadPeer<unknown>(name))
        .reduce<Stack>((stacked, plugin) => stacked.use(plugin), stack({ appKey: shs }))
        .call(null, {
          keys: generate(),
          path: folder,
          timers: { inactivity: 600_000 },
          connections: {
            incoming: { net: [{ scope: 'device', transform: 'shs', host: '127.0.0.1', port }] },
            outgoing: { net: [{ transform: 'shs' }] },
          },
        })
      await drained(sbot)
      await settled()
      return { address: sbot.getAddress('device') }
    },

    /** Adds what a file holds, and closes. */
    async fill(file: string) {
      const { db } = opened()
      const adds: Promise<unknown>[] = []
      for await (const line of createInterface({ input: createReadStream(file) }))
        adds.push(promised((done) => db.add(JSON.parse(line) as object, done)))
      await Promise.all(adds)
      await drained(opened())
      await settled()
      await promised((done) => opened().close(true, done))
    },

    serve: () => opened().ebt.request(author().id, true),

    async draw(address: string, count: number) {
      const own = opened()
      own.ebt.request(author().id, true)
      let added = 0
      const all = new Promise<void>((resolve) => {
        // A listener that gives false is taken for one that wants no more.
        own.db.onMsgAdded(() => {
          if (++added === count) resolve()
        })
      })
      const before = process.cpuUsage()
      const began = performance.now()
      await promised((done) => own.connect(address, done))
      await all
      await drained(own)
      const ms = performance.now() - began
      const { user, system } = process.cpuUsage(before)
      return { ms, cpu: (user + system) / 1e6 }
    },

    spent() {
      const { user, system } = process.cpuUsage()
      return { cpu: (user + system) / 1e6 }
    },
  },
  // What is still to be written does not matter: with connections open it takes long to close, or does not.
  async () => undefined,
)
