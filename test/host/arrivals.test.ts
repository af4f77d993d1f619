import { once } from 'node:events'
import { connect } from 'node:net'
import test from 'tape'
import type { Millis, PlayerId } from '../../lib/base/index.ts'
import { definePlugin, parseAddress } from '../../lib/host/index.ts'
import type { Connection, Host } from '../../lib/host/index.ts'
import { Arrivals } from '../../lib/host/arrivals.ts'
import { addressOf, codeOf, failureOf, freshKeys, Teardown } from '../helpers/hosts.ts'

const RATES = { one: { perSecond: 2, burst: 4 }, all: { perSecond: 100, burst: 6 }, breach: 3, apart: false }

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

test('arrivals: over the loopback nobody pays for another there, nor for anybody elsewhere', (t) => {
  const { arrivals, from } = counted()
  for (let n = 0; n < 20; n++) arrivals.noteBreach(freshKeys().id, '127.0.0.1')
  t.equal(from('127.0.0.1', 5) + from('::1', 5), 6, 'it has the rate of all for itself')
  t.equal(from('10.0.0.1', 5), 4, 'and takes nothing from others')
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

const NEVER_MORE = { perSecond: 0, burst: 2 }
const MANY = { perSecond: 1_000, burst: 1_000 }

/** Ends the connection that the host has to this player over a broken rule, and waits until it is gone. */
async function breach(host: Host, player: PlayerId): Promise<void> {
  const ended = new Promise<void>((resolve) => host.onDisconnect(() => resolve()))
  await host.connectionTo(player)?.breach('sent nonsense')
  await ended
}

test('arrivals: whoever shares the loopback comes in beside one that opens sockets without end and breaks rules', async (t) => {
  const down = new Teardown()
  const arrivals = { one: NEVER_MORE, all: MANY, breach: 8, apart: false }
  const host = await down.host({ settings: { arrivals } })
  const { port } = parseAddress(addressOf(host))
  for (let n = 0; n < 50; n++) {
    const socket = connect(port, '127.0.0.1')
    socket.on('error', () => undefined)
    await once(socket, 'connect')
    socket.destroy()
  }
  for (let n = 0; n < 3; n++) {
    const breaker = await down.host()
    await (await breaker.connect(addressOf(host))).ping()
    await breach(host, breaker.id)
  }
  const honest = await down.host()
  t.ok(await (await honest.connect(addressOf(host))).ping())
  await down.run()
})

test('arrivals: a broken rule is not charged to an address from which somebody known is connected', async (t) => {
  for (const role of ['tracked', undefined] as const) {
    const down = new Teardown()
    const friendKeys = freshKeys()
    const knowing = definePlugin({
      name: 'knowing',
      async start(host) {
        host.addRoleResolver(async (player) => (player === friendKeys.id ? role : undefined))
        return { api: {}, handlers: {} }
      },
    })
    const arrivals = { one: { perSecond: 0, burst: 3 }, all: MANY, breach: 8, apart: true }
    const host = await down.host({ plugins: [knowing], settings: { arrivals } })
    const friend = await down.host({ keys: friendKeys })
    const link = await friend.connect(addressOf(host))
    // The second one comes in when the role has been asked for.
    await link.ping()
    await link.ping()
    const breaker = await down.host()
    await (await breaker.connect(addressOf(host))).ping()
    await breach(host, breaker.id)
    const third = await down.host()
    const outcome = third.connect(addressOf(host)).then(() => 'in')
    if (role) t.equal(await outcome, 'in')
    else t.equal(await codeOf(outcome), 'HANDSHAKE_FAILED', 'where nobody known is there, the address pays')
    await down.run()
  }
})

test('arrivals: a node that is full counts nobody it hangs up on', async (t) => {
  const down = new Teardown()
  const arrivals = { one: NEVER_MORE, all: NEVER_MORE, breach: 8, apart: true }
  const host = await down.host({ settings: { maxConnections: 1, arrivals } })
  const first = await down.host()
  const link = await first.connect(addressOf(host))
  await link.ping()
  const second = await down.host()
  for (let n = 0; n < 5; n++) t.equal(await codeOf(second.connect(addressOf(host))), 'HANDSHAKE_FAILED')
  const gone = new Promise<void>((resolve) => host.onDisconnect(() => resolve()))
  await link.close()
  await gone
  t.ok(await (await second.connect(addressOf(host))).ping(), 'the second of two places is still there')
  await down.run()
})

test('arrivals: whom this node dialled and who broke a rule is not dialled again at once', async (t) => {
  const down = new Teardown()
  const [host, peer] = [await down.host(), await down.host()]
  await (await host.connect(addressOf(peer))).ping()
  await breach(host, peer.id)
  t.equal(await codeOf(host.connect(addressOf(peer))), 'RATE_LIMITED')
  t.equal(host.connections().length, 0)
  await down.run()
})
