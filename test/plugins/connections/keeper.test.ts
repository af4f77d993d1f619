import test from 'tape'
import { formatAddress, parseAddress } from '../../../lib/host/index.ts'
import type { Host } from '../../../lib/host/index.ts'
import { isOf, Keeper } from '../../../plugins/connections/keeper.ts'
import { HandClock, identityNamed } from '../../helpers/chains.ts'
import { realClock } from '../../helpers/gossips.ts'
import { Teardown, addressOf } from '../../helpers/hosts.ts'
import { until } from '../../helpers/until.ts'

const [ann, ben, cy] = [identityNamed('ann').id, identityNamed('ben').id, identityNamed('cy').id]
const at = (player: typeof ann, port = 1): string => formatAddress({ host: '127.0.0.1', port, player })
const keeperOf = (host: Host, clock = realClock, network = (): string => 'home'): Keeper =>
  new Keeper({ host, clock, random: () => 0.5, settings: { links: 8, heard: 2 }, network })

test('keeper: an address is a player’s only where its key is in the place of the key', (t) => {
  t.ok(isOf(ann, at(ann)))
  t.notOk(isOf(ann, at(ben)))
  const key = ann.slice(1, 45)
  t.notOk(isOf(ann, `net:${key}:2468~shs:${ben.slice(1, 45)}`), 'as a host it says nothing')
  t.notOk(isOf(ann, `${at(ann)};${at(ben)}`), 'nor in a list')
  t.notOk(isOf(ann, key))
  t.end()
})

test('keeper: from afar nobody says what is dialled on this machine and in its network', async (t) => {
  const teardown = new Teardown()
  const [here, there] = [await teardown.host(), await teardown.host()]
  const keeper = keeperOf(here, new HandClock(Date.now() * 1_000))
  keeper.start()
  const waits = (player: typeof ann): string[] =>
    keeper
      .waiting()
      .filter((row) => row.player === player)
      .map(({ address }) => parseAddress(address).host)
  const named = (player: typeof ann, host: string): string => formatAddress({ host, port: 1, player })
  const near = ['127.0.0.1', '::1', 'localhost', '127.1', '2130706433', '0.0.0.0', '::ffff:7f00:1', '192.168.1.1']
  near.push('10.0.0.1', '172.31.0.1', '169.254.169.254', 'fd00::1', 'fe80::1%lo', 'printer', 'printer.local')
  const published = { addresses: [named(ann, '127.0.0.2'), named(ann, '2001:db8::1')], reason: 'follows' as const }
  keeper.publish(new Map([[ann, published]]))
  for (const host of near) keeper.told(ann, named(ann, host))
  t.deepEqual(waits(ann), ['2001:db8::1'], 'published or told')
  keeper.told(ben, named(cy, '2001:db8::2'))
  t.deepEqual([waits(ben), waits(cy)], [[], []], 'nor where another is')

  const address = named(there.id, '127.0.0.2')
  keeper.publish(new Map([[there.id, { addresses: [address], reason: 'follows' }]]))
  t.deepEqual(waits(there.id), [])
  const link = await here.connect(addressOf(there))
  keeper.told(there.id, named(there.id, '10.0.0.1'))
  await link.close()
  t.deepEqual(waits(there.id).sort(), ['10.0.0.1', '127.0.0.2'], 'whoever is near itself may')
  keeper.reached(cy, named(cy, '192.168.1.7'))
  keeper.told(cy, named(cy, '192.168.1.8'))
  keeper.told(cy, named(cy, '127.0.0.1'))
  t.deepEqual(waits(cy), ['192.168.1.7', '192.168.1.8'], 'or was in an earlier run')
  await keeper.stop()
  await teardown.run()
})

