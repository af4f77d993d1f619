import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { playerIdOf, refOf } from '../../lib/base/index.ts'
import type { JamEntry } from '../../lib/jam/index.ts'
import { shortIdOf } from '../../lib/keys/index.ts'
import { fixture } from '../helpers/generators.ts'
import { ADA, archiveNamed, BAR, BEN, startedJam } from '../helpers/jams.ts'
import { probeWat, setterWat, sineWat } from '../helpers/mix.ts'
import { ALL, ofKind, pathOf, session } from '../helpers/session-tests.ts'
import { archivesOf, BEAT_FRAMES, replayed, sines, smallJam, wavOf, type SessionRig } from '../helpers/sessions.ts'
import { again, rewritten, takeText } from '../helpers/take-again.ts'

/** Until levels are told: every quarter of a second of the jam. */
async function rendered(rig: SessionRig): Promise<void> {
  await new Promise<void>((resolve) => {
    const look = (): void => {
      if (rig.messages.some(({ kind }) => kind === 'levels')) resolve()
      else setTimeout(look, 5)
    }
    look()
  })
}

session('a take gives again what was heard: what came late, the grid put right, the own mix', async (t, rig) => {
  const archives = await archivesOf({
    drums: sineWat({ hertz: 101 }),
    chords: probeWat('color'),
    arp: sineWat({ hertz: 377 }),
    bass: setterWat(5.25),
  })
  const jam = startedJam({ tempo: 120 })
  jam.play(ADA, 'drums', 0, { params: { gain: -18 } })
  jam.play(ADA, 'chords', 0, { params: { gain: -40 } })
  const early = [...jam.entries]
  const play = jam.play(BEN, 'bass', 480, { on: 'beat' })
  const arp = jam.play(BEN, 'arp', 960, { on: 'beat', params: { gain: -24 } })
  const param = jam.param(ADA, 'drums', 1000, { name: 'gain', value: -30, over: 960 })
  const tag = jam.tag(BEN, 'color', 0.25, 1100)
  const tempo = jam.action(ADA, 'tempo', { bar: 0, tempo: 100 })
  const stop = jam.stop(ADA, 'drums', 1500)
  jam.action(ADA, 'end', { at: 2 * BAR })
  const { entries } = jam
  await rig.open({ entries: early, archives: new Map([...archives].filter(([id]) => id !== archiveNamed('arp'))) })
  rig.observe(arp)
  await rig.to(BEAT_FRAMES)
  rig.observe(play)
  rig.tell({ kind: 'mix', target: { kind: 'instance', path: pathOf(ADA, 'drums') as never }, setting: { gain: -3 } })
  await rig.to(1.4 * BEAT_FRAMES)
  rig.observe(param, tag)
  rig.tell({ kind: 'mix', target: { kind: 'player', player: refOf(ADA) }, setting: { mute: true } })
  await rig.to(2 * BEAT_FRAMES)
  rig.observe(tempo)
  rig.tell({ kind: 'mix', target: { kind: 'player', player: refOf(ADA) }, setting: { mute: false, pan: 0.5 } })
  rig.archive(archives, archiveNamed('arp'))
  await rig.to(3 * BEAT_FRAMES)
  rig.observe(stop, ...entries.slice(-1))
  const { report, take } = await rig.finish(ALL)
  t.equal(ofKind(take.records, 'grid').length, 1, 'the beat jumped')
  t.deepEqual(
    ofKind(take.records, 'started').flatMap(({ late }) => late?.reason ?? []),
    ['entry', 'archive'],
  )
  t.ok(ofKind(take.records, 'applied').filter(({ late }) => late?.reason === 'entry').length >= 3)
  const heard = { rig, entries, archives }
  for (const threads of [1, 2]) {
    const made = await again(heard, { threads })
    t.equal(made.samplesSha256, report.samplesSha256, `every sample that was heard, with ${threads} threads`)
    t.deepEqual(made.take, { divergence: undefined, heardSha256: report.samplesSha256, missing: 0, skipped: 0 })
    t.equal(made.rendition, 'take')
  }
  const score = await replayed(rig.place, entries, archives)
  t.equal(score.rendition, 'score')
  t.notEqual(score.samplesSha256, report.samplesSha256, 'which is not the score')
})

