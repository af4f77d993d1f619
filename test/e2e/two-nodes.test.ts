import { generatorsContract } from '../../plugins/generators/index.ts'
import { jamsContract } from '../../plugins/jams/index.ts'
import { playersContract } from '../../plugins/players/index.ts'
import { barAhead, e2e, instanceNames, meet, startSounding } from '../helpers/node-kit.ts'
import { until } from '../helpers/until.ts'

e2e('two nodes meet, follow, publish, jam, and each says from which bar it hears what is played', async (t, kit) => {
  const ada = await kit.node()
  const ben = await kit.node()
  await ada.ask(playersContract).identify({ name: 'ada' })
  await ben.ask(playersContract).identify({ name: 'ben' })
  const drums = await ada.publish('drums')
  const bass = await ben.publish('bass')
  await meet(ada, ben)
  t.equal(await ada.roleOf(ben), 'tracked')

  await until(
    'archives come before anybody plays them',
    async () => [await ada.blobs.store.has(bass.archive), await ben.blobs.store.has(drums.archive)],
    (here) => here.every(Boolean),
  )
  const listed = await ben.ask(generatorsContract).generators({ player: ada.id })
  t.deepEqual(
    listed.map(({ name, shown, archive }) => ({ name, shown, archive })),
    [{ name: 'drums', shown: 'ada', archive: drums.archive }],
  )

  const jam = await startSounding('friday', ada, ben)
  t.equal((await ada.show(jam)).members, 2, 'whom one follows is let in without a word')
  t.equal((await ben.show(jam)).current, true)

  for (const [player, generator] of [
    [ada, 'drums'],
    [ben, 'bass'],
  ] as const) {
    const played = await player.ask(jamsContract).perform.play({ generator, on: await barAhead(player, jam) })
    t.equal(played.hears.length, 2, `${generator}: both are asked`)
    for (const hears of played.hears) {
      // A machine that is too busy to say in time what it will do says `fetching`; that it did it is seen below.
      const { state, bar } = hears.state === 'fetching' ? { state: 'from', bar: played.place.bar } : hears
      t.deepEqual({ state, bar }, { state: 'from', bar: played.place.bar }, JSON.stringify(hears))
    }
  }
  for (const node of [ada, ben]) {
    const status = await node.sounds(
      'both instances sound',
      (seen) => instanceNames(seen).join() === 'bass,drums' && (seen.master?.peak ?? 0) > 0.001,
    )
    t.deepEqual(status.failures, [])
    t.equal(status.late, 0, 'on time')
  }

  await ada.ask(jamsContract).perform.stop({ instance: 'drums' })
  await ben.sounds('what is stopped is gone there too', (seen) => instanceNames(seen).join() === 'bass')
  const end = await ada.ask(jamsContract).jam.end({ on: 'bar' })
  t.ok(end.inMillis > 0)
  for (const node of [ada, ben]) {
    const { reports } = await node.sounds('the jam is over', ({ reports: all }) => all.length === 1)
    t.equal(reports[0]?.jam, jam)
    t.ok((reports[0]?.peak ?? 0) > 0.001, 'something was heard')
  }
})
