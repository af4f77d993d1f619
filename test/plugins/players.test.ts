import { feedsContract } from '../../plugins/feeds/index.ts'
import { generatorsContract } from '../../plugins/generators/index.ts'
import { playersContract } from '../../plugins/players/index.ts'
import { codeOf } from '../helpers/hosts.ts'
import { e2e, meet, type TestNode } from '../helpers/node-kit.ts'

async function names(node: TestNode, limit?: number): Promise<unknown[]> {
  const said: unknown[] = []
  for await (const { payload } of node.ask(feedsContract).feeds.read({ ...(limit !== undefined && { limit }) }))
    said.push((payload as Record<string, unknown>)['type'])
  return said
}

e2e('players and generators are called by name where that is unambiguous', async (t, kit) => {
  const ada = await kit.node({ config: { name: 'ada' } })
  const ben = await kit.node({ config: { name: 'ben' } })
  const cy = await kit.node({ config: { name: 'ben' } })
  t.deepEqual(await names(ada), ['identification'], 'the name of the configuration is published once')
  await ben.publish('bass')
  await cy.publish('bass')
  const { feeds } = ada.ask(feedsContract)
  t.equal(await codeOf(feeds.follow({ player: 'ben', on: true })), 'PLAYER_UNKNOWN')
  await meet(ada, ben)
  t.equal((await feeds.follow({ player: 'ben', on: true })).player, ben.id)
  t.equal((await ada.ask(generatorsContract).authoring.fetch({ generator: 'bass' })).player, ben.id)
  await meet(ada, cy)
  t.equal(await codeOf(feeds.follow({ player: 'ben', on: false })), 'PLAYER_AMBIGUOUS', 'two have that name')
  const { authoring } = ada.ask(generatorsContract)
  t.equal(await codeOf(authoring.fetch({ generator: 'bass' })), 'GENERATOR_AMBIGUOUS')
  t.equal(await codeOf(authoring.fetch({ generator: 'organ' })), 'GENERATOR_UNKNOWN')
  t.equal((await authoring.fetch({ generator: `${cy.id}:bass` })).player, cy.id)
  const { shortId } = await cy.ask(playersContract).whoami()
  t.equal((await authoring.show({ generator: `${shortId}:bass` })).row.player, cy.id, 'or by short id')
  await ada.publish('bass')
  t.equal((await authoring.fetch({ generator: 'bass' })).player, ada.id, "one's own comes first")
})