session('what may run no more ends where it is and starts no more, and the take gives that again', async (t, rig) => {
  const archives = await sines()
  const jam = startedJam({ tempo: 120 })
  const play = (instance: string, at: number): JamEntry =>
    jam.play(ADA, 'drums', at, { instance, params: { gain: -18 } })
  play('one', 0)
  jam.play(ADA, 'chords', 0, { params: { gain: -18 } })
  play('two', 2 * BAR)
  jam.action(ADA, 'end', { at: 6 * BAR })
  const { entries } = jam
  await rig.open({ entries, archives })
  await rig.to(4 * BEAT_FRAMES)
  rig.tell({ kind: 'forbid', archive: archiveNamed('drums') })
  await rig.to(12 * BEAT_FRAMES)
  rig.archive(archives, archiveNamed('drums'))
  const { report, take } = await rig.finish(ALL)
  const [forbidden] = ofKind(take.records, 'forbidden')
  t.ok(forbidden && forbidden.frame >= 4 * BEAT_FRAMES && forbidden.frame < 8 * BEAT_FRAMES)
  const one = pathOf(ADA, 'drums').replace(/drums$/, 'one')
  t.deepEqual(
    ofKind(take.records, 'failed').map(({ frame, path, code }) => [frame, path, code]),
    [[forbidden?.frame, one, 'GENERATOR_NOT_ALLOWED']],
    'it ends where that took effect',
  )
  const two = ofKind(take.records, 'started').find(({ path }) => path.endsWith('/two'))
  t.ok(two && two.frame >= 12 * BEAT_FRAMES, 'another play of it waits until it may')
  t.equal(two?.late?.reason, 'archive')
  for (const threads of [1, 2]) {
    const made = await again({ rig, entries, archives }, { threads })
    t.equal(made.samplesSha256, report.samplesSha256, `every sample that was heard, with ${threads} threads`)
    t.deepEqual(made.take, { divergence: undefined, heardSha256: report.samplesSha256, missing: 0, skipped: 0 })
  }
})

session(
  'a take that began in the middle of a jam and was closed there is as long as what was heard',
  async (t, rig) => {
    const archives = await sines()
    const { entries } = smallJam()
    rig.clock.millis = 700
    await rig.open({ entries, archives })
    rig.clock.millis = 1_600
    await rendered(rig)
    const { report } = await rig.finish()
    t.ok(report.firstFrame > BEAT_FRAMES && report.frames > BEAT_FRAMES / 4)
    const whole = await again({ rig, entries, archives })
    t.equal(whole.samplesSha256, report.samplesSha256)
    t.deepEqual([whole.firstFrame, whole.frames], [report.firstFrame, report.frames])
    const from = report.firstFrame + 1_000
    const part = await again({ rig, entries, archives }, { from, cut: from + 2_000 })
    t.deepEqual([part.firstFrame, part.frames], [from, 2_000])
  },
)

session('entries that were withdrawn are withdrawn again', async (t, rig) => {
  const archives = await sines()
  const { entries } = smallJam()
  const gone = entries.filter(({ payload }) => typeof payload === 'object' && payload['instance'] === 'drums')
  await rig.open({ entries, archives })
  await rig.to(BEAT_FRAMES)
  rig.tell({ kind: 'withdraw', keys: gone.map(({ key }) => key) })
  const { report, take } = await rig.finish(ALL)
  t.ok(ofKind(take.records, 'ended').some(({ reason }) => reason === 'withdrawn'))
  t.equal((await again({ rig, entries, archives })).samplesSha256, report.samplesSha256)
})

