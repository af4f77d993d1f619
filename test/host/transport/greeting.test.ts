import { createHmac, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import test from 'tape'
import { parseAddress } from '../../../lib/host/index.ts'
import { isGreeting } from '../../../lib/host/transport/greeting.ts'
import { addressOf, codeOf, Teardown } from '../../helpers/hosts.ts'

const NETWORK = Buffer.alloc(32, 9)

function greeting(networkKey: Uint8Array): Buffer {
  const key = randomBytes(32)
  return Buffer.concat([createHmac('sha512', networkKey).update(key).digest().subarray(0, 32), key])
}

test('greeting: a first message is of this network or of another', (t) => {
  t.ok(isGreeting(greeting(NETWORK), NETWORK))
  t.notOk(isGreeting(greeting(Buffer.alloc(32, 8)), NETWORK))
  t.notOk(isGreeting(greeting(NETWORK).subarray(1), NETWORK))
  t.end()
})

test('greeting: who is of another network is hung up on without an answer; who is of ours is answered, in pieces too', async (t) => {
  const down = new Teardown()
  const host = await down.host({ networkKey: NETWORK, settings: { handshakeTimeout: 600_000 } })
  const { port } = parseAddress(addressOf(host))
  const dial = (): Socket => down.add(connect(port, '127.0.0.1'), (it) => it.destroy()).on('error', () => undefined)
  const foreign = dial()
  const got: Buffer[] = []
  foreign.on('data', (piece: Buffer) => got.push(piece))
  foreign.write(randomBytes(64))
  await once(foreign, 'close')
  t.deepEqual(got, [])
  const own = dial().setNoDelay()
  const bytes = greeting(NETWORK)
  own.write(bytes.subarray(0, 10))
  await once(own, 'connect')
  own.write(bytes.subarray(10))
  const [answer] = (await once(own, 'data')) as [Buffer]
  t.equal(answer.length, 64)
  t.ok(isGreeting(answer, NETWORK), 'the answer is made the same way')
  const [here, there] = [await down.host({ networkKey: NETWORK }), await down.host()]
  t.equal((await here.connect(addressOf(host))).player, host.id)
  t.equal(await codeOf(there.connect(addressOf(host))), 'HANDSHAKE_FAILED')
  await down.run()
})
