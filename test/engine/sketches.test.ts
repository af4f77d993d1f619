import { blobIdOf, name, refOf, type BlobId, type Frames } from '../../lib/base/index.ts'
import type { InstanceEvent } from '../../lib/mix/index.ts'
import { prepareGenerator } from '../../lib/generators/index.ts'
import { archiveOf, assemble, generatorWat, good } from '../helpers/generators.ts'
import { ADA, archiveNamed, BAR, BEN, startedJam } from '../helpers/jams.ts'
import { setterWat, sha256, sineWat } from '../helpers/mix.ts'
import { ALL, ofKind, session } from '../helpers/session-tests.ts'
import { BEAT_FRAMES, replayed, sines, wavOf, type Archives, type SessionRig } from '../helpers/sessions.ts'
import { again } from '../helpers/take-again.ts'

const BAR_FRAMES: Frames = 4 * BEAT_FRAMES
const OWN = name('try')

/** An archive to try out, as it stands after an edit. */
interface Version {
  readonly archive: BlobId
  readonly bytes: Uint8Array
}

async function version(wat: string, edit = 'first'): Promise<Version> {
  const bytes = archiveOf(await assemble(wat), { about: edit })
  return { archive: blobIdOf(sha256(bytes)), bytes }
}

const inOne = (...versions: readonly Version[]): Archives =>
  new Map(versions.map(({ archive, bytes }) => [archive, bytes]))

function sketch(rig: SessionRig, { archive, bytes }: Version, gain = -12): void {
  rig.tell({ kind: 'sketch', name: OWN, archive, params: { gain }, prepared: good(prepareGenerator(bytes)) })
}

/** Tries out one version after the other, each for a bar, to the jam's end. */
async function barByBar(rig: SessionRig, versions: readonly Version[]): ReturnType<SessionRig['finish']> {
  for (const [bar, one] of versions.entries()) {
    sketch(rig, one)
    await rig.to((bar + 1) * BAR_FRAMES + BEAT_FRAMES)
  }
  return rig.finish(ALL)
}

const eventsOf = (rig: SessionRig): InstanceEvent[] =>
  rig.messages.flatMap((message) => (message.kind === 'instances' ? message.events : []))
const pathOf = (number: number): string => `${refOf(BEN)}/test/try~${number}`

/** A sine that hands its phase on; `taken` is what `mm_load` answers, `first` what it does before. */
const carrying = (taken = 0, first = ''): string =>
  sineWat({
    hertz: 101,
    tail: `(func (export "mm_save") (result i32)
        (f64.store (i32.const 64) (global.get $a)) (f64.store (i32.const 72) (global.get $b)) (i32.const 16))
      (func (export "mm_state") (param i32) (result i32)
        (if (result i32) (i32.eq (local.get 0) (i32.const 16)) (then (i32.const 64)) (else (i32.const 0))))
      (func (export "mm_load") (param i32) (result i32)
        ${first}
        (if (i32.eqz (i32.const ${taken})) (then
          (global.set $a (f64.load (i32.const 64))) (global.set $b (f64.load (i32.const 72)))))
        (i32.const ${taken}))`,
  })

/** A jam of nobody's plays, which ends after so many bars. */
const quietJam = (bars: number) => {
  const jam = startedJam({ tempo: 120 })
  jam.action(ADA, 'end', { at: bars * BAR })
  return jam
}

/** The greatest bend of a line through three samples: of a sine of 101 Hz at -18 dBFS 2e-5, of a click above 1e-3. */
const bend = (samples: Float32Array, from: Frames, to: Frames): number => {
  let most = 0
  for (let i = from; i < to; i++)
    most = Math.max(most, Math.abs((samples[i + 1] ?? 0) - 2 * (samples[i] ?? 0) + (samples[i - 1] ?? 0)))
  return most
}
const peak = (samples: Float32Array, from: Frames, to: Frames): number =>
  samples.subarray(from, to).reduce((most, x) => Math.max(most, Math.abs(x)), 0)

