import { readTake } from '../../lib/engine/index.ts'
import { ADA, BAR, startedJam } from '../helpers/jams.ts'
import { probeWat, sineWat } from '../helpers/mix.ts'
import { ofKind, session } from '../helpers/session-tests.ts'
import { archivesOf, BEAT_FRAMES, replayed } from '../helpers/sessions.ts'

const PEAK = 'local/peak'

session('readings are heard, logged and heard again from the take; in the score they are not there', async (t, rig) => {
  const archives = await archivesOf({ drums: probeWat(PEAK), chords: sineWat({ hertz: 101 }) })
  const jam = startedJam({ tempo: 120 })
  jam.play(ADA, 'chords', 0, { params: { gain: -18 } })
  jam.play(ADA, 'drums', 960, { params: { gain: -12 } })
  jam.action(ADA, 'end', { at: BAR })
  const live = await rig.open({ entries: jam.entries, archives })
  rig.tell({ kind: 'readings', readings: [{ path: PEAK, value: 0.25 }] })
  await rig.to(2 * BEAT_FRAMES)
  rig.tell({
    kind: 'readings',
    readings: [
      { path: PEAK, value: 0.5 },
      { path: 'net/peers', value: 3 },
      { path: 'jam/tempo', value: 1 },
    ],
  })
  rig.tell({ kind: 'readings', readings: [{ path: PEAK, value: 0.5 }] })
  const { take, report } = await live.finish(4 * BEAT_FRAMES + 48_000)

  const logged = ofKind(take.records, 'reading').map(({ path, value }) => [path, value])
  t.deepEqual(
    logged,
    [
      [PEAK, 0.25],
      [PEAK, 0.5],
      ['net/peers', 3],
    ],
    'what was there when it was asked for, then what changed, and nothing that is no reading',
  )
  const [first] = ofKind(take.records, 'reading')
  t.ok((first?.frame ?? 0) > BEAT_FRAMES, 'nothing is logged before somebody asks')

  const taken = await replayed(rig.place, jam.entries, archives, { take: await readTake(rig.takeFile) })
  t.equal(taken.take?.divergence, undefined)
  t.equal(taken.samplesSha256, report.samplesSha256, 'every sample as it was heard')
  t.deepEqual(taken.ambient, [])
  const score = await replayed(rig.place, jam.entries, archives)
  t.notEqual(score.samplesSha256, report.samplesSha256, 'the score has no readings')
  t.deepEqual(score.ambient, ['drums'], 'and says who asks for them')
  t.equal((await replayed(rig.place, jam.entries, archives)).samplesSha256, score.samplesSha256, 'the same each time')
})
