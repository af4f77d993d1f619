import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { connect } from 'node:net'
import test from 'tape'
import { addressOf, codeOf, freshKeys, tcpServer, Teardown } from '../helpers/hosts.ts'
import { formatAddress, parseAddress } from '../../lib/host/index.ts'

test('every way in which a connection is not made has its code', async (t) => {
  const down = new Teardown()
  const settings = { connectTimeout: 300, handshakeTimeout: 300 }
  const a = await down.host({ settings })
  const b = await down.host({ settings })
  const { player, port } = parseAddress(addressOf(b))
  const at = (to: number, who = player) => a.connect(formatAddress({ host: '127.0.0.1', port: to, player: who }))

  for (const text of [
    '',
    'net:host~shs:x',
    `net:host:99999~shs:${'A'.repeat(43)}=`,
    `ws:host:1~shs:${'A'.repeat(43)}=`,
    `net:a b:1~shs:${'A'.repeat(43)}=`,
  ]) {
    t.equal(await codeOf(a.connect(text)), 'ADDRESS_INVALID', JSON.stringify(text))
  }
  t.equal(await codeOf(at(port, freshKeys().id)), 'HANDSHAKE_FAILED', 'another player')
  const silent = await tcpServer(down, (socket) => down.add(socket, (it) => it.destroy()))
  t.equal(await codeOf(at(silent)), 'HANDSHAKE_TIMEOUT', 'somebody who says nothing')
  const rude = await tcpServer(down, (socket) => socket.destroy())
  t.equal(await codeOf(at(rude)), 'HANDSHAKE_FAILED', 'somebody who hangs up')
  const babbling = await tcpServer(down, (socket) => {
    socket.on('error', () => undefined)
    socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'.repeat(10))
  })
  t.equal(await codeOf(at(babbling)), 'HANDSHAKE_FAILED', 'somebody else')
  const closed = await tcpServer(down, () => undefined)
  await down.run()
  const c = await down.host({ settings })
  const address = formatAddress({ host: '127.0.0.1', port: closed, player })
  t.equal(await codeOf(c.connect(address)), 'CONNECT_REFUSED')
  t.equal(await codeOf(c.connect(formatAddress({ host: 'no-such-host.invalid', port: 1, player }))), 'CONNECT_FAILED')
  const other = await down.host({ networkKey: new Uint8Array(32).fill(1), settings })
  t.equal(await codeOf(c.connect(addressOf(other))), 'HANDSHAKE_FAILED', 'another network')
  t.equal(await codeOf(c.connect(address, { signal: AbortSignal.abort() })), 'CANCELLED')
  t.equal(await codeOf(a.connect(address)), 'CLOSED', 'from a host that is closed')
  await down.run()
})

test('an address that never answers is given up', async (t) => {
  const down = new Teardown()
  // A stopped process takes nothing out of its queue: once that is full, the kernel drops what knocks.
  const script =
    "const s = require('net').createServer().listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () => console.log(s.address().port))"
  const child = down.add(spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] }), (it) =>
    it.kill('SIGKILL'),
  )
  const [line] = (await once(child.stdout, 'data')) as [Buffer]
  child.kill('SIGSTOP')
  const a = await down.host({ settings: { connectTimeout: 400, handshakeTimeout: 50 } })
  const address = formatAddress({ host: '127.0.0.1', port: Number(line.toString()), player: freshKeys().id })
  let code: unknown
  for (let dials = 0; dials < 10 && code !== 'CONNECT_TIMEOUT'; dials++) code = await codeOf(a.connect(address))
  t.equal(code, 'CONNECT_TIMEOUT')
  await down.run()
})

test('a caller that dallies over its handshake is cut off', async (t) => {
  const down = new Teardown()
  const host = await down.host({ settings: { handshakeTimeout: 100 } })
  const { port } = parseAddress(addressOf(host))
  const socket = connect(port, '127.0.0.1').resume()
  await once(socket, 'close')
  t.pass('closed by the host')
  await down.run()
})

test('full is full: more are neither let in nor dialled', async (t) => {
  const down = new Teardown()
  const a = await down.host({ settings: { maxConnections: 1 } })
  const b = await down.host()
  const c = await down.host()
  await b.connect(addressOf(a))
  t.equal(await codeOf(c.connect(addressOf(a))), 'HANDSHAKE_FAILED')
  t.equal(await codeOf(a.connect(addressOf(c))), 'CONNECTIONS_FULL')
  await down.run()
})
