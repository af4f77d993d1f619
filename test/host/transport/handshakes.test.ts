import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import test from 'tape'
import { parseAddress } from '../../../lib/host/index.ts'
import { subscriberOf } from '../../../lib/host/rates.ts'
import { addressOf, Teardown } from '../../helpers/hosts.ts'

/** Sockets that may be in their handshake at once: docs/rpc.md. */
const MOST_WAITING = 64

const gone = async (socket: Socket): Promise<void> => {
  if (!socket.closed) await once(socket, 'close')
}

test('handshakes: an address that opens ever more sockets loses its own oldest, and nobody else any', async (t) => {
  const down = new Teardown()
  // Long enough that nothing in this test ends by it.
  const often = { perSecond: 1_000, burst: 1_000 }
  const arrivals = { one: often, all: often, breach: 1, apart: true }
  const host = await down.host({ settings: { handshakeTimeout: 600_000, connectTimeout: 600_000, arrivals } })
  const { port } = parseAddress(addressOf(host))
  const silent = async (localAddress: string): Promise<Socket> => {
    const socket = connect({ host: '127.0.0.1', port, localAddress })
    down.add(socket, (it) => it.destroy())
    socket.on('error', () => undefined).resume()
    await once(socket, 'connect')
    return socket
  }
  const quiet = await silent('127.0.0.3')
  const greedy: Socket[] = []
  for (let n = 0; n < 100; n++) greedy.push(await silent('127.0.0.2'))
  // One of the 64 is the quiet one; the others who stay are the last 63.
  const dropped = greedy.slice(0, 100 - MOST_WAITING + 1)
  await Promise.all(dropped.map(gone))
  t.notOk(quiet.closed, 'who came first of all, and has one socket, keeps it')
  t.deepEqual(
    greedy.slice(dropped.length).filter(({ closed }) => closed),
    [],
    'and the newest of the greedy stay',
  )
  const newcomer = await down.host({ settings: { connectTimeout: 600_000, handshakeTimeout: 600_000 } })
  await newcomer.connect(addressOf(host))
  t.pass('a newcomer comes in while all places are taken')
  await gone(greedy[dropped.length] ?? quiet)
  t.notOk(quiet.closed, 'in the place of a greedy one')
  await down.run()
})

test('handshakes: an address counts as itself, of IPv6 as the /64 that one subscriber has', (t) => {
  t.equal(subscriberOf('127.0.0.2'), '127.0.0.2')
  t.equal(subscriberOf('::ffff:127.0.0.2'), '127.0.0.2')
  t.equal(subscriberOf('2001:db8:1:2::9'), subscriberOf('2001:db8:1:2:3:4:5:6'))
  t.notEqual(subscriberOf('2001:db8:1:2::9'), subscriberOf('2001:db8:1:3::9'))
  t.end()
})
