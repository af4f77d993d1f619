import type { PlayerId } from '../../lib/base/index.ts'
import { findWhat } from '../../plugins/bundles/serve.ts'
import { jamsContract } from '../../plugins/jams/index.ts'
import { playersContract } from '../../plugins/players/index.ts'
import { soundContract } from '../../plugins/sound/index.ts'
import { codeOf } from '../helpers/hosts.ts'
import { e2e, meet, startJam } from '../helpers/node-kit.ts'
import { until } from '../helpers/until.ts'

e2e('jams are started once, named, shaped by their starter, left and joined again', async (t, kit) => {
  const ada = await kit.node()
  const ben = await kit.node()
  const [hers, his] = [ada.ask(jamsContract), ben.ask(jamsContract)]
  t.equal(await codeOf(hers.jam.show()), 'JAM_NOT_NAMED')
  t.equal(await codeOf(hers.jam.show({ jam: 'friday' })), 'JAM_UNKNOWN')
  t.equal(await codeOf(hers.perform.say({ text: 'hello' })), 'JAM_NOT_NAMED')
  t.equal(await codeOf(ada.ask(soundContract).tags.get({ path: 'jam/context' })), 'NOT_SOUNDING')
  t.equal(await codeOf(ada.ask(soundContract).mix.set({ target: 'drums', mute: true })), 'NOT_SOUNDING')
  t.equal(await codeOf(hers.jam.start({ name: 'Friday!' })), 'NAME_INVALID')
  t.equal(await codeOf(hers.jam.start({ name: 'friday', meter: '4/3' })), 'USAGE')

  await meet(ada, ben)
  const friday = await startJam('friday', ada, ben)
  t.equal(await codeOf(hers.jam.start({ name: 'friday' })), 'JAM_NAME_USED')
  t.equal(await codeOf(his.jam.tempo({ jam: friday, tempo: 90 })), 'STARTER_ONLY')
  t.equal(await codeOf(his.jam.meter({ jam: friday, meter: '7/8' })), 'STARTER_ONLY')
  t.equal(await codeOf(hers.jam.meter({ jam: friday, meter: '7/9' })), 'USAGE')
  t.equal(await codeOf(his.jam.end({ jam: friday })), 'STARTER_ONLY')
  t.equal(await codeOf(his.jam.admit({ jam: friday, player: 'nobody' })), 'PLAYER_UNKNOWN')
  t.equal(await codeOf(hers.perform.tag({ name: 'context', value: 'drop', on: '1' })), 'BAR_PASSED')
  t.equal(await codeOf(hers.perform.tag({ name: 'context', value: 'drop', on: 'soon' })), 'USAGE')

  for (const tempo of [9, 1_001]) t.equal(await codeOf(hers.jam.tempo({ jam: friday, tempo })), 'USAGE')
  const { bar } = await hers.jam.tempo({ jam: friday, tempo: 90 })
  await until(
    'the tempo is seen by all',
    () => Promise.all([ada.show(friday), ben.show(friday)]),
    (rows) => rows.every((row) => row.tempo === 90 && row.bar >= bar),
  )
  const odd = await hers.jam.meter({ jam: friday, meter: '7/8' })
  t.ok(odd.bar > bar)
  await until(
    'the meter, too',
    () => Promise.all([ada.show(friday), ben.show(friday)]),
    (rows) => rows.every((row) => row.meter === '7/8' && row.bar >= odd.bar),
  )

  await his.jam.start({ name: 'friday' })
  t.equal((await his.jam.show()).starter, ben.id, 'the jam started last is the current one')
  t.equal(await codeOf(his.jam.show({ jam: 'friday' })), 'JAM_AMBIGUOUS', 'two of one name, joined both')
  t.equal((await his.jam.show({ jam: `${ada.id}:friday` })).starter, ada.id)
  await ada.caughtUpWith(ben)
  t.equal((await hers.jam.show({ jam: 'friday' })).starter, ada.id, 'the joined one is meant first')
  t.deepEqual(await findWhat(ada.feeds, 'friday'), { jam: friday }, 'in a bundle too')
  const listed = await hers.jam.list()
  t.deepEqual(
    listed.map(({ starter, mine, current }) => ({ starter, mine, current })),
    [
      { starter: ada.id, mine: 'starter', current: true },
      { starter: ben.id, mine: 'none', current: false },
    ],
  )

  await his.jam.leave({ jam: friday })
  const { place } = await hers.perform.tag({ name: 'mood', value: 1, jam: friday })
  t.ok(place.inMillis > 0)
  t.equal(await codeOf(his.perform.tag({ name: 'mood', value: 2, jam: friday })), 'NOT_MEMBER')
  t.equal(await codeOf(his.jam.tempo({ jam: `${ada.id}:nowhere`, tempo: 90 })), 'JAM_UNKNOWN')

  await hers.jam.end({ jam: friday })
  await until(
    'it is over',
    () => ada.show(friday),
    ({ ended }) => ended,
  )
})