test('keeper: what players publish is followed as they change it; what was asked for stays', async (t) => {
  const teardown = new Teardown()
  const clock = new HandClock(Date.now() * 1_000)
  const keeper = keeperOf(await teardown.host(), clock)
  keeper.start()
  const addresses = (): string[] => keeper.waiting().map(({ address }) => address)
  keeper.reached(ben, at(ben, 2))
  t.throws(() => keeper.learn('nowhere', 'asked'), { code: 'ADDRESS_INVALID' })
  keeper.learn(at(ann), 'asked')
  const publish = (...said: [typeof ann, string[]][]): void =>
    keeper.publish(new Map(said.map(([player, given]) => [player, { addresses: given, reason: 'follows' }])))
  publish([ben, [at(ben, 1), at(ben, 2), at(cy, 3), 'net:nonsense']])
  t.deepEqual(addresses().sort(), [at(ann), at(ben, 1), at(ben, 2)].sort(), 'his own addresses alone')
  publish([ben, [at(ben, 2)]])
  t.deepEqual(addresses().sort(), [at(ann), at(ben, 2)].sort())
  publish([ann, [at(ann)]])
  publish()
  t.deepEqual(addresses().sort(), [at(ann), at(ben, 2)].sort(), 'where he was reached stays too')
  await keeper.stop()
  await teardown.run()
})

test('keeper: a player is dialled at one address at a time, and not while connected', async (t) => {
  const teardown = new Teardown()
  const [here, there] = [await teardown.host(), await teardown.host()]
  const reached: string[] = []
  const keeper = new Keeper({
    host: here,
    clock: realClock,
    random: () => 0.5,
    settings: { links: 8, heard: 2 },
    onReached: (_player, address) => reached.push(address),
  })
  keeper.learn(addressOf(there), 'asked')
  keeper.learn(formatAddress({ host: 'localhost', port: 1, player: there.id }), 'asked')
  t.equal(here.connections().length, 0, 'nothing is dialled before it is started')
  keeper.start()
  await keeper.idle()
  t.equal(here.connections().length, 1)
  const link = here.connectionTo(there.id)
  keeper.look()
  await keeper.idle()
  t.equal(here.connectionTo(there.id), link, 'the same link')
  t.deepEqual(keeper.waiting(), [], 'whoever is connected waits for nothing')
  t.deepEqual(reached, [addressOf(there)])
  await keeper.stop()
  await teardown.run()
})

test('keeper: whoever is connected for a moment only, each time, is dialled more and more seldom', async (t) => {
  const teardown = new Teardown()
  const [here, there] = [await teardown.host(), await teardown.host()]
  const clock = new HandClock(Date.now() * 1_000)
  const keeper = keeperOf(here, clock)
  let links = 0
  let ended = 0
  here.onConnection((link) => {
    links++
    void link.close()
  })
  here.onDisconnect(() => ended++)
  keeper.learn(addressOf(there), 'asked')
  keeper.start()
  for (let second = 0; second < 60; second++) {
    keeper.look()
    await keeper.idle()
    await until('the link has ended', () => ended === links)
    clock.now += 1_000_000
  }
  t.ok(links >= 4 && links <= 8, `${links} links in a minute: after 1, 1, 2, 4, 8 … seconds`)
  await keeper.stop()
  await teardown.run()
})

test('keeper: another network makes everything be dialled again, and dead links be found out', async (t) => {
  const teardown = new Teardown()
  const [here, there] = [await teardown.host(), await teardown.host()]
  const clock = new HandClock(Date.now() * 1_000)
  let network = 'home'
  const keeper = keeperOf(here, clock, () => network)
  keeper.learn(at(ann), 'asked')
  keeper.learn(addressOf(there), 'asked')
  keeper.start()
  for (let round = 0; round < 8; round++) {
    await keeper.idle()
    clock.now += 9_000_000
    keeper.look()
  }
  await keeper.idle()
  const patient = keeper.waiting().find(({ player }) => player === ann)
  t.ok((patient?.failures ?? 0) >= 3, `${patient?.failures ?? 0} failures`)
  t.ok(patient?.error !== undefined, patient?.error)
  network = 'train'
  keeper.look()
  await keeper.idle()
  const again = keeper.waiting().find(({ player }) => player === ann)
  t.equal(again?.failures, 2, 'it was dialled at once, and counts from the start')
  t.ok(here.connectionTo(there.id), 'a link that answers stays')
  await keeper.stop()
  await teardown.run()
})
