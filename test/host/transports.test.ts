import { chmod, mkdir, stat, symlink, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { once } from 'node:events'
import { join } from 'node:path'
import test from 'tape'
import { fromBase64 } from '../../lib/base/index.ts'
import { connectLocal, formatAddress, Host, isListening, NETWORK_KEY, parseAddress } from '../../lib/host/index.ts'
import { netTransport } from '../../lib/host/transport/net.ts'
import { unixTransport } from '../../lib/host/transport/unix.ts'
import { bandContract, bandPlugin } from '../helpers/band-plugin.ts'
import { addressOf, codeOf, failureOf, freshKeys, memoryLog, Teardown } from '../helpers/hosts.ts'
import { transportSuite } from '../suites/transport.ts'

transportSuite(test, 'TCP', async () => ({
  make: (hooks) => netTransport({ listen: { host: '127.0.0.1', port: 0 }, ...hooks }),
  address: (transport) => transport.parse(transport.stringify() ?? '') ?? {},
  teardown: () => Promise.resolve(),
}))
transportSuite(test, 'Unix socket', async () => {
  const down = new Teardown()
  const path = join(await down.folder(), 'socket')
  return { make: (hooks) => unixTransport(path, hooks), address: () => ({ path }), teardown: () => down.run() }
})

test('addresses', (t) => {
  const { id } = freshKeys()
  for (const host of ['192.168.1.20', 'node.example.org', '::1', 'fe80::1%eth0', 'localhost']) {
    const address = { host, port: 2468, player: id }
    t.deepEqual(parseAddress(formatAddress(address)), address, host)
  }
  t.equal(parseAddress(`net:[::1]:2468~shs:${id.slice(1, 45)}`).host, '::1', 'brackets may stand')
  const wrong = [
    'net::1~shs:',
    `net:host:0~shs:${id.slice(1, 45)}`,
    `net:host;rm:1~shs:${id.slice(1, 45)}`,
    `net:host:1~shs:${'B'.repeat(43)}=`,
  ]
  for (const text of wrong) t.throws(() => parseAddress(text), { code: 'ADDRESS_INVALID' }, text)
  t.equal(NETWORK_KEY.length, 32)
  t.deepEqual(NETWORK_KEY, fromBase64('2N4E05x6Vv2NuseDhkxJNQc3mnICkJkGwkLrZi2wZb0='), 'as docs/rpc.md has it')
  t.end()
})

test('the local client: everything is allowed, and no node is no mystery', async (t) => {
  const down = new Teardown()
  const path = join(await down.folder(), 'run', 'socket')
  const absent = (await failureOf(connectLocal(path))) as Error & { code?: string }
  t.equal(absent.code, 'NODE_NOT_RUNNING')
  t.ok(absent.message.includes('marmalade start'), absent.message)

  const host = await down.host({ plugins: [bandPlugin], socketPath: path })
  t.equal((await stat(join(path, '..'))).mode & 0o777, 0o700, 'the directory is its owner’s alone')
  const node = await connectLocal(path)
  const remote = node.remote(bandContract)
  t.deepEqual(await remote.whoami(), { role: 'self', caller: host.id })
  t.equal(host.connections().length, 0, 'a local client is no player')
  const counts: number[] = []
  for await (const n of remote.counts({ to: 3 })) counts.push(n)
  t.deepEqual(counts, [0, 1, 2])
  let pieces = 0
  for await (const piece of remote.archive({ pieces: 100 })) pieces += piece.length
  t.equal(pieces, 100 * 16 * 1024, 'the most that one call gives does not bind it')
  await node.close()
  await node.close()
  t.equal(await codeOf(remote.whoami()), 'CLOSED')

  const other = await connectLocal(path)
  await host.close()
  if (!other.signal.aborted) await once(other.signal, 'abort')
  t.equal((other.signal.reason as { code?: string }).code, 'CLOSED', 'a node that stops says so')
  t.equal(await codeOf(connectLocal(path)), 'NODE_NOT_RUNNING')
  await down.run()
})

test('two nodes cannot have one socket; one that was killed leaves none in the way', async (t) => {
  const down = new Teardown()
  const path = join(await down.folder(), 'run', 'socket')
  const first = await down.host({ socketPath: path })
  const init = { keys: freshKeys(), log: memoryLog(), plugins: [] }
  const second = new Host({ ...init, socketPath: path })
  t.equal(await codeOf(second.open()), 'SOCKET_IN_USE')
  t.ok(await isListening(path), 'and the first is not disturbed')
  await first.close()
  await writeFile(path, '')
  await down.host({ socketPath: path })
  t.ok(await isListening(path), 'what lay in the way is taken away')

  const bound = await down.host()
  const { port } = parseAddress(addressOf(bound))
  t.equal(await codeOf(new Host({ ...init, listen: { host: '127.0.0.1', port } }).open()), 'LISTEN_FAILED')
  t.equal(await codeOf(new Host({ ...init, listen: { host: '203.0.113.1', port: 0 } }).open()), 'LISTEN_FAILED')
  t.throws(() => new Host({ ...init, networkKey: new Uint8Array(5) }), { code: 'OPTIONS_INVALID' })
  await down.run()
})

test('the directory of the socket must be ours', async (t) => {
  const down = new Teardown()
  const folder = await down.folder()
  await mkdir(join(folder, 'elsewhere'))
  await symlink(join(folder, 'elsewhere'), join(folder, 'run'))
  const init = { keys: freshKeys(), log: memoryLog(), plugins: [] }
  t.equal(await codeOf(new Host({ ...init, socketPath: join(folder, 'run', 'socket') }).open()), 'SOCKET_UNSAFE')
  await mkdir(join(folder, 'open'), { mode: 0o777 })
  await chmod(join(folder, 'open'), 0o777)
  await down.host({ socketPath: join(folder, 'open', 'socket') })
  t.equal((await stat(join(folder, 'open'))).mode & 0o777, 0o700, 'one that was open to others is closed')

  const far = createServer((socket) => socket.destroy()).listen(join(folder, 'deaf'))
  await once(far, 'listening')
  const node = await connectLocal(join(folder, 'deaf'))
  t.equal(await codeOf(node.remote(bandContract).whoami()), 'CONNECTION_LOST', 'what answers there is no node')
  await node.close()
  await new Promise((resolve) => far.close(resolve))
  t.equal(
    await codeOf(connectLocal(`${folder}/${'x'.repeat(200)}`)),
    'CONNECT_FAILED',
    'a path that no socket can have',
  )
  t.equal(await codeOf(new Host({ ...init, socketPath: `${folder}/${'x'.repeat(200)}` }).open()), 'LISTEN_FAILED')
  await down.run()
})
