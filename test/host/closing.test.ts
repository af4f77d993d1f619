import { once } from 'node:events'
import { connect } from 'node:net'
import type { Socket } from 'node:net'
import test from 'tape'
import { z } from 'zod'
import { Band, bandContract, bandPlugin } from '../helpers/band-plugin.ts'
import { addressOf, codeOf, disconnected, freshKeys, memoryLog, tcpServer, Teardown } from '../helpers/hosts.ts'
import { async_, defineContract, definePlugin, formatAddress, parseAddress } from '../../lib/host/index.ts'
import type { Context } from '../../lib/host/index.ts'

test('a peer that falls silent is found out; one that breaks off is seen at once', async (t) => {
  const down = new Teardown()
  const a = await down.host({ settings: { keepalive: 40 } })
  const b = await down.host({ settings: { keepalive: 60_000 } })
  const { port } = parseAddress(addressOf(b))
  const through: Socket[] = []
  const proxy = await tcpServer(down, (socket) => {
    const onward = connect(port, '127.0.0.1')
    socket.pipe(onward).pipe(socket)
    for (const end of [socket, onward]) end.on('error', () => undefined)
    through.push(socket, onward)
    down.add(socket, () => {
      socket.destroy()
      onward.destroy()
    })
  })
  const address = formatAddress({ host: '127.0.0.1', port: proxy, player: b.id })
  const connection = await a.connect(address)
  const lively = new Promise((resolve) => {
    const start = connection.bytesIn
    const look = setInterval(() => {
      if (connection.bytesIn > start) {
        clearInterval(look)
        resolve(true)
      }
    }, 5)
  })
  await lively
  t.pass('a quiet connection is asked whether it lives')
  const silent = disconnected(a)
  for (const socket of through) socket.unpipe().pause()
  t.equal((await silent)[1], 'CONNECTION_DEAD')

  await a.connect(address)
  const broken = disconnected(a)
  for (const socket of through) socket.resetAndDestroy()
  t.equal((await broken)[1], 'CONNECTION_LOST')
  await down.run()
})

test('a player that dials again replaces the connection that it lost', async (t) => {
  const down = new Teardown()
  const keys = freshKeys()
  const host = await down.host({ settings: { hold: 0 } })
  const first = await down.host({ keys })
  await first.connect(addressOf(host))
  const gone = disconnected(first)
  const replaced = disconnected(host)
  const second = await down.host({ keys })
  await second.connect(addressOf(host))
  await gone
  t.equal((await replaced)[1], 'CONNECTION_REPLACED')
  t.equal(host.connections().length, 1)
  t.equal(first.connections().length, 0)
  t.equal(second.connections().length, 1, 'the newer stays')
  await down.run()
})

test('closing a host aborts its handlers, fails calls under way, and is idempotent', async (t) => {
  const down = new Teardown()
  const a = await down.host()
  const b = await down.host({ plugins: [bandPlugin] })
  const connection = await a.connect(addressOf(b))
  const call = codeOf(connection.remote(bandContract).wait())
  const serving = await b.api(Band).waiting()
  await Promise.all([b.close(), b.close()])
  t.equal(b.state, 'closed')
  t.equal((serving.reason as { code?: string }).code, 'CLOSED', 'the handler was told')
  t.equal(await call, 'CLOSED', 'and so was the caller')
  await b.close()
  t.equal(await codeOf(b.connect(addressOf(a))), 'CLOSED')
  t.equal(await codeOf(b.open()), 'CLOSED', 'it does not open again')
  await down.run()
})

test('plugins are stopped when the handlers have stopped', async (t) => {
  const down = new Teardown()
  const notes: string[] = []
  let begun: () => void = () => undefined
  const working = new Promise<void>((resolve) => (begun = resolve))
  const contract = defineContract({ work: async_({ result: z.number(), allow: 'stranger' }) })
  const slow = definePlugin({
    name: 'slow',
    contract,
    async start() {
      const work = async (_: object, { signal }: Context) => {
        begun()
        await once(signal, 'abort')
        for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve))
        notes.push('handler through')
        return 1
      }
      return { api: {}, handlers: { work }, stop: () => void notes.push('plugin stopped') }
    },
  })
  const host = await down.host({ plugins: [slow] })
  const caller = await down.host()
  const call = codeOf((await caller.connect(addressOf(host))).remote(contract).work())
  await working
  await host.close()
  t.equal(await call, 'CLOSED')
  t.deepEqual(notes, ['handler through', 'plugin stopped'])

  const deaf = definePlugin({
    name: 'deaf',
    contract,
    async start() {
      return { api: {}, handlers: { work: () => new Promise<number>(() => begun()) } }
    },
  })
  const log = memoryLog()
  const second = await down.host({ plugins: [deaf], log, settings: { handlerGrace: 20 } })
  const called = new Promise<void>((resolve) => (begun = resolve))
  const lost = codeOf((await caller.connect(addressOf(second))).remote(contract).work())
  await called
  await second.close()
  t.equal(await lost, 'CLOSED')
  t.equal(
    log.lines.filter(({ level }) => level === 'warn').length,
    1,
    'one that does not stop is waited for a while, and reported',
  )
  await down.run()
})

test('a call that is given up aborts its handler', async (t) => {
  const down = new Teardown()
  const a = await down.host()
  const b = await down.host({ plugins: [bandPlugin] })
  const connection = await a.connect(addressOf(b))
  const controller = new AbortController()
  const call = codeOf(connection.remote(bandContract).wait({}, { signal: controller.signal }))
  const serving = await b.api(Band).waiting()
  controller.abort()
  t.equal(await call, 'CANCELLED')
  if (!serving.aborted) await once(serving, 'abort')
  t.equal((serving.reason as { code?: string }).code, 'CANCELLED')
  await down.run()
})
