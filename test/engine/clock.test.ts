import { readTake } from '../../lib/engine/index.ts'
import { ADA, BAR, BEN, startedJam, type JamWriter } from '../helpers/jams.ts'
import { ALL, ofKind, pathOf, session } from '../helpers/session-tests.ts'
import { BEAT_FRAMES, replayed, sines, smallJam, wavOf, type SessionRig } from '../helpers/sessions.ts'

/** A bar and a half: `drums` from the start, `arp` and a change from within the first bar, `bass` from the second. */
function longerJam(): JamWriter {
  const jam = startedJam({ tempo: 120 })
  jam.play(ADA, 'drums', 0, { params: { gain: -18 } })
  jam.play(BEN, 'arp', 2 * 960, { on: 'beat', params: { gain: -18 } })
  jam.param(ADA, 'drums', 2 * 960, { name: 'gain', value: -24 })
  jam.play(BEN, 'bass', BAR, { params: { gain: -18 } })
  jam.action(ADA, 'end', { at: 1.5 * BAR })
  return jam
}

/** Replays what a session left. */
const again = (rig: SessionRig, entries: JamWriter['entries'], archives: Awaited<ReturnType<typeof sines>>) =>
  readTake(rig.takeFile).then((take) => replayed(rig.place, entries, archives, { take }))

session('a clock that proves late jumps: the take says so and gives again what was heard', async (t, rig) => {
  const archives = await sines()
  const { entries } = longerJam()
  await rig.open({ entries, archives })
  await rig.to(BEAT_FRAMES)
  rig.session.setZero(-800)
  const { report, take } = await rig.finish(ALL)
  const [jump, ...more] = ofKind(take.records, 'clock')
  t.deepEqual([jump && jump.to - jump.frame, more.length], [800 * 48, 0])
  t.ok(jump && jump.frame >= BEAT_FRAMES && jump.frame < 2 * BEAT_FRAMES && jump.frame % 128 === 0, 'where it rendered')
  t.deepEqual(
    ofKind(take.records, 'started').map(({ path, frame, late }) => [path, frame, late?.reason]),
    [
      [pathOf(ADA, 'drums'), 0, undefined],
      [pathOf(BEN, 'arp'), Math.ceil((jump?.to ?? 0) / BEAT_FRAMES) * BEAT_FRAMES, 'grid'],
      [pathOf(BEN, 'bass'), 4 * BEAT_FRAMES, undefined],
    ],
    'what plays is not started again, what was jumped over starts at the next boundary, the rest in its place',
  )
  const [param] = ofKind(take.records, 'applied').filter(({ late }) => late !== undefined)
  t.deepEqual([param?.frame, param?.late?.reason], [jump?.to, 'grid'])
  const { data, frames } = await wavOf(rig.wav)
  const [close] = ofKind(take.records, 'close')
  t.equal(frames, report.frames)
  t.equal(close?.frame, frames + 800 * 48, 'in jam frames')
  const made = await again(rig, entries, archives)
  t.equal(made.take?.divergence, undefined)
  t.equal(made.samplesSha256, report.samplesSha256, 'to the bit')
  t.equal(made.frames, data.length / 8)
})

session('a clock that proves early is waited for: no frame is dropped or doubled', async (t, rig) => {
  const archives = await sines()
  const { entries } = smallJam()
  await rig.open({ entries, archives })
  await rig.to(BEAT_FRAMES)
  rig.behind = 400 * 48
  rig.session.setZero(400)
  const { report, take } = await rig.finish(ALL)
  t.deepEqual(
    ofKind(take.records, 'clock').map(({ frame, to }) => [frame, to]),
    [[BEAT_FRAMES, BEAT_FRAMES - 400 * 48]],
  )
  const score = await replayed(rig.place, entries, archives)
  t.equal(report.samplesSha256, score.samplesSha256, 'what the score has')
  const made = await again(rig, entries, archives)
  t.deepEqual([made.take?.divergence, made.samplesSha256], [undefined, report.samplesSha256])
})

session('a clock that is a little off changes nothing but the pace', async (t, rig) => {
  const archives = await sines()
  const { entries } = smallJam()
  await rig.open({ entries, archives })
  await rig.to(BEAT_FRAMES)
  rig.behind = 30 * 48
  rig.session.setZero(30)
  await rig.to(2 * BEAT_FRAMES)
  rig.session.setZero(-15)
  const { report, take } = await rig.finish(ALL)
  t.deepEqual(ofKind(take.records, 'clock'), [])
  t.equal(report.samplesSha256, (await replayed(rig.place, entries, archives)).samplesSha256)
  const paced = rig.messages.flatMap((message) => (message.kind === 'levels' ? [message.zero] : []))
  t.ok(
    paced.every((zero) => Math.abs(zero) < 5),
    'by no more than 2 ms in a second',
  )
  t.ok(paced.some((zero) => zero !== 0))
})

session("a player's own nudge holds at once and changes nothing of what is replayed", async (t, rig) => {
  const archives = await sines()
  const { entries } = smallJam()
  await rig.open({ entries, archives })
  await rig.to(BEAT_FRAMES)
  rig.behind = 100 * 48
  rig.session.nudge(100)
  rig.session.setZero(0)
  await rig.to(2 * BEAT_FRAMES)
  rig.session.nudge(-20)
  const { report, take } = await rig.finish(ALL)
  t.deepEqual(
    ofKind(take.records, 'nudge').map(({ millis }) => millis),
    [100, -20],
  )
  t.deepEqual(
    ofKind(take.records, 'clock').map(({ frame, to }) => to - frame),
    [-100 * 48, 120 * 48],
    'later, it waits; earlier, it jumps',
  )
  const paced = rig.messages.flatMap((message) => (message.kind === 'levels' ? [message.zero] : []))
  t.ok(paced.includes(100), 'the sinks keep the time that was asked for')
  const made = await again(rig, entries, archives)
  t.deepEqual([made.take?.divergence, made.samplesSha256], [undefined, report.samplesSha256], 'to the bit')
})

session(
  'one that waits for a jam to begin waits less where its clock was behind, and goes in where it has begun',
  async (t, rig) => {
    const archives = await sines()
    const { entries } = longerJam()
    rig.clock.millis = -20_000
    await rig.open({ entries, archives })
    rig.session.setZero(-19_000)
    rig.session.setZero(-21_000)
    rig.clock.millis = -19_500
    const { take } = await rig.finish(ALL)
    const [jump, ...more] = ofKind(take.records, 'clock')
    t.deepEqual([jump?.frame, more.length], [0, 0], 'waiting was not in the way')
    const ahead = Math.round(((jump?.to ?? 0) * 1_000) / 48_000)
    t.ok(Math.abs(ahead - 1_160) < 10, `${ahead} ms: a second, and the look-ahead`)
    const made = await again(rig, entries, archives)
    t.equal(made.take?.divergence, undefined)
  },
)
