import test from 'tape'
import { formatAddress } from '../../lib/host/index.ts'
import type { Host } from '../../lib/host/index.ts'
import { connectionsContract } from '../../plugins/connections/index.ts'
import { isOf, Redialler } from '../../plugins/connections/redial.ts'
import { HandClock, identityNamed } from '../helpers/chains.ts'
import { realClock } from '../helpers/gossips.ts'
import { Teardown, addressOf, codeOf } from '../helpers/hosts.ts'
import { e2e, until } from '../helpers/node-kit.ts'

const [ann, ben, cy] = [identityNamed('ann').id, identityNamed('ben').id, identityNamed('cy').id]
const at = (player: typeof ann, port = 2468): string => formatAddress({ host: '127.0.0.1', port, player })
const redialler = (host: Host, clock = realClock): Redialler => new Redialler({ host, clock, random: () => 0.5 })

test('redial: an address is a player’s only where its key is in the place of the key', (t) => {
  t.ok(isOf(ann, at(ann)))
  t.notOk(isOf(ann, at(ben)))
  const key = ann.slice(1, 45)
  t.notOk(isOf(ann, `net:${key}:2468~shs:${ben.slice(1, 45)}`), 'as a host it says nothing')
  t.notOk(isOf(ann, `${at(ann)};${at(ben)}`), 'nor in a list')
  t.notOk(isOf(ann, key))
  t.end()
})

test('redial: what players publish is followed as they change it, and takes no room of what was asked for', async (t) => {
  const teardown = new Teardown()
  const wanted = redialler(await teardown.host())
  t.throws(() => wanted.want('nowhere', 'asked'), { code: 'ADDRESS_INVALID' })
  wanted.want(at(ann), 'asked')
  wanted.setPublished(new Map([[ben, [at(ben, 1), at(ben, 2), at(cy, 3), 'net:nonsense']]]))
  t.deepEqual(wanted.wanted(), [at(ann), at(ben, 1), at(ben, 2)], 'his own addresses alone')
  wanted.setPublished(new Map([[ben, [at(ben, 2), ...[4, 5, 6, 7, 8].map((port) => at(ben, port))]]]))
  t.deepEqual(
    wanted.wanted().slice(1),
    [2, 4, 5, 6].map((port) => at(ben, port)),
    'four of one player',
  )
  wanted.setPublished(new Map([[ann, [at(ann)]]]))
  wanted.setPublished(new Map())
  t.deepEqual(wanted.wanted(), [at(ann)], 'what was asked for stays')
  const crowd = Array.from({ length: 600 }, (_, i) => identityNamed(`crowd ${i}`).id)
  wanted.setPublished(new Map(crowd.map((player) => [player, [at(player)]])))
  t.equal(wanted.wanted().length, 512)
  t.ok(wanted.want(at(cy), 'asked'), 'a published one makes room')
  t.equal(wanted.wanted().length, 512)
  t.ok(wanted.wanted().includes(at(ann)))
  await teardown.run()
})

test('redial: a player is dialled at one address at a time, and not while connected', async (t) => {
  const teardown = new Teardown()
  const [here, there] = [await teardown.host(), await teardown.host()]
  const wanted = redialler(here)
  wanted.want(addressOf(there), 'asked')
  wanted.want(formatAddress({ host: 'localhost', port: 1, player: there.id }), 'asked')
  wanted.look()
  await wanted.stop()
  t.equal(here.connections().length, 1)
  const link = here.connectionTo(there.id)
  wanted.look()
  await wanted.stop()
  t.equal(here.connectionTo(there.id), link, 'the same link')
  await teardown.run()
})

test('redial: whoever is connected for a moment only, each time, is dialled more and more seldom', async (t) => {
  const teardown = new Teardown()
  const [here, there] = [await teardown.host(), await teardown.host()]
  const clock = new HandClock(Date.now() * 1_000)
  const wanted = redialler(here, clock)
  wanted.want(addressOf(there), 'asked')
  let links = 0
  let ended = 0
  here.onConnection((link) => {
    links++
    void link.close()
  })
  here.onDisconnect(() => ended++)
  for (let second = 0; second < 60; second++) {
    wanted.look()
    await wanted.stop()
    await until('the link has ended', () => ended === links)
    clock.now += 1_000_000
  }
  t.ok(links >= 5 && links <= 8, `${links} links in a minute: after 1, 1, 2, 4, 8 … seconds`)
  await teardown.run()
})

e2e('redial: a followed player is dialled where it says that it is, and nowhere else', async (t, kit) => {
  const [ada, ben] = [await kit.node(), await kit.node()]
  await ada.follow(ben)
  await ada.dial(ben)
  await ben.write({ type: 'identification', name: 'ben', addresses: [ben.address] })
  await ada.caughtUpWith(ben)
  const before = ada.linkTo(ben)
  await before.close()
  const after = await until(
    'dialled at the address he published',
    () => ada.node.host.connectionTo(ben.id),
    (link) => link !== undefined && link !== before,
  )
  t.equal(after?.direction, 'out')
  t.equal(
    await codeOf(ada.ask(connectionsContract).connections.connect({ address: `${ben.address}x` })),
    'ADDRESS_INVALID',
  )
})
