import { connectionsContract } from '../../plugins/connections/index.ts'
import { codeOf } from '../helpers/hosts.ts'
import { e2e, until } from '../helpers/node-kit.ts'

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