session(
  'a sketch starts on the bar, is swapped on a bar without a click or a gap, and is in the take',
  async (t, rig) => {
    const jam = quietJam(5)
    jam.play(ADA, 'drums', 0, { params: { gain: -30 } })
    const { entries } = jam
    const [first, second] = [await version(sineWat({ hertz: 101 })), await version(sineWat({ hertz: 151, phase: 0.3 }))]
    const archives = new Map([...(await sines()), ...inOne(first, second)])
    await rig.open({ entries, archives: await sines(), threads: 2 })
    await rig.to(BEAT_FRAMES)
    sketch(rig, first)
    await rig.to(BAR_FRAMES + BEAT_FRAMES)
    sketch(rig, second)
    await rig.to(3 * BAR_FRAMES + BEAT_FRAMES)
    rig.tell({ kind: 'sketch-end', name: OWN })
    const { report, take } = await rig.finish(ALL)
    const started = eventsOf(rig).filter(({ kind, path }) => kind === 'started' && path.includes('~'))
    t.deepEqual(
      started.map(({ path, frame }) => [path, frame]),
      [
        [pathOf(1), BAR_FRAMES],
        [pathOf(2), 2 * BAR_FRAMES],
      ],
    )
    const ended = eventsOf(rig).filter(({ kind, path }) => kind === 'ended' && path.includes('~'))
    t.deepEqual(
      ended.map(({ frame }) => frame < 3 * BAR_FRAMES),
      [true, false],
      'the second until it is told to',
    )
    const { left } = await wavOf(rig.wav)
    const [from, to] = [2 * BAR_FRAMES - 480, 2 * BAR_FRAMES + 480]
    t.ok(bend(left, from, to) < 4e-4, 'no click')
    for (let at = from; at < to; at += 240) t.ok(peak(left, at, at + 480) > 0.06, 'no gap')
    t.deepEqual(
      ofKind(take.records, 'sketch').map(({ name: of, archive, generator, params }) => [
        of,
        archive,
        generator,
        params,
      ]),
      [first, second].map(({ archive }) => [OWN, archive, 'test', { gain: -12 }]),
    )
    t.equal(ofKind(take.records, 'sketch-end').length, 1)
    for (const threads of [1, 2]) {
      const made = await again({ rig, entries, archives }, { threads })
      t.equal(made.samplesSha256, report.samplesSha256, `every sample that was heard, with ${threads} threads`)
      t.deepEqual(made.take, { divergence: undefined, heardSha256: report.samplesSha256, missing: 0, skipped: 0 })
    }
    const score = await replayed(rig.place, entries, archives)
    t.deepEqual(
      score.sounds.map(({ path }) => path.split('/')[2]),
      ['drums'],
      'the score knows nothing of it',
    )
  },
)

session('a sketch goes on from the state of the one before, and the take gives that again', async (t, rig) => {
  const { entries } = quietJam(4)
  const versions = [await version(carrying(), 'one'), await version(carrying(), 'two')]
  await rig.open({ entries, threads: 2 })
  await rig.to(BEAT_FRAMES)
  const { report } = await barByBar(rig, versions)
  t.deepEqual(
    eventsOf(rig).filter(({ kind }) => kind === 'carried'),
    [{ kind: 'carried', frame: 2 * BAR_FRAMES, path: pathOf(2), taken: true }],
  )
  const { left } = await wavOf(rig.wav)
  const exact = (frame: Frames): number =>
    0.5 * 10 ** (-12 / 20) * Math.sin((2 * Math.PI * 101 * (frame - BAR_FRAMES)) / 48_000)
  let off = 0
  for (let i = BAR_FRAMES + 20_000; i < 3 * BAR_FRAMES; i++) off = Math.max(off, Math.abs((left[i] ?? 0) - exact(i)))
  t.ok(off < 0.01, `one sine all along: ${off} beside it at most`)
  for (const threads of [1, 2]) {
    const made = await again({ rig, entries, archives: inOne(...versions) }, { threads })
    t.equal(made.samplesSha256, report.samplesSha256, `every sample that was heard, with ${threads} threads`)
  }
})

session('a sketch that refuses the state begins as it is, faded over from the one before', async (t, rig) => {
  const { entries } = quietJam(4)
  const versions = [await version(carrying(), 'one'), await version(carrying(7), 'two')]
  await rig.open({ entries })
  await rig.to(BEAT_FRAMES)
  const { report } = await barByBar(rig, versions)
  t.deepEqual(
    eventsOf(rig).filter(({ kind }) => kind === 'carried'),
    [{ kind: 'carried', frame: 2 * BAR_FRAMES, path: pathOf(2), taken: false }],
  )
  const { left } = await wavOf(rig.wav)
  t.ok(bend(left, 2 * BAR_FRAMES - 480, 2 * BAR_FRAMES + 480) < 4e-4, 'no click')
  const made = await again({ rig, entries, archives: inOne(...versions) })
  t.equal(made.samplesSha256, report.samplesSha256)
})

