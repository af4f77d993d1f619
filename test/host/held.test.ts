import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'
import test from 'tape'
import { formatAddress, parseAddress } from '../../lib/host/index.ts'
import type { Host } from '../../lib/host/index.ts'
import { bandContract, bandPlugin } from '../helpers/band-plugin.ts'
import { addressOf, connected, freshKeys, memoryLog, Teardown } from '../helpers/hosts.ts'

const codeOfEnd = (host: Host): Promise<string> =>
  new Promise((resolve) => host.onDisconnect((_link, reason) => resolve((reason as { code?: string }).code ?? '')))

/** Something between two hosts that can be told to pass nothing on: the ends towards callers, those towards the host. */
interface Between {
  readonly address: string
  readonly near: Socket[]
  readonly far: Socket[]
}
async function between(down: Teardown, host: Host): Promise<Between> {
  const { port } = parseAddress(addressOf(host))
  const near: Socket[] = []
  const far: Socket[] = []
  const server = createServer((socket) => {
    const onward = connect(port, '127.0.0.1')
    socket.pipe(onward).pipe(socket)
    for (const end of [socket, onward]) down.add(end, (it) => it.destroy()).on('error', () => undefined)
    near.push(socket)
    far.push(onward)
  }).listen(0, '127.0.0.1')
  down.add(server, (it) => it.close())
  await once(server, 'listening')
  const listening = server.address() as AddressInfo
  return { address: formatAddress({ host: '127.0.0.1', port: listening.port, player: host.id }), near, far }
}

test('a key on two machines: the one that is connected stays a while, as long as it answers', async (t) => {
  const down = new Teardown()
  const keys = freshKeys()
  const log = memoryLog()
  const host = await down.host({ log, settings: { answerTimeout: 2_000 } })
  const first = await down.host({ keys })
  await first.connect(addressOf(host))
  const second = await down.host({ keys })
  const turnedAway = codeOfEnd(second)
  await second.connect(addressOf(host))
  t.equal(await turnedAway, 'CONNECTION_LOST', 'the other is hung up on')
  const why = log.lines.map(({ fields }) => (fields as { err?: { code?: string } }).err?.code)
  t.ok(why.includes('CONNECTION_HELD'), why.join(' '))
  t.equal(first.connections().length, 1, 'and the first goes on')
  await down.run()
})

test('a connection that does not answer gives way to the next at once', async (t) => {
  const down = new Teardown()
  const keys = freshKeys()
  const host = await down.host({ settings: { answerTimeout: 100 } })
  const through = await between(down, host)
  const first = await down.host({ keys })
  const arrived = connected(host)
  await first.connect(through.address)
  await arrived
  for (const socket of [...through.near, ...through.far]) socket.unpipe().pause()
  const replaced = codeOfEnd(host)
  const second = await down.host({ keys })
  await second.connect(addressOf(host))
  t.equal(await replaced, 'CONNECTION_REPLACED')
  t.equal(host.connections().length, 1)
  await down.run()
})

test('a peer that talks but never reads is found out', async (t) => {
  const down = new Teardown()
  const host = await down.host({ settings: { keepalive: 40 }, plugins: [bandPlugin] })
  const other = await down.host()
  const through = await between(down, host)
  const connection = await other.connect(through.address)
  const gone = codeOfEnd(host)
  // What the host says goes no further, but the other goes on asking.
  for (const socket of through.far) socket.unpipe().pause()
  const remote = connection.remote(bandContract)
  const asking = setInterval(() => {
    for (let call = 0; call < 8; call++) {
      const pieces = remote.archive({ pieces: 200 })
      void pieces[Symbol.asyncIterator]()
        .next()
        .catch(() => undefined)
    }
  }, 10)
  const code = await gone
  clearInterval(asking)
  t.ok(code === 'CONNECTION_DEAD' || code === 'CONNECTION_OVERRUN', code)
  await down.run()
})
