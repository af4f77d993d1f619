import { buildScore } from '../../lib/jam/index.ts'
import { generatorsContract } from '../../plugins/generators/index.ts'
import { jamsContract, LiveJam } from '../../plugins/jams/index.ts'
import { codeOf } from '../helpers/hosts.ts'
import { barAhead, e2e, instanceNames, meet, startJam } from '../helpers/node-kit.ts'
import { until } from '../helpers/until.ts'

e2e('a jam is forked at a bar: it begins with what sounded there, for everyone who joins it', async (t, kit) => {
  const [ada, ben, cy] = await Promise.all([kit.node(), kit.node(), kit.node()])
  const { archive: bass } = await ada.publish('bass')
  const { archive: arp } = await ben.publish('arp')
  await meet(ada, ben)
  const friday = await startJam('friday', ada, ben)
  await ada.ask(jamsContract).perform.tag({ name: 'context', value: 'drop' })
  const on = await barAhead(ada, friday, 1)
  await ada.ask(jamsContract).perform.play({ generator: 'bass', on })
  await ben.ask(jamsContract).perform.play({ generator: 'arp', on, params: { gain: -3 } })
  const bar = Number(on) + 1
  const [his, hers] = [ben.ask(jamsContract).jam, ada.ask(jamsContract).jam]
  t.equal(await codeOf(his.fork({ jam: 'friday', bar: bar + 1_000 })), 'BAR_AHEAD')
  t.equal(await codeOf(his.fork({ jam: 'monday', bar: 1 })), 'JAM_UNKNOWN')
  await until(
    'the bar has come',
    () => ben.show(friday),
    (row) => row.bar > bar && row.instances.length === 2,
  )
  const row = await his.fork({ jam: 'friday', bar })
  t.deepEqual(row.from, { jam: friday, name: 'friday', shown: row.from?.shown, bar, missing: 0 })
  t.deepEqual([row.name, row.mine, row.members, row.tempo, row.current], ['friday-2', 'starter', 1, 120, true])
  t.equal(await codeOf(his.fork({ jam: 'friday', bar, name: 'friday-2' })), 'JAM_NAME_USED')
  t.equal(await codeOf(hers.fork({ jam: 'friday', bar: 1, name: 'Friday!' })), 'NAME_INVALID')
  const shown = await ben.show(row.jam)
  t.deepEqual(
    shown.instances.map(({ instance, player, archive }) => [instance, player, archive]).sort(),
    [
      ['arp', ben.id, arp],
      ['bass', ada.id, bass],
    ],
    'whose each is',
  )
  t.ok(
    shown.instances.every((instance) => instance.bar < 1),
    'since before its first bar',
  )
  t.deepEqual(
    shown.players.map(({ player }) => player),
    [ben.id],
    'nobody is in it for that',
  )
  await ben.sounds('what it begins with sounds', (status) => instanceNames(status).join() === 'arp,bass')

  await meet(ben, cy)
  await cy.ask(jamsContract).jam.join({ jam: row.jam })
  await until(
    'all that it begins with has come, from the one who forked it',
    () => cy.show(row.jam),
    ({ mine, from }) => mine === 'member' && from?.missing === 0,
  )
  t.ok(await cy.feeds.store.head(ada.id), 'the feed of a player whom nobody here follows')
  await cy.sounds('it sounds there too', (status) => instanceNames(status).join() === 'arp,bass')

  await ben.ask(jamsContract).perform.stop({ jam: row.jam, instance: 'bass' })
  await ben.sounds('who forked it stops what others play', (status) => instanceNames(status).join() === 'arp')
  await cy.sounds('everywhere', (status) => instanceNames(status).join() === 'arp')
  t.equal(await codeOf(cy.ask(jamsContract).perform.stop({ jam: row.jam, instance: 'arp' })), 'INSTANCE_UNKNOWN')
  t.equal(instanceNames(await ada.sound()).join(), 'arp,bass', 'where it was forked from goes on')

  const scores = await Promise.all(
    [ben, cy].map(async ({ feeds }) => {
      const live = new LiveJam(row.jam, feeds.store)
      await live.load()
      return buildScore(row.jam, live.entries())
    }),
  )
  t.deepEqual(scores[0]?.problems, [])
  t.deepEqual(scores[0]?.entries, scores[1]?.entries, 'one score, from the feeds alone')
  const blobs = await cy.ask(generatorsContract).authoring.locate({ archive: bass })
  t.ok(blobs.file, 'and its archives')
})
