import test from 'tape'
import { BLOCK } from '../../lib/base/index.ts'
import { AHEAD, counted, KeptSink, MILLI, PumpRig } from '../helpers/pumps.ts'

test('pump: frames go to the sink when they are due, none twice', async (t) => {
  const sink = new KeptSink('card', 'skip')
  const rig = await new PumpRig(sink).begin()
  t.equal(rig.rendered, AHEAD, 'rendered ahead')
  await rig.pump.look()
  t.equal(sink.left.length, 0, 'nothing is due yet')
  await rig.pass(10)
  t.deepEqual(sink.left, counted(0, 10 * MILLI))
  await rig.pump.look()
  rig.now -= 5
  await rig.pump.look()
  await rig.settle()
  t.equal(sink.left.length, 10 * MILLI, 'nothing is due twice')
  rig.now += 5
  await rig.pass(990)
  t.deepEqual(sink.left, counted(0, 48_000))
  t.deepEqual(rig.late, [])
  t.equal(rig.pump.frame, 48_000)
})

test('pump: before the first frame is due it waits', async (t) => {
  const sink = new KeptSink('file', 'wait')
  const rig = new PumpRig(sink)
  await rig.pump.open()
  rig.pump.begin({ frame: 128_000, due: 1_000 })
  rig.render()
  t.equal(rig.rendered, 0, 'nor is anything rendered earlier than the look-ahead')
  await rig.pass(900)
  t.equal(rig.rendered, 23 * BLOCK, 'to 60 ms before the first: 100 ms are left')
  t.equal(sink.left.length, 0)
  await rig.pass(110)
  t.equal(sink.left.length, 10 * MILLI)
  t.equal(rig.pump.frame, 128_480)
})

test('pump: an underrun is counted once, with the frame at which it began', async (t) => {
  const sink = new KeptSink('card', 'skip')
  const rig = await new PumpRig(sink).begin(1_280)
  rig.render = () => undefined
  await rig.pass(150)
  t.deepEqual(rig.late, [])
  await rig.pass(100)
  t.deepEqual(rig.late, [{ kind: 'underrun', at: 1_280 + AHEAD, frames: 10 * MILLI - (AHEAD % (10 * MILLI)) }])
  await rig.pass(300)
  t.equal(rig.late.length, 1, 'while it lasts it is one')
  t.deepEqual(sink.left, counted(0, AHEAD))
  rig.render = PumpRig.prototype.render.bind(rig)
  rig.render()
  await rig.pass(200)
  t.deepEqual(sink.left, counted(0, 750 * MILLI), 'what came late is played: nothing of it is skipped within 300 ms')
  rig.render = () => undefined
  await rig.pass(200)
  t.equal(rig.late.length, 2, 'the next one is another')
})

test('pump: once everything is rendered nothing is missing', async (t) => {
  const sink = new KeptSink('card', 'skip')
  const rig = await new PumpRig(sink).begin()
  rig.render = () => undefined
  rig.ring.end()
  await rig.pass(500)
  t.deepEqual(rig.late, [])
  await rig.pump.drain()
  t.deepEqual(sink.left, counted(0, AHEAD))
})

test('pump: a file never loses a frame, also where the clock jumps', async (t) => {
  const sink = new KeptSink('file', 'wait')
  const rig = await new PumpRig(sink).begin()
  await rig.pass(50)
  rig.now += 60_000
  const due = 60_050 * MILLI
  while (rig.pump.moved < due) {
    await rig.pump.look()
    rig.render()
  }
  t.equal(sink.left.length, due)
  t.ok(
    sink.left.every((sample, i) => sample === i % 2 ** 24),
    'in order',
  )
  t.deepEqual(
    rig.late.map(({ kind }) => kind),
    ['underrun'],
    'the jump is told',
  )
})

test('pump: what becomes due while a file is written waits for the next look', async (t) => {
  const sink = new KeptSink('file', 'wait')
  let writes = 0
  const rig = new PumpRig(
    Object.assign(sink, {
      async write(samples: Float32Array) {
        writes++
        rig.now += 1
        await KeptSink.prototype.write.call(sink, samples)
      },
    }),
  )
  await rig.begin()
  await rig.pass(100)
  t.equal(writes, 10, 'once a look, though time went on')
  t.ok(sink.left.length >= 100 * MILLI)
})

test('pump: at the end all that was rendered is let out, however early, and the sinks are closed', async (t) => {
  const card = new KeptSink('card', 'skip')
  const file = new KeptSink('file', 'wait')
  const rig = await new PumpRig(card, file).begin()
  rig.pump.run()
  rig.now += 100
  while (rig.pump.moved < 100 * MILLI) await rig.settle()
  rig.render()
  await rig.pump.drain()
  for (const sink of [card, file]) {
    t.deepEqual(sink.left, counted(0, rig.rendered), sink.name)
    t.equal(sink.closed, 1)
  }
  t.deepEqual(
    rig.states.slice(2).map(({ state }) => state),
    ['closed', 'closed'],
  )
})

test('pump: a pace put right by little is gone towards slowly, by much it is waited for; every frame comes once', async (t) => {
  const file = new KeptSink('file', 'wait')
  const rig = await new PumpRig(file).begin()
  await rig.pass(100)
  rig.pump.steer(10)
  await rig.pass(1_000)
  t.ok(Math.abs(rig.pump.due - 2) < 0.05, `2 ms in a second, not ${rig.pump.due}`)
  t.equal(file.left.length, Math.floor((1_100 - rig.pump.due) * MILLI), 'so many less are moved')
  await rig.pass(5_000)
  t.equal(rig.pump.due, 10)
  rig.pump.wait(310)
  const before = file.left.length
  await rig.pass(290)
  t.equal(file.left.length, before, 'nothing for 300 ms')
  await rig.pass(110)
  t.equal(file.left.length, (6_500 - 310) * MILLI)
  t.deepEqual(file.left, counted(0, file.left.length))
  t.deepEqual(rig.late, [], 'which is no underrun')
})

test('pump: a jump changes what frames are called, from its place on', async (t) => {
  const rig = await new PumpRig(new KeptSink('file', 'wait')).begin(256)
  await rig.pass(100)
  rig.pump.jump(256 + 9_600, 256 + 9_600 + 4_800)
  t.equal(rig.pump.frame, 256 + 4_800)
  await rig.pass(90)
  t.equal(rig.pump.frame, 256 + 9_120)
  rig.pump.jump(256 + 9_600 + 4_800 + 128, 50_000)
  await rig.pass(10)
  t.equal(rig.pump.frame, 256 + 9_600 + 4_800, 'the first')
  await rig.pass(10)
  t.equal(rig.pump.frame, 50_000 + 480 - 128, 'and the second')
})