session('what no feed brought is passed over and told; all else is as it was heard', async (t, rig) => {
  const archives = await sines()
  const jam = startedJam({ tempo: 120 })
  jam.play(ADA, 'drums', 0, { params: { gain: -18 } })
  // Signed and told, and in no feed: one is taken back before it starts, the other sounds.
  const back = jam.play(ADA, 'chords', 4 * 960)
  const ahead = jam.play(BEN, 'arp', 2 * 960, { on: 'beat', params: { gain: -18 } })
  jam.action(ADA, 'end', { at: 2 * BAR })
  const { entries } = jam
  const published = entries.filter((entry) => entry !== back && entry !== ahead)
  await rig.open({ entries: published, archives })
  await rig.to(BEAT_FRAMES)
  rig.observe(back)
  await rig.to(1.5 * BEAT_FRAMES)
  rig.observe(ahead)
  rig.tell({ kind: 'withdraw', keys: [back.key] })
  const { report, take } = await rig.finish(ALL)
  t.equal(ofKind(take.records, 'withdrawn').length, 1)
  const frame = ofKind(take.records, 'observed').find(({ keys }) => keys.includes(back.key))?.frame
  const whole = await again({ rig, entries, archives })
  t.deepEqual([whole.samplesSha256, whole.missing], [report.samplesSha256, undefined])

  const unstarted = await again({ rig, entries: [...published, ahead], archives })
  t.deepEqual(unstarted.missing, { entries: 1, frame })
  t.equal(unstarted.take?.divergence, undefined)
  t.equal(unstarted.samplesSha256, report.samplesSha256, 'what was taken back before it sounded changes nothing')
  const rest = await again({ rig, entries: published, archives })
  t.deepEqual(rest.missing, { entries: 2, frame })
  const { said } = rest.take?.divergence ?? {}
  t.ok(said?.kind === 'started' && said.key === ahead.key, 'what sounded is told from where it started')
  t.deepEqual([rest.sounds.length, rest.frames], [1, whole.frames], 'and the rest sounds to its end')
  const whatIf = await again({ rig, entries: published, archives }, { whatIf: { mix: [], replace: [] } })
  t.deepEqual(whatIf.missing, rest.missing, 'a what-if of it tells it too')
})

session('a short id that is another member’s too from the middle on reads as it did', async (t, rig) => {
  const [one, other] = TWINS.map((hex) => playerIdOf(new Uint8Array(Buffer.from(hex.padEnd(64, '0'), 'hex'))))
  if (!one || !other) throw new Error('two players')
  t.equal(shortIdOf(one), shortIdOf(other), 'two identities with one short id')
  const archives = await archivesOf({
    drums: probeWat(`${shortIdOf(one)}/color`),
    chords: probeWat(`${shortIdOf(one)}/color`),
  })
  const jam = startedJam({ tempo: 120 })
  jam.admit(ADA, one)
  jam.play(ADA, 'drums', 0)
  jam.tag(one, 'color', 0.5, 960)
  jam.play(ADA, 'chords', 4 * 960)
  const early = [...jam.entries]
  const admit = jam.admit(ADA, other)
  jam.action(ADA, 'end', { at: 6 * 960 })
  const { entries } = jam
  await rig.open({ entries: early, archives })
  await rig.to(2 * BEAT_FRAMES)
  rig.observe(admit, ...entries.slice(-1))
  const { report } = await rig.finish(ALL)
  t.equal((await again({ rig, entries, archives })).samplesSha256, report.samplesSha256)
  const score = await replayed(rig.place, entries, archives)
  t.notEqual(score.samplesSha256, report.samplesSha256, 'the score never knew whose it was')
})

session('what ended by itself ends again, and what a guard killed is killed at the same block', async (t, rig) => {
  const loop = await readFile(fixture('hostile', 'modules', 'loop-in-process.wat'), 'utf8')
  const archives = new Map([...(await sines()), ...(await archivesOf({ arp: loop }))])
  const jam = smallJam()
  jam.play(BEN, 'arp', 480)
  const { entries } = jam
  await rig.open({ entries, archives })
  const { report } = await rig.finish(ALL)
  const made = await again({ rig, entries, archives })
  t.equal(made.samplesSha256, report.samplesSha256)
  t.equal(made.take?.divergence, undefined)
  const frame = 128 * 100
  const path = pathOf(ADA, 'drums')
  const kill = { kind: 'failed' as const, frame, path, code: 'GENERATOR_TOO_SLOW', message: 'a block took 120 ms' }
  const killed = await rewritten(rig, (lines) => {
    const at = lines.findIndex((line) => line.kind === 'failed')
    const rest = lines.filter((line) => !(line.kind === 'ended' && line.path === path))
    return takeText([...rest.slice(0, at), kill, ...rest.slice(at)])
  })
  const stems = join(rig.place, 'stems')
  const without = await again({ rig, entries, archives }, { take: killed, stems })
  const drums = without.stems.find((file) => file.includes('-drums-'))
  const { left } = await wavOf(drums ?? '')
  t.ok(left.subarray(frame, frame + 128).some((x) => x !== 0))
  t.ok(
    left.subarray(frame + 128 + 240).every((x) => x === 0),
    'the block was its last, faded',
  )
})

/** Two public keys, the rest zeros, whose SHA-256 begin with the same 48 bits. */
const TWINS = ['472f1decc05b', 'f6ba1b02ee70']
