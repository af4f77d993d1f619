import { jamsContract } from '../../plugins/jams/index.ts'
import { archiveOf, assemble } from '../helpers/generators.ts'
import { probeWat } from '../helpers/mix.ts'
import { e2e, startSounding } from '../helpers/node-kit.ts'
import { until } from '../helpers/until.ts'

e2e('a generator that asks for it reads what its node reads, and the take says so', async (t, kit) => {
  const ada = await kit.node()
  await ada.publishUnchecked('probe', archiveOf(await assemble(probeWat('local/peak'))))
  await startSounding('friday', ada)
  const seen = async (): Promise<unknown[]> => (await ada.takeLines()).filter(({ kind }) => kind === 'reading')
  t.deepEqual(await seen(), [], 'nobody has asked')
  await ada.ask(jamsContract).perform.play({ generator: 'probe', on: 'now' })
  const lines = await until(
    'readings are in the take',
    async () => (await ada.takeLines()).filter(({ kind }) => kind === 'reading'),
    (found) => ['local/peak', 'net/peers'].every((path) => found.some((line) => line['path'] === path)),
  )
  t.equal(lines.find(({ path }) => path === 'net/peers')?.['value'], 0, 'nobody is connected')
})