for (const [how, broken, one] of [
  ['cannot begin', generatorWat({ init: '(unreachable)' }), sineWat()],
  ['fails over the state', carrying(0, '(unreachable)'), carrying()],
] as const)
  session(`where a version ${how}, the one before it goes on, and is followed by the next`, async (t, rig) => {
    const { entries } = quietJam(5)
    const versions = [await version(one, 'one'), await version(broken, 'two'), await version(one, 'three')]
    await rig.open({ entries, threads: 2 })
    await rig.to(BEAT_FRAMES)
    const { report, take } = await barByBar(rig, versions)
    t.deepEqual(
      ofKind(take.records, 'failed').map(({ path, code }) => [path, code]),
      [[pathOf(2), 'GENERATOR_TRAPPED']],
    )
    const { left } = await wavOf(rig.wav)
    t.ok(peak(left, 2.5 * BAR_FRAMES, 3 * BAR_FRAMES) > 0.1, 'the first is heard')
    const first = eventsOf(rig).find(({ kind, path }) => kind === 'ended' && path === pathOf(1))?.frame ?? 0
    t.ok(first > 3 * BAR_FRAMES && first < 3 * BAR_FRAMES + 1_000, 'until the third')
    const made = await again({ rig, entries, archives: inOne(...versions) })
    t.equal(made.samplesSha256, report.samplesSha256)
  })

session('a sketch ends at the very frame at which its publication starts', async (t, rig) => {
  const jam = startedJam({ tempo: 120 })
  const { bytes } = await version(sineWat({ hertz: 101 }))
  const tried = { archive: archiveNamed('bass'), bytes }
  const play = jam.play(BEN, 'bass', 2 * BAR, { params: { gain: -12 } })
  jam.action(ADA, 'end', { at: 4 * BAR })
  const { entries } = jam
  await rig.open({ entries: entries.filter((entry) => entry !== play) })
  await rig.to(BEAT_FRAMES)
  sketch(rig, tried)
  await rig.to(BAR_FRAMES + BEAT_FRAMES)
  rig.tell({ kind: 'sketch-end', name: OWN, until: tried.archive })
  rig.observe(play)
  rig.archive(inOne(tried), tried.archive)
  const { report } = await rig.finish(ALL)
  const at = (kind: InstanceEvent['kind'], path: string): number | undefined =>
    eventsOf(rig).find((event) => event.kind === kind && event.path === path)?.frame
  t.equal(at('started', `${refOf(BEN)}/bass/bass`), 2 * BAR_FRAMES)
  t.equal(at('ended', pathOf(1)), 2 * BAR_FRAMES + 256, 'the two quanta of its fade later')
  const { left } = await wavOf(rig.wav)
  t.ok(peak(left, 2.5 * BAR_FRAMES, 3 * BAR_FRAMES) < 0.13, 'nothing is heard twice')
  const made = await again({ rig, entries, archives: inOne(tried) })
  t.equal(made.samplesSha256, report.samplesSha256)
})

session('what a sketch sets stands under its own path', async (t, rig) => {
  const { entries } = quietJam(3)
  const versions = [await version(setterWat(4.5), 'one'), await version(setterWat(8.5), 'two')]
  await rig.open({ entries })
  await rig.to(BEAT_FRAMES)
  for (const [bar, one] of versions.entries()) {
    sketch(rig, one)
    await rig.to((bar + 1) * BAR_FRAMES + BEAT_FRAMES)
  }
  const { take } = await rig.finish(ALL)
  const told = rig.messages.flatMap((message) => (message.kind === 'tags' ? message.changes : []))
  t.deepEqual(
    told.filter(({ path }) => path.endsWith('/color')).map(({ path, frame }) => [path, frame]),
    [
      [`${pathOf(1)}/color`, 4.5 * BEAT_FRAMES],
      [`${pathOf(2)}/color`, 8.5 * BEAT_FRAMES],
    ],
  )
  t.equal(ofKind(take.records, 'missing').length, 0)
})
