import test from 'tape'
import { BLOCK } from '../../lib/base/index.ts'
import { SimulatedCard } from '../helpers/cards.ts'
import { AHEAD, counted, EARLIEST, KeptSink, MILLI, PumpRig } from '../helpers/pumps.ts'

const DUE = 200

/** A pump whose first frame is due after 200 ms, with a file beside the card. */
async function rigWith(init: Omit<ConstructorParameters<typeof SimulatedCard>[0], 'now'>): Promise<{
  rig: PumpRig
  card: SimulatedCard
  file: KeptSink
}> {
  const card = new SimulatedCard({ now: () => rig.now, ...init })
  const file = new KeptSink('file', 'wait')
  const rig: PumpRig = new PumpRig(file, card)
  await rig.pump.open()
  rig.pump.begin({ frame: 0, due: DUE })
  rig.render()
  return { rig, card, file }
}

const timing = (rig: PumpRig) => {
  const [only] = rig.pump.timings
  if (!only) throw new Error('no card')
  return only
}

test('card: frames are handed over as much earlier as it takes until they sound', async (t) => {
  const { rig, card } = await rigWith({ buffer: 100 * MILLI })
  t.equal(rig.pump.lead, 100 * MILLI)
  await rig.pass(100)
  t.equal(card.left.length, 0, 'nothing is to be with the card yet')
  await rig.pass(10)
  t.equal(card.left.length, 10 * MILLI)
  await rig.pass(DUE - 110)
  t.equal(card.sounds, 0, 'the first sounds when it is due')
  await rig.pass(500)
  t.equal(card.sounds, 500 * MILLI, 'and so do all that follow')
  t.ok(rig.rendered < 500 * MILLI + AHEAD + BLOCK, 'nothing is rendered earlier than the look-ahead for it')
  t.deepEqual(rig.late, [])
  t.deepEqual(rig.pump.timings, [{ name: 'card', latency: 100, measured: true, late: 0, slips: 0 }])
})

test('card: what its buffers take beyond the look-ahead is told as lateness', async (t) => {
  const { rig } = await rigWith({ buffer: 200 * MILLI })
  t.equal(rig.pump.lead, EARLIEST)
  t.deepEqual(rig.pump.timings, [{ name: 'card', latency: 200, measured: false, late: 80, slips: 0 }])
})

for (const [how, pace, sign] of [
  ['fast', 1.001, -1],
  ['slow', 0.999, 1],
] as const) {
  test(`card: one that is 0.1 % ${how} is kept within a millisecond by slips, which are counted`, async (t) => {
    const { rig, card, file } = await rigWith({ buffer: 100 * MILLI, pace })
    await rig.pass(DUE)
    let worst = 0
    for (let passed = 0; passed < 10_000; passed += 10) {
      await rig.pass(10)
      worst = Math.max(worst, Math.abs(card.sounds - (rig.now - DUE) * MILLI))
    }
    t.ok(worst < MILLI, `${worst} frames`)
    const { slips, measured, late } = timing(rig)
    t.ok(measured && Math.abs(late) < 1, `${late} ms`)
    t.equal(file.left.length - card.left.length, sign * slips, 'each is one frame')
    t.ok(Math.abs(slips - 480) < 48, `${slips} of the 480 frames that it runs away`)
    const steps = card.left.slice(1).map((sample, i) => sample - (card.left[i] ?? 0))
    t.ok(
      steps.every((step) => step > 0.9 && step < 1.1),
      'crossfaded: no step anywhere',
    )
    t.deepEqual(file.left, counted(0, file.left.length), 'the file beside it never slips')
    t.deepEqual(rig.late, [])
  })
}

test('card: one that takes longer than its buffers say is put right little by little', async (t) => {
  const { rig, card } = await rigWith({ buffer: 50 * MILLI, converter: 10 * MILLI })
  await rig.pass(DUE + 500)
  const before = timing(rig)
  t.ok(before.late > 5 && before.latency > 55 && before.slips > 0, JSON.stringify(before))
  await rig.pass(10_000)
  t.ok(Math.abs(card.sounds - (rig.now - DUE) * MILLI) < MILLI)
  t.ok(Math.abs(timing(rig).latency - 50) < 1, 'what waits for it has become less')
  t.ok(Math.abs(timing(rig).slips - 480) < 30, `by ${timing(rig).slips} frames`)
})

test('card: one whose position cannot be measured never slips', async (t) => {
  const { rig, card } = await rigWith({ buffer: 100 * MILLI, pace: 1.001 })
  card.position = () => undefined
  await rig.pass(10_000)
  t.deepEqual(card.left, counted(0, card.left.length))
  t.deepEqual(rig.pump.timings, [{ name: 'card', latency: 100, measured: false, late: 0, slips: 0 }])
})

test('card: where the jam waits it is silent, without a step; the file beside it waits', async (t) => {
  const { rig, card, file } = await rigWith({ buffer: 20 * MILLI })
  await rig.pass(DUE + 100)
  await rig.settle()
  const given = card.left.length
  rig.pump.wait(DUE + 50)
  const silence = card.left.slice(given)
  t.equal(silence.length, 50 * MILLI)
  t.ok(
    silence.slice(240).every((sample) => sample === 0),
    'silence',
  )
  t.ok((silence[0] ?? 0) > given * 0.999, 'faded out')
  await rig.pass(200)
  t.equal(card.sounds, 250 * MILLI, 'and in time again')
  t.ok((card.left[given + 50 * MILLI] ?? NaN) < 1, 'faded in')
  t.deepEqual(file.left, counted(0, file.left.length))
  t.equal(card.left.length - file.left.length, 50 * MILLI)
})
