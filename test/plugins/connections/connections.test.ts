import { connectionsContract } from '../../../plugins/connections/index.ts'
import { codeOf } from '../../helpers/hosts.ts'
import { barAhead, e2e, meet, startJam } from '../../helpers/node-kit.ts'
import { until } from '../../helpers/until.ts'
import { jamsContract } from '../../../plugins/jams/index.ts'

e2e('a link that was asked for is dialled again when it is lost', async (t, kit) => {
  const ada = await kit.node()
  const ben = await kit.node()
  const dialled = await ben.ask(connectionsContract).connections.connect({ address: ada.address, keep: true })
  t.equal(dialled.player, ada.id)
  const before = ada.node.host.connectionTo(ben.id)
  await before?.close()
  const after = await until(
    'another link',
    () => ada.node.host.connectionTo(ben.id),
    (link) => !!link && link !== before,
  )
  t.equal(after?.direction, 'in')
  const rows = await ben.ask(connectionsContract).connections.list()
  t.deepEqual(
    rows.map(({ player, direction, role }) => ({ player, direction, role })),
    [{ player: ada.id, direction: 'out', role: 'stranger' }],
  )
  t.equal(await codeOf(ben.ask(connectionsContract).connections.connect({ address: 'nowhere' })), 'ADDRESS_INVALID')

  await ben.node.close()
  const again = await kit.node({ home: ben.node.home.path })
  await until('an address that was kept is dialled by the next run', () => ada.node.host.connectionTo(again.id))
})

e2e(
  'a followed player is dialled where it says that it is, and nowhere else; peers shows both sides',
  async (t, kit) => {
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
    const { connected, waiting } = await ada.ask(connectionsContract).connections.peers()
    t.deepEqual(
      connected.map(({ player, shown, direction }) => [player, shown, direction]),
      [[ben.id, 'ben', 'out']],
    )
    t.ok((connected[0]?.roundTrip ?? -1) >= 0, 'its round trip was measured')
    t.deepEqual(waiting, [])

    await ben.node.close()
    const lost = await until(
      'he is waited for',
      async () => (await ada.ask(connectionsContract).connections.peers()).waiting,
      ([row]) => row?.error !== undefined,
    )
    t.equal(lost[0]?.reason, 'follows')
    t.equal(
      await codeOf(ada.ask(connectionsContract).connections.connect({ address: `${ben.address}x` })),
      'ADDRESS_INVALID',
    )
  },
)

e2e('where a followed player was reached is remembered for the next run', async (t, kit) => {
  const [ada, ben] = [await kit.node(), await kit.node()]
  await ada.follow(ben)
  await ada.dial(ben)
  const home = ada.node.home.path
  await ada.node.close()
  const again = await kit.node({ home })
  const link = await until('he is dialled again', () => again.node.host.connectionTo(ben.id))
  t.equal(link?.address, ben.address)
})

e2e('a member who plays says where it is: it is dialled there when the link is lost', async (t, kit) => {
  const [ada, ben] = [await kit.node(), await kit.node()]
  await meet(ada, ben)
  const jam = await startJam('friday', ada, ben)
  await ben.publish('bass')
  await ben.ask(jamsContract).perform.play({ jam, generator: 'bass', on: await barAhead(ben, jam) })
  const before = ada.linkTo(ben)
  t.equal(before.direction, 'in', 'she has never dialled him')
  await before.close()
  const after = await until(
    'she dials him',
    () => ada.node.host.connectionTo(ben.id),
    (link) => link !== undefined && link !== before,
  )
  t.deepEqual([after?.direction, after?.address], ['out', ben.address])

  const link = ben.linkTo(ada).remote(jamsContract)
  for (const address of ['nonsense', ada.address]) {
    t.ok('code' in (await link.play({ entry: 'bm9uc2Vuc2U=', address })), 'an entry that is none')
  }
  await ben.node.close()
  const { waiting } = await until(
    'he is waited for',
    () => ada.ask(connectionsContract).connections.peers(),
    (seen) => seen.waiting.length > 0,
  )
  t.deepEqual(
    waiting.map(({ address, reason }) => [address, reason]),
    [[ben.address, 'told']],
    'what is no address, or another player’s, is not believed',
  )
})
