import test from 'tape'
import { blobIdOf, generatorIdOf, jamIdOf, name as checkedName } from '../../lib/base/index.ts'
import { LiveJam } from '../../plugins/jams/index.ts'
import { instancesOf } from '../../plugins/jams/instances.ts'
import { bytesOf } from '../helpers/blobs.ts'
import { HandClock, identityNamed } from '../helpers/chains.ts'
import { temporaryStore } from '../helpers/stores.ts'

const untilOf = (live: LiveJam, now: number): unknown[] =>
  instancesOf(live, now, () => 'ada').instances.flatMap(({ instance, until }) =>
    until === undefined ? [] : [[instance, until]],
  )

test('what plays on is listed whole, of what was stopped or replaced the last', async (t) => {
  const ada = identityNamed('ada')
  const jam = jamIdOf(ada.id, checkedName('friday'))
  const archive = blobIdOf(bytesOf(32, 1))
  const store = await temporaryStore(ada, new HandClock())
  await store.append({ type: 'jam', jam, action: 'start', tempo: 300, meter: '4/4', engine: 0 })
  await store.append({ type: 'generator', name: 'drums', archive, size: 1_000, runtime: 'wasm' })
  const play = async (instance: string, at: number, more: object = {}): Promise<unknown> => {
    const generator = generatorIdOf(ada.id, checkedName('drums'))
    return store.append({ type: 'play', jam, generator, archive, instance, at, on: 'beat', ...more })
  }
  await play('first', 0)
  await play('other', 0)
  await play('swap-0', 0)
  for (let n = 1; n <= 300; n++) await play(`swap-${n}`, n * 960, { replaces: `swap-${n - 1}` })
  await store.append({ type: 'stop', jam, instance: 'first', at: 960, on: 'beat' })
  const live = new LiveJam(jam, store)
  await live.load()
  const { instances, stoppedBefore } = instancesOf(live, 0, () => 'ada')
  const going = instances.filter(({ stopped }) => !stopped).map(({ instance }) => instance)
  t.deepEqual(going, ['other', 'swap-300'])
  const over = instances.filter(({ stopped }) => stopped).map(({ instance }) => instance)
  t.deepEqual([over.length, over[0], over.at(-1)], [256, 'swap-44', 'swap-299'])
  t.equal(stoppedBefore, 45, 'the rest of 301')
  t.deepEqual(untilOf(live, 299.5 * 960), [['swap-299', 76]], 'what goes on until a bar that is to come')
  t.deepEqual(untilOf(live, 300 * 960), [], 'and what has stopped')
  await store.remove()
})

test('what has had its length, and what somebody played who left, goes on no more', async (t) => {
  const ada = identityNamed('ada')
  const jam = jamIdOf(ada.id, checkedName('friday'))
  const archive = blobIdOf(bytesOf(32, 1))
  const generator = generatorIdOf(ada.id, checkedName('drums'))
  const store = await temporaryStore(ada, new HandClock())
  await store.append({ type: 'jam', jam, action: 'start', tempo: 300, meter: '4/4', engine: 0 })
  await store.append({ type: 'generator', name: 'drums', archive, size: 1_000, runtime: 'wasm' })
  const play = { type: 'play', jam, generator, archive, at: 960, on: 'beat' }
  await store.append({ ...play, instance: 'short', length: 3_840 })
  await store.append({ ...play, instance: 'long' })
  const going = async (now: number): Promise<string[]> => {
    const live = new LiveJam(jam, store)
    await live.load()
    t.deepEqual(untilOf(live, now), now < 4_800 ? [['short', 2]] : [])
    const { instances } = instancesOf(live, now, () => 'ada')
    return instances.filter(({ stopped }) => !stopped).map(({ instance }) => instance)
  }
  t.deepEqual(await going(4_799), ['short', 'long'])
  t.deepEqual(await going(4_800), ['long'])
  await store.append({ type: 'jam', jam, action: 'leave', at: 7_680 })
  t.deepEqual(await going(4_800), [])
  await store.remove()
})
