import { once } from 'node:events'
import { createServer, type AddressInfo, type Socket } from 'node:net'
import test from 'tape'
import { formatAddress, parseAddress } from '../../../lib/host/index.ts'
import { addressOf, codeOf, freshKeys, Teardown } from '../../helpers/hosts.ts'

test('race: an address that comes while another is being dialled is tried beside it', async (t) => {
  const down = new Teardown()
  const [here, there] = [
    await down.host({ settings: { connectTimeout: 600_000, handshakeTimeout: 600_000 } }),
    await down.host(),
  ]
  const sockets: Socket[] = []
  const silent = down.add(createServer((socket) => sockets.push(socket)).listen(0, '127.0.0.1'), (it) => {
    for (const socket of sockets) socket.destroy()
    it.close()
  })
  await once(silent, 'listening')
  const quiet = formatAddress({ host: '127.0.0.1', port: (silent.address() as AddressInfo).port, player: there.id })
  const first = here.connect(quiet)
  await once(silent, 'connection')
  const again = here.connect(quiet)
  const second = here.connect([quiet, addressOf(there)])
  const connection = await second
  t.equal(connection.address, addressOf(there), 'the one that answers')
  t.equal(here.connections().length, 1)
  t.equal(sockets.length, 1, 'what is being dialled is not dialled again')
  t.equal(await first, connection, 'who asked for the other one alone gets it too')
  t.equal(await again, connection)
  await down.run()
})

test('race: of several addresses the first that proves to be the player counts, and a dead one costs little', async (t) => {
  const down = new Teardown()
  const [here, there] = [await down.host(), await down.host()]
  const sockets: Socket[] = []
  const silent = down.add(createServer((socket) => sockets.push(socket)).listen(0, '127.0.0.1'), (it) => {
    for (const socket of sockets) socket.destroy()
    it.close()
  })
  await once(silent, 'listening')
  const at = (port: number): string => formatAddress({ host: '127.0.0.1', port, player: there.id })
  const quiet = at((silent.address() as AddressInfo).port)
  const { port } = parseAddress(addressOf(there))
  const connection = await here.connect([quiet, at(1), at(port)])
  t.equal(connection.address, at(port), 'the one that answers')
  t.equal(await here.connect([quiet]), connection, 'whoever is connected is not dialled')
  t.equal(here.connections().length, 1)
  await connection.close()
  t.equal(
    await codeOf(here.connect([at(1), at(2)])),
    'CONNECT_REFUSED',
    'where none answers: what was wrong with the first',
  )
  t.equal(await codeOf(here.connect([])), 'ADDRESS_INVALID')
  const others = formatAddress({ host: '127.0.0.1', port, player: freshKeys().id })
  t.equal(await codeOf(here.connect([at(port), others])), 'ADDRESS_INVALID', 'addresses of one player')
  await down.run()
})
