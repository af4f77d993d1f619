import test from 'tape'
import { blobIdOf, generatorIdOf, jamIdOf, name as checkedName } from '../../lib/base/index.ts'
import { LiveJam } from '../../plugins/jams/index.ts'
import { instancesOf } from '../../plugins/jams/instances.ts'
import { bytesOf } from '../helpers/blobs.ts'
import { HandClock, identityNamed } from '../helpers/chains.ts'
import { temporaryStore } from '../helpers/stores.ts'

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
  const { instances, stoppedBefore } = instancesOf(live, () => 'ada')
  const going = instances.filter(({ stopped }) => !stopped).map(({ instance }) => instance)
  t.deepEqual(going, ['other', 'swap-300'])
  const over = instances.filter(({ stopped }) => stopped).map(({ instance }) => instance)
  t.deepEqual([over.length, over[0], over.at(-1)], [256, 'swap-44', 'swap-299'])
  t.equal(stoppedBefore, 45, 'the rest of 301')
  await store.remove()
})
