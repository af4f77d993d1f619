import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { readTake } from '../../lib/engine/index.ts'
import { encodeTakeLine, type TakeRecord } from '../../lib/jam/index.ts'
import { ADA } from '../helpers/jams.ts'
import { ALL, pathOf, session } from '../helpers/session-tests.ts'
import { replayed, sines, smallJam, wavOf } from '../helpers/sessions.ts'

session('what a dead rendering thread ended ends there again, by the fade of its last sample', async (t, rig) => {
  const { entries } = smallJam()
  const archives = await sines()
  await rig.open({ entries, archives })
  await rig.finish(ALL)
  const { header, records } = await readTake(rig.takeFile)
  const frame = 128 * 100
  const lost: TakeRecord = {
    kind: 'failed',
    frame,
    path: pathOf(ADA, 'drums'),
    code: 'GENERATOR_LOST',
    message: 'its thread ended',
  }
  const later = records.findIndex((record) => 'frame' in record && record.frame > frame)
  const file = join(rig.place, 'lost.take')
  const lines = [header, ...records.slice(0, later), lost, ...records.slice(later)]
  await writeFile(file, lines.map(encodeTakeLine).join(''))
  const stems = join(rig.place, 'stems')
  const made = await replayed(rig.place, entries, archives, { take: await readTake(file), stems })
  t.equal(made.take?.divergence, undefined)
  t.deepEqual(
    made.failures.map(({ path, frame: at, code }) => [path, at, code]),
    [[lost.path, frame, 'GENERATOR_LOST']],
  )
  const { left } = await wavOf(made.stems.find((name) => name.includes('-drums-')) ?? '')
  const last = left[frame - 1] ?? 0
  t.ok(Math.abs(last) > 0.001)
  t.ok(Math.abs((left[frame] ?? 0) - last) < 0.001, 'no step')
  t.ok(left.subarray(frame + 239).every((x) => x === 0))
})