e2e('instances are named once, and each player stops and mixes what there is', async (t, kit) => {
  const ada = await kit.node()
  const ben = await kit.node()
  await ada.publish('drums')
  await ben.publish('drums')
  await meet(ada, ben)
  const jam = await startJam('friday', ada, ben)
  const [hers, his] = [ada.ask(jamsContract).perform, ben.ask(jamsContract).perform]
  t.equal(await codeOf(hers.play({ generator: 'organ' })), 'GENERATOR_UNKNOWN')
  t.equal(await codeOf(hers.play({ generator: `${ben.id}:drums` })), 'GENERATOR_FOREIGN')
  t.equal((await hers.play({ generator: 'drums', bars: 64 })).instance, 'drums')
  t.equal((await hers.play({ generator: 'drums' })).instance, 'drums-2', 'a free number')
  t.equal(await codeOf(hers.play({ generator: 'drums', as: 'drums' })), 'INSTANCE_TAKEN')
  t.equal((await his.play({ generator: 'drums' })).instance, 'drums', 'each player has its own names')
  t.equal(await codeOf(his.stop({ instance: 'drums-2' })), 'INSTANCE_UNKNOWN', "another's is not his to stop")
  t.equal(await codeOf(his.param({ instance: 'organ', name: 'kick', value: 1 })), 'INSTANCE_UNKNOWN')
  t.equal(await codeOf(hers.play({ generator: 'drums', as: 'more', replaces: 'organ' })), 'INSTANCE_UNKNOWN')
  t.equal(
    await codeOf(hers.play({ generator: 'drums', as: 'more', params: { hat: 1 } })),
    'PARAM_INVALID',
    'it is hats',
  )
  t.equal(await codeOf(hers.param({ instance: 'drums', name: 'kik', value: 1 })), 'PARAM_INVALID')
  t.equal(await codeOf(hers.param({ instance: 'drums', name: 'kick', value: 1.6 })), 'PARAM_INVALID', 'at most 1.5')
  t.ok((await hers.param({ instance: 'drums', name: 'gain', value: -3 })).place, 'the mix has it')

  await ada.caughtUpWith(ben)
  const mix = ada.ask(soundContract).mix
  await ada.sounds('an engine', ({ state }) => state === 'playing')
  t.equal(await codeOf(mix.set({ target: 'drums', mute: true })), 'INSTANCE_AMBIGUOUS', 'two players have it')
  t.equal(await codeOf(mix.set({ target: 'organ', mute: true })), 'INSTANCE_AMBIGUOUS')
  const named = await ada.sounds('what plays', ({ instances }) => instances.length > 0)
  for (const { shown = '' } of named.instances)
    t.deepEqual(await mix.set({ target: shown, gain: 0 }), { target: shown }, 'as the mix takes it')
  t.deepEqual(await mix.set({ target: `${ben.id}:drums`, mute: true }), { target: `${ben.id}:drums` })
  t.deepEqual(await mix.set({ target: 'return:echo', gain: -6 }), { target: 'return:echo' })
  t.equal(await codeOf(mix.set({ target: 'return:hall', mute: true })), 'USAGE')
  t.equal(await codeOf(mix.set({ target: 'return:room', solo: true })), 'USAGE', 'what sends to it is soloed')
  await hers.stop({ instance: 'drums-2' })
  const { instances } = await ada.show(jam)
  t.deepEqual(
    instances.map(({ instance, stopped, player }) => ({ instance, stopped, player })).sort(byName),
    [
      { instance: 'drums', stopped: false, player: ada.id },
      { instance: 'drums', stopped: false, player: ben.id },
      { instance: 'drums-2', stopped: true, player: ada.id },
    ].sort(byName),
  )
})
const byName = (a: { instance: string; player: PlayerId }, b: { instance: string; player: PlayerId }): number =>
  `${a.instance} ${a.player}` < `${b.instance} ${b.player}` ? -1 : 1

e2e('what a node was in when it ended it is in when it starts again', async (t, kit) => {
  const first = await kit.node()
  await first.ask(playersContract).identify({ name: 'ada' })
  await first.ask(jamsContract).jam.start({ name: 'one' })
  await first.ask(jamsContract).jam.start({ name: 'two' })
  await first.ask(jamsContract).jam.start({ name: 'three' })
  await first.ask(jamsContract).jam.leave({ jam: 'three' })
  await first.node.close()
  const again = await kit.node({ home: first.node.home.path })
  t.equal(again.id, first.id)
  t.equal((await again.ask(playersContract).whoami()).name, 'ada')
  t.equal((await again.ask(jamsContract).jam.show()).name, 'two')
  const mine = await again.ask(jamsContract).jam.list()
  t.deepEqual(
    mine.filter(({ current }) => current).map(({ name }) => name),
    ['two'],
  )
})
