import { LOOK_AHEAD_FRAMES, MARGIN_FRAMES } from '../../lib/engine/index.ts'
import { resolveAt } from '../../lib/jam/index.ts'
import { ADA, archiveNamed, startedJam } from '../helpers/jams.ts'
import { GRID } from '../helpers/mix.ts'
import { ALL, ofKind, session } from '../helpers/session-tests.ts'
import { BEAT_FRAMES, sines, smallJam, wavOf } from '../helpers/sessions.ts'

session('an entry that comes late starts at the next boundary; the take says by how much', async (t, rig) => {
  const archives = await sines()
  const jam = startedJam({ tempo: 120 })
  await rig.open({ entries: [...jam.entries], archives })
  await rig.to(1.5 * BEAT_FRAMES)
  const play = jam.play(ADA, 'drums', 960, { on: 'beat' })
  const tag = jam.tag(ADA, 'color', 3, 960)
  rig.observe(play, tag)
  rig.observe(jam.action(ADA, 'end', { at: 3 * 960 }))
  const { report, take } = await rig.finish(ALL)
  const [started] = ofKind(take.records, 'started')
  t.deepEqual(
    [started?.frame, started?.late, started?.key],
    [2 * BEAT_FRAMES, { by: BEAT_FRAMES, reason: 'entry' }, play.key],
  )
  const applied = ofKind(take.records, 'applied').find(({ key }) => key === tag.key)
  t.equal(applied?.late?.reason, 'entry')
  t.equal(applied?.late?.by, (applied?.frame ?? 0) - BEAT_FRAMES, 'by as much as it is after its place')
  t.ok((applied?.frame ?? 0) >= 1.5 * BEAT_FRAMES && (applied?.frame ?? 0) % 128 === 0)
  t.equal(report.late, 2)
})

session('an archive that comes late starts its instance at the next boundary', async (t, rig) => {
  const archives = await sines()
  const jam = startedJam({ tempo: 120 })
  jam.play(ADA, 'drums', 0, { on: 'beat' })
  jam.action(ADA, 'end', { at: 4 * 960 })
  await rig.open({ entries: jam.entries })
  await rig.to(1.5 * BEAT_FRAMES)
  rig.archive(archives, archiveNamed('drums'))
  const { report, take } = await rig.finish(ALL)
  t.deepEqual(
    ofKind(take.records, 'started').map(({ frame, late }) => [frame, late]),
    [[2 * BEAT_FRAMES, { by: 2 * BEAT_FRAMES, reason: 'archive' }]],
  )
  t.equal(report.late, 1)
  const { left } = await wavOf(rig.wav)
  t.ok(
    left.subarray(0, 2 * BEAT_FRAMES).every((x) => x === 0),
    'silent until then',
  )
  t.ok(left.subarray(2 * BEAT_FRAMES, 3 * BEAT_FRAMES).some((x) => x !== 0))
})

session('what is asked for now is heard within the look-ahead and its margin', async (t, rig) => {
  const archives = await sines()
  const jam = startedJam({ tempo: 112 })
  await rig.open({ entries: [...jam.entries], archives })
  await rig.to(50_001)
  const now = Math.floor(rig.clock.millis * 48)
  const { at } = resolveAt(GRID, { unit: 'now' }, now, LOOK_AHEAD_FRAMES + MARGIN_FRAMES)
  rig.observe(jam.play(ADA, 'drums', at, { on: 'now' }), jam.action(ADA, 'end', { at: at + 960 }))
  const { take } = await rig.finish(ALL)
  const [started] = ofKind(take.records, 'started')
  t.equal(started?.late, undefined)
  t.equal(started?.frame, GRID.frameOfTick(at))
  const tick = Math.ceil(GRID.frameOfTick(960) / 960)
  t.ok((started?.frame ?? 0) - now <= LOOK_AHEAD_FRAMES + MARGIN_FRAMES + tick)
})

session('a jam that begins later is silent until then', async (t, rig) => {
  rig.clock.millis = -60_000
  await rig.open({ entries: smallJam().entries, archives: await sines() })
  rig.clock.millis = -30_000
  const { report, end } = await rig.finish()
  t.deepEqual([end, report.firstFrame, report.frames], ['asked', 0, 0])
})

session('one that has begun is joined at the next multiple of 128, in place', async (t, rig) => {
  rig.clock.millis = 700
  await rig.open({ entries: smallJam().entries, archives: await sines() })
  const { report, take } = await rig.finish()
  t.equal(report.firstFrame, Math.ceil((700 * 48 + LOOK_AHEAD_FRAMES) / 128) * 128)
  t.equal(take.header.first, report.firstFrame)
  t.equal(report.late, 0, "which is nobody's lateness")
})
