import test from 'tape'
import { makeEnsemble } from '../../lib/engine/ensemble.ts'
import { LocalRunner, type ShortIds } from '../../lib/mix/index.ts'
import { ADA, BEN, CY, JAM, startedJam } from '../helpers/jams.ts'

/** Counts what it is told of short ids. */
class CountingRunner extends LocalRunner {
  told: number[] = []
  override know(shortIds: ShortIds): void {
    this.told.push(shortIds.size)
    super.know(shortIds)
  }
}

test('an ensemble tells its threads short ids when somebody belongs to the jam, and not with every action', async (t) => {
  const runner = new CountingRunner()
  const { conductor, renderer } = makeEnsemble({ jam: JAM, from: 0, runners: [runner], measured: 'limiter' })
  const [left, right] = [new Float32Array(128), new Float32Array(128)]
  const jam = startedJam()
  conductor.observe(jam.entries)
  renderer.renderQuantum(left, right)
  const acts = [
    jam.action(ADA, 'tempo', { bar: 4, tempo: 90 }),
    jam.action(CY, 'join'),
    jam.admit(BEN, ADA),
    jam.admit(BEN, CY),
    jam.action(ADA, 'remove', { identity: CY, at: 960 }),
  ]
  for (const act of acts) {
    conductor.observe([act])
    renderer.renderQuantum(left, right)
  }
  t.deepEqual(runner.told, [2, 3])
  await runner.close()
  t.end()
})
