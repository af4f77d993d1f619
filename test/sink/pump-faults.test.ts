import test from 'tape'
import { KEPT_FRAMES, RETRIES, SKIP_FRAMES } from '../../lib/sink/index.ts'
import { counted, KeptSink, MILLI, PumpRig } from '../helpers/pumps.ts'

test('pump: a file that is slow holds up nobody for half a second, and loses nothing after it', async (t) => {
  const sink = new KeptSink('file', 'wait')
  const rig = await new PumpRig(sink).begin()
  await rig.pass(100)
  sink.block()
  for (let i = 0; i < 200; i++) {
    rig.now += 10
    void rig.pump.look()
    rig.render()
  }
  await rig.settle()
  t.ok(rig.ring.full, 'rendering went on until there was no room')
  t.deepEqual(rig.late, [], 'which is no underrun')
  sink.release()
  await rig.settle()
  while (rig.pump.moved < 2_100 * MILLI) {
    await rig.pump.look()
    rig.render()
  }
  t.deepEqual(sink.left, counted(0, 2_100 * MILLI))
  t.deepEqual(rig.late, [], 'nor is what is caught up then')
})

test('pump: a card that is late skips with a crossfade; the file beside it does not', async (t) => {
  const card = new KeptSink('card', 'skip')
  const file = new KeptSink('file', 'wait')
  const rig = await new PumpRig(file, card).begin(1_280)
  await rig.pass(100)
  t.equal(card.left.length, 100 * MILLI)
  card.block()
  await rig.pass(400)
  t.deepEqual(file.left, counted(0, 500 * MILLI), 'the file goes on')
  t.equal(rig.late.length, 1)
  const [skip] = rig.late
  t.equal(skip?.kind, 'skipped')
  // One piece of 10 ms is with the card already.
  t.equal(skip?.at, 1_280 + 110 * MILLI, 'from what it has not taken')
  t.ok((skip?.frames ?? 0) > SKIP_FRAMES - KEPT_FRAMES && (skip?.frames ?? 0) <= SKIP_FRAMES)
  card.release()
  await rig.settle()
  await rig.pass(100)
  const played = card.left.slice(110 * MILLI)
  const first = 110 * MILLI + (skip?.frames ?? 0)
  t.ok(Math.abs((played[0] ?? 0) - 110 * MILLI) < 1, 'goes on where it was')
  t.deepEqual(played.slice(240), counted(first + 240, 600 * MILLI), 'and is where it should be 5 ms later')
  const steps = played.slice(1, 240).map((x, i) => x - (played[i] ?? 0))
  t.ok(Math.min(...steps) > 0 && Math.max(...steps) < (first - 110 * MILLI) / 100, 'without a step')
})

test('pump: a card that dies leaves the jam running, and is tried again', async (t) => {
  const card = new KeptSink('card', 'skip')
  const rig = await new PumpRig(card).begin()
  await rig.pass(100)
  card.broken = new Error('unplugged')
  await rig.pass(10)
  await rig.settle()
  t.deepEqual(rig.states, [
    { state: 'open', name: 'card' },
    { state: 'lost', name: 'card', why: 'unplugged', retryMillis: RETRIES[0] },
  ])
  t.equal(card.closed, 1)
  for (const [at, wait] of RETRIES.entries()) {
    await rig.pass(wait - 10)
    await rig.settle()
    t.equal(rig.states.length, 2 + at, 'not before its time')
    await rig.pass(10)
    await rig.settle()
    t.deepEqual(rig.states.at(-1), {
      state: 'lost',
      name: 'card',
      why: 'unplugged',
      retryMillis: RETRIES[at + 1] ?? RETRIES.at(-1),
    })
  }
  card.broken = undefined
  card.left.length = 0
  await rig.pass(RETRIES.at(-1) ?? 0)
  await rig.settle()
  t.deepEqual(rig.states.at(-1), { state: 'open', name: 'card' })
  const from = rig.pump.moved
  card.left.length = 0
  await rig.pass(100)
  t.deepEqual(card.left, counted(from, from + 100 * MILLI), 'in time with the jam')
  t.deepEqual(rig.moved, counted(0, rig.pump.moved), 'whose frames were moved all the while')
  t.deepEqual(rig.late, [], 'what nobody could hear was not skipped')
  await rig.pass(30_000)
  card.broken = new Error('unplugged')
  await rig.pass(10)
  await rig.settle()
  t.equal((rig.states.at(-1) as { retryMillis?: number }).retryMillis, RETRIES[0], 'after a while it counts as sound')
})

test('pump: a file that fails is not tried again, nor is one that cannot be made', async (t) => {
  const full = new KeptSink('full', 'wait')
  const absent = new KeptSink('absent', 'wait')
  absent.broken = new Error('no folder')
  const rig = await new PumpRig(full, absent).begin()
  await rig.pass(100)
  full.broken = new Error('no room')
  await rig.pass(60_000)
  t.deepEqual(rig.states, [
    { state: 'open', name: 'full' },
    { state: 'lost', name: 'absent', why: 'no folder' },
    { state: 'lost', name: 'full', why: 'no room' },
  ])
  t.deepEqual([full.opened, full.closed, absent.opened], [1, 1, 0])
  t.equal(rig.pump.moved, 60_100 * MILLI, 'the jam goes on')
  await rig.pump.drain()
  t.equal(rig.states.length, 3)
})
