import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'
import pull from 'pull-stream'
import test from 'tape'
import { Bucket } from '../../../lib/host/transport/bucket.ts'
import { wireOf } from '../../../lib/host/transport/socket.ts'
import { bandContract, bandPlugin } from '../../helpers/band-plugin.ts'
import { addressOf, Teardown } from '../../helpers/hosts.ts'

const RATE = 1_000_000

test('limits: over any while no more passes than rate and burst allow, and no less where there is enough', (t) => {
  const bucket = new Bucket(RATE, 0)
  const burst = RATE / 10
  let now = 0
  let passed = 0
  for (let piece = 0; piece < 2_000; piece++) {
    const bytes = 1 + ((piece * 7_919) % 65_536)
    passed += bytes
    now += bucket.take(bytes, now)
    if (passed > (now * RATE) / 1_000 + burst + 1e-3) break
  }
  t.ok(passed > (now * RATE) / 1_000, 'the burst besides')
  t.ok(passed <= (now * RATE) / 1_000 + burst + 1e-3, `${passed} bytes in ${now} ms`)
  const quiet = now + 60_000
  t.equal(bucket.take(burst, quiet), 0, 'a minute of quiet gives a burst')
  t.equal(bucket.take(1_000, quiet), 1, 'and no more: a thousand bytes are a millisecond')
  t.equal(bucket.take(0, quiet - 5_000), 1, 'a clock that goes back gives nothing')
  t.end()
})

test('limits: a small rate lets one piece of a socket through at once', (t) => {
  const bucket = new Bucket(16_384, 0)
  t.equal(bucket.take(16_384, 0), 0)
  t.equal(bucket.take(16_384, 0), 1_000)
  t.end()
})

for (const [which, limits] of [
  ['up', { up: 16_384, down: 0 }],
  ['down', { up: 0, down: 16_384 }],
] as const) {
  test(`limits: a connection that is limited ${which} holds back what one without does not`, async (t) => {
    const down = new Teardown()
    const server = down.add(createServer().listen(0, '127.0.0.1'), (it) => it.close())
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    const pair = async (): Promise<[Socket, Socket]> => {
      const near = down.add(connect(port, '127.0.0.1'), (it) => it.destroy())
      const [far] = (await once(server, 'connection')) as [Socket]
      return [near, down.add(far, (it) => it.destroy())]
    }
    const pieces = Array.from({ length: 12 }, (_, at) => Buffer.alloc(16_384, at))
    const whole = (socket: Socket, held: typeof limits | undefined, got: Buffer[]): Promise<void> =>
      new Promise((resolve) => {
        const { source } = wireOf(socket, '', which === 'down' ? held : undefined)
        pull(
          source,
          pull.drain(
            (piece) => void got.push(piece),
            () => resolve(),
          ),
        )
      })
    const [slowNear, slowFar] = await pair()
    const [fastNear, fastFar] = await pair()
    const got = { slow: [] as Buffer[], fast: [] as Buffer[] }
    const slow = whole(slowFar, limits, got.slow)
    const fast = whole(fastFar, undefined, got.fast)
    pull(pull.values(pieces), wireOf(slowNear, '', which === 'up' ? limits : undefined).sink)
    pull(pull.values(pieces), wireOf(fastNear, '').sink)
    await fast
    t.ok(Buffer.concat(got.fast).equals(Buffer.concat(pieces)), 'without a limit all has come')
    const early = got.slow.reduce((sum, piece) => sum + piece.length, 0)
    t.ok(early < 12 * 16_384, `with one, ${early} bytes of ${12 * 16_384} have`)
    // What is not let through in time is cut off: nobody waits for it.
    slowNear.destroy()
    await slow
    await down.run()
  })
}

test('limits: a node that is limited still answers, and all of it arrives', async (t) => {
  const down = new Teardown()
  const limits = { up: 2_000_000, down: 2_000_000 }
  const a = await down.host({ settings: { limits } })
  const b = await down.host({ plugins: [bandPlugin], settings: { limits } })
  const link = await a.connect(addressOf(b))
  t.ok((await link.ping()) >= 0)
  t.equal(typeof link.roundTrip, 'number')
  let bytes = 0
  for await (const piece of link.remote(bandContract).archive({ pieces: 20 })) bytes += piece.length
  t.equal(bytes, 20 * 16 * 1024)
  await down.run()
})
