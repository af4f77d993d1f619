import { join } from 'node:path'
import type { TakeRecord } from '../../lib/jam/index.ts'
import { ADA } from '../helpers/jams.ts'
import { ALL, pathOf, session } from '../helpers/session-tests.ts'
import { sines, smallJam, wavOf } from '../helpers/sessions.ts'
import { again, rewritten, takeText } from '../helpers/take-again.ts'

session('what a dead rendering thread ended ends there again, by the fade of its last sample', async (t, rig) => {
  const { entries } = smallJam()
  const archives = await sines()
  await rig.open({ entries, archives })
  await rig.finish(ALL)
  const frame = 128 * 100
  const lost: TakeRecord = {
    kind: 'failed',
    frame,
    path: pathOf(ADA, 'drums'),
    code: 'GENERATOR_LOST',
    message: 'its thread ended',
  }
  const take = await rewritten(rig, (lines) => {
    const later = lines.findIndex((line) => 'frame' in line && line.frame > frame)
    return takeText([...lines.slice(0, later), lost, ...lines.slice(later)])
  })
  const stems = join(rig.place, 'stems')
  const made = await again({ rig, entries, archives }, { take, stems })
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
