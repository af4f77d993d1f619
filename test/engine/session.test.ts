import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import test, { type Test } from 'tape'
import { refOf } from '../../lib/base/index.ts'
import { LOOK_AHEAD_FRAMES, MARGIN_FRAMES } from '../../lib/engine/index.ts'
import { parseTake, resolveAt, type TakeRecord } from '../../lib/jam/index.ts'
import { shortIdOf } from '../../lib/keys/index.ts'
import { fixture } from '../helpers/generators.ts'
import { codeOf } from '../helpers/hosts.ts'
import { ADA, archiveNamed, BEN, startedJam } from '../helpers/jams.ts'
import { GRID, probeWat, sineWat } from '../helpers/mix.ts'
import { archivesOf, BEAT_FRAMES, replayed, SessionRig, sines, smallJam, wavOf } from '../helpers/sessions.ts'

/** Far behind every end. */
const ALL = 100 * BEAT_FRAMES

function session(title: string, body: (t: Test, rig: SessionRig) => Promise<void>): void {
  test(`session: ${title}`, async (t) => {
    const rig = new SessionRig()
    try {
      await body(t, rig)
    } finally {
      await rig.run()
    }
  })
}
const ofKind = <K extends TakeRecord['kind']>(records: readonly TakeRecord[], kind: K) =>
  records.filter((record): record is Extract<TakeRecord, { kind: K }> => record.kind === kind)
const pathOf = (player: typeof ADA, name: string): string => `${refOf(player)}/${name}/${name}`

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
      version: 1,
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

session('what never ends is ended alone: the others sound as if it had never been there', async (t, rig) => {
  const loop = await readFile(fixture('hostile', 'modules', 'loop-in-process.wat'), 'utf8')
  const archives = new Map([...(await sines()), ...(await archivesOf({ arp: loop }))])
  const jam = smallJam()
  const without = [...jam.entries]
  const withIt = [...without, jam.play(BEN, 'arp', 480)]
  await rig.open({ entries: withIt, archives })
  const { report, take } = await rig.finish(ALL)
  t.deepEqual(
    ofKind(take.records, 'failed').map(({ path, code }) => [path, code]),
    [[pathOf(BEN, 'arp'), 'GENERATOR_RAN_AWAY']],
  )
  const calm = await replayed(rig.place, without, archives)
  t.equal(report.samplesSha256, calm.samplesSha256, 'bit for bit')
  t.equal(await codeOf(replayed(rig.place, withIt, archives)), 'GENERATOR_RAN_AWAY', 'which a replay refuses')
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

session('a sink that cannot be opened leaves the jam running; the take says so', async (t, rig) => {
  await rig.open({ entries: smallJam().entries, archives: await sines(), sink: 'wav:/nowhere/at/all.wav' })
  rig.clock.millis = 500
  await new Promise<void>((resolve) => {
    const look = (): void => {
      const heard = rig.messages.some(({ kind }) => kind === 'levels')
      if (heard) resolve()
      else setTimeout(look, 5)
    }
    look()
  })
  const { report, take } = await rig.finish()
  t.ok(report.peak > 0.1)
  const [lost, ...more] = ofKind(take.records, 'sink')
  t.equal(lost?.state, 'lost')
  t.match(lost?.why ?? '', /see that its folder exists/)
  t.deepEqual(more, [])
  t.deepEqual(
    rig.messages.flatMap((message) => (message.kind === 'sink' ? message.state.state : [])),
    ['lost'],
  )
})

session('rendering that breaks down is a failure, with files that are whole', async (t, rig) => {
  const { entries } = smallJam()
  await rig.open({ entries, archives: await sines() })
  await rig.to(BEAT_FRAMES)
  rig.observe(undefined as never)
  await rig.session.ended
  const { report, end, take } = await rig.finish()
  t.equal(end, 'failed')
  t.equal((await wavOf(rig.wav)).sha256, report.samplesSha256)
  t.equal(take.records.at(-1)?.kind, 'close')
  const [warning] = rig.messages.filter(({ kind }) => kind === 'warning')
  t.equal((warning as { code?: string } | undefined)?.code, 'ENGINE_LOST')
})

session('no take, no session; no such sink, neither', async (t, rig) => {
  const folder = await rig.make()
  await writeFile(join(folder, 'a.take'), 'another one\n')
  rig.make = () => Promise.resolve(folder)
  const { entries } = smallJam()
  t.equal(await codeOf(rig.open({ entries })), 'TAKE_UNWRITABLE', 'a take is never written over')
  t.equal(await readFile(join(folder, 'a.take'), 'utf8'), 'another one\n')
  t.equal(await codeOf(rig.open({ entries, sink: 'organ' })), 'SINK_UNKNOWN')
  t.throws(() => parseTake('another one\n'), { code: 'TAKE_INVALID' })
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
