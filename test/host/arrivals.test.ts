import test from 'tape'
import type { Millis, PlayerId } from '../../lib/base/index.ts'
import type { Connection } from '../../lib/host/index.ts'
import { Arrivals } from '../../lib/host/arrivals.ts'
import { addressOf, failureOf, freshKeys, Teardown } from '../helpers/hosts.ts'

const RATES = { one: { perSecond: 2, burst: 4 }, all: { perSecond: 100, burst: 6 }, breach: 3 }

function counted(): {
  arrivals: Arrivals
  pass: (millis: Millis) => void
  from: (address: string, times: number) => number
} {
  let now = 1_000
  const arrivals = new Arrivals(RATES, () => now)
  return {
    arrivals,
    pass: (millis) => (now += millis),
    from: (address, times) => Array.from({ length: times }, () => arrivals.take(address)).filter((took) => took).length,
  }
}

test('arrivals: an address sends so many sockets and then so many a second, and takes nobody else the place', (t) => {
  const { from, pass } = counted()
  t.equal(from('10.0.0.1', 100), 4)
  t.equal(from('::ffff:10.0.0.1', 1), 0, 'the same address, written otherwise')
  t.equal(from('10.0.0.2', 1), 1, 'another')
  pass(1_000)
  t.equal(from('10.0.0.1', 100), 2)
  t.end()
})

test('arrivals: all addresses together send so many', (t) => {
  const { from } = counted()
  const took = Array.from({ length: 10 }, (_, n) => from(`10.0.1.${n}`, 1))
  t.equal(
    took.reduce((sum, one) => sum + one),
    6,
  )
  t.end()
})

test('arrivals: whoever breaks a rule is refused for twice as long each time, and its address counts it', (t) => {
  const { arrivals, from, pass } = counted()
  const player: PlayerId = freshKeys().id
  t.equal(arrivals.refusedFor(player), 0)
  arrivals.noteBreach(player, '10.0.0.1')
  t.equal(arrivals.refusedFor(player), 1_000)
  t.equal(from('10.0.0.1', 10), 1, 'three of four places are gone')
  pass(1_000)
  t.equal(arrivals.refusedFor(player), 0)
  arrivals.noteBreach(player, '10.0.0.1')
  t.equal(arrivals.refusedFor(player), 2_000)
  for (let n = 0; n < 20; n++) arrivals.noteBreach(player)
  t.equal(arrivals.refusedFor(player), 600_000, 'ten minutes at most')
  pass(600_000 + 3_600_000)
  arrivals.noteBreach(player)
  t.equal(arrivals.refusedFor(player), 1_000, 'after an hour of peace it begins anew')
  t.end()
})

test('arrivals: whose link was ended over a broken rule does not come in again at once', async (t) => {
  const down = new Teardown()
  const [host, peer] = [await down.host(), await down.host()]
  const ended = new Promise<void>((resolve) => peer.onDisconnect(() => resolve()))
  const met = new Promise<Connection>((resolve) => host.onConnection(resolve))
  await peer.connect(addressOf(host))
  await (await met).breach('sent nonsense')
  await ended
  t.equal(host.connections().length, 0)
  const again = await peer.connect(addressOf(host))
  t.ok(await failureOf(again.ping()), 'the handshake is made, and nothing after it')
  t.equal(host.connections().length, 0)
  await down.run()
})
