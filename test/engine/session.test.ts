import { join } from 'node:path'
import { refOf } from '../../lib/base/index.ts'
import { LOOK_AHEAD_FRAMES } from '../../lib/engine/index.ts'
import { shortIdOf } from '../../lib/keys/index.ts'
import { ADA, BEN, startedJam } from '../helpers/jams.ts'
import { probeWat, sineWat } from '../helpers/mix.ts'
import { ALL, ofKind, pathOf, session } from '../helpers/session-tests.ts'
import { archivesOf, BEAT_FRAMES, replayed, sines, smallJam, wavOf } from '../helpers/sessions.ts'

for (const threads of [1, 2, 3]) {
  session(`what is heard where nothing is late is the score, on ${threads} rendering threads`, async (t, rig) => {
    const archives = await sines()
    const { entries } = smallJam()
    await rig.open({ entries, archives, threads })
    const { report, end, take } = await rig.finish(ALL)
    const file = await wavOf(rig.wav)
    t.equal(end, 'over')
    t.equal(report.firstFrame, 0)
    t.equal(report.frames, file.frames, 'the report is of the file')
    t.equal(report.samplesSha256, file.sha256)
    t.equal(
      report.peak,
      file.left.reduce((most, x) => Math.max(most, Math.abs(x)), 0),
    )
    t.ok(report.peak > 0.1)
    t.deepEqual([report.late, report.skippedFrames], [0, 0])
    const score = await replayed(rig.place, entries, archives)
    t.equal(report.samplesSha256, score.samplesSha256, 'every sample is that of the replay')

    const { jam } = take.header
    t.deepEqual(take.header, {
      kind: 'take',
      version: 2,
      jam,
      player: BEN,
      engine: 0,
      app: '0.0.0-test',
      origin: 1.8e15,
      first: 0,
    })
    t.notOk(take.torn)
    t.deepEqual(
      ofKind(take.records, 'started').map(({ frame, path, late }) => [frame, path, late]),
      [
        [0, pathOf(ADA, 'drums'), undefined],
        [0, pathOf(ADA, 'chords'), undefined],
        [BEAT_FRAMES, pathOf(BEN, 'bass'), undefined],
      ],
    )
    t.deepEqual(
      ofKind(take.records, 'ended').map(({ frame, path, reason }) => [frame, path, reason]),
      [
        [3 * BEAT_FRAMES, pathOf(BEN, 'bass'), 'stop'],
        [4 * BEAT_FRAMES, pathOf(ADA, 'drums'), 'end'],
        [4 * BEAT_FRAMES, pathOf(ADA, 'chords'), 'end'],
      ],
    )
    t.ok(
      ofKind(take.records, 'applied').some(({ frame }) => frame === 2 * BEAT_FRAMES),
      'the change of gain',
    )
    t.deepEqual(
      ofKind(take.records, 'sink').map(({ state }) => state),
      ['open', 'closed'],
    )
    t.deepEqual(take.records.at(-1), {
      kind: 'close',
      frame: report.frames,
      sha256: report.samplesSha256,
      peak: report.peak,
    })
  })
}

session("one's own mix changes what is heard, is in the take, and not in the replay", async (t, rig) => {
  const archives = await sines()
  const { entries } = smallJam()
  await rig.open({ entries, archives })
  rig.tell({ kind: 'mix', target: { kind: 'player', player: refOf(ADA) }, setting: { mute: true } })
  await rig.to(2 * BEAT_FRAMES)
  rig.tell({ kind: 'mix', target: { kind: 'player', player: refOf(ADA) }, setting: { mute: false, gain: -6 } })
  const { report, take } = await rig.finish(ALL)
  const { left } = await wavOf(rig.wav)
  t.ok(
    left.subarray(0, BEAT_FRAMES).every((x) => x === 0),
    'Ada is not heard',
  )
  t.ok(
    left.subarray(BEAT_FRAMES, 2 * BEAT_FRAMES).some((x) => x !== 0),
    'Ben is',
  )
  const acts = ofKind(take.records, 'mix')
  t.deepEqual(
    acts.map(({ target, setting }) => [target, setting]),
    [
      [{ kind: 'player', player: refOf(ADA) }, { mute: true }],
      [
        { kind: 'player', player: refOf(ADA) },
        { gain: -6, mute: false },
      ],
    ],
  )
  t.equal(acts[0]?.frame, 0)
  const at = acts[1]?.frame ?? 0
  t.ok(at >= 2 * BEAT_FRAMES && at <= 2 * BEAT_FRAMES + LOOK_AHEAD_FRAMES + 128, 'from where was rendered to')
  const told = rig.messages.flatMap((message) => (message.kind === 'mix' ? message.acts : []))
  t.deepEqual(
    told.map(({ frame }) => frame),
    [0, at],
    'the node is told when it took effect',
  )
  const score = await replayed(rig.place, entries, archives, { out: join(rig.place, 'score.wav') })
  t.notEqual(score.samplesSha256, report.samplesSha256)
  t.ok((await wavOf(join(rig.place, 'score.wav'))).left.subarray(0, BEAT_FRAMES).some((x) => x !== 0))
})

session('members are known by their short ids, live as in a replay, whenever they come', async (t, rig) => {
  const archives = await archivesOf({ drums: probeWat(`${shortIdOf(BEN)}/color`), chords: sineWat() })
  const jam = startedJam({ tempo: 120 })
  jam.play(ADA, 'drums', 0)
  jam.tag(BEN, 'color', 0.5, 2 * 960)
  jam.action(ADA, 'end', { at: 4 * 960 })
  const admit = jam.entries.find(({ payload }) => typeof payload === 'object' && payload.action === 'admit')
  await rig.open({ entries: jam.entries.filter((entry) => entry !== admit), archives })
  await rig.to(BEAT_FRAMES)
  if (admit) rig.observe(admit)
  const { report } = await rig.finish(ALL)
  const score = await replayed(rig.place, jam.entries, archives, { out: join(rig.place, 'score.wav') })
  t.equal(report.samplesSha256, score.samplesSha256)
  const blind = await replayed(
    rig.place,
    jam.entries.filter(({ payload }) => typeof payload !== 'object' || payload.type !== 'tag'),
    archives,
  )
  t.notEqual(score.samplesSha256, blind.samplesSha256, 'it reads what Ben sets')
})

session('an end that is asked for lets everything rendered into the file; closing twice is closing', async (t, rig) => {
  const archives = await sines()
  await rig.open({ entries: smallJam().entries, archives })
  await rig.to(BEAT_FRAMES)
  const [{ report, end, take }] = await Promise.all([rig.finish(), rig.session.close()])
  t.equal(end, 'asked')
  const file = await wavOf(rig.wav)
  t.equal(file.sha256, report.samplesSha256)
  t.ok(file.frames >= BEAT_FRAMES && file.frames <= BEAT_FRAMES + LOOK_AHEAD_FRAMES + 128)
  t.equal(take.records.at(-1)?.kind, 'close')
  const whole = await replayed(rig.place, smallJam().entries, archives, { out: join(rig.place, 'score.wav') })
  const score = await wavOf(join(rig.place, 'score.wav'))
  t.ok(score.data.subarray(0, file.data.length).equals(file.data), 'a part of the whole')
  t.ok(whole.frames > file.frames)
})
