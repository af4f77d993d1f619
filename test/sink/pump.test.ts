import test from 'tape'
import { BLOCK } from '../../lib/base/index.ts'
import { KEPT_FRAMES, Pump, RETRIES, Ring, SLIP_FRAMES, type Sink, type SinkState } from '../../lib/sink/index.ts'

const AHEAD = 7_680
const MILLI = 48

/** A sink that keeps left samples, and does what a test tells it. */
class KeptSink implements Sink {
  readonly name: string
  readonly lateness: 'wait' | 'skip'
  readonly left: number[] = []
  opened = 0
  closed = 0
  /** What opening or writing fails with. */
  broken: Error | undefined
  #gate: Promise<void> = Promise.resolve()
  #release: () => void = () => undefined

  constructor(name: string, lateness: 'wait' | 'skip') {
    this.name = name
    this.lateness = lateness
  }
  /** Writes do not resolve until `release`. */
  block(): void {
    this.#gate = new Promise((resolve) => (this.#release = resolve))
  }
  release(): void {
    this.#release()
  }
  async open(): Promise<void> {
    if (this.broken) throw this.broken
    this.opened++
  }
  async write(samples: Float32Array): Promise<void> {
    if (this.broken) throw this.broken
    for (let i = 0; i < samples.length; i += 2) this.left.push(samples[i] ?? NaN)
    await this.#gate
  }
  async close(): Promise<void> {
    this.closed++
  }
}

/** A pump with a clock that stands still until it is told, and a ring that is filled with 0, 1, 2 …, as far as it wants. */
class Rig {
  now = 0
  rendered = 0
  readonly ring = Ring.allocate(32_768)
  readonly states: SinkState[] = []
  readonly late: { kind: string; at: number; frames: number }[] = []
  readonly moved: number[] = []
  readonly pump: Pump

  constructor(...sinks: readonly Sink[]) {
    this.pump = new Pump({
      ring: this.ring,
      sinks,
      clock: { monotonic: () => this.now },
      onSink: (state) => this.states.push(state),
      onLate: (kind, at, frames) => this.late.push({ kind, at, frames }),
      onFrames: (samples) => {
        for (let i = 0; i < samples.length; i += 2) this.moved.push(samples[i] ?? NaN)
      },
    })
  }
  async begin(frame = 0): Promise<this> {
    await this.pump.open()
    this.pump.begin({ frame, due: this.now })
    this.render()
    return this
  }
  /** As the rendering thread does. */
  render(): void {
    while (this.ring.wants(AHEAD)) {
      const left = Float32Array.from({ length: BLOCK }, () => this.rendered++)
      this.ring.put(left, left)
    }
  }
  /** Lets time pass in steps of 10 ms. */
  async pass(millis: number): Promise<void> {
    for (let passed = 0; passed < millis; passed += 10) {
      this.now += 10
      await this.pump.look()
      this.render()
    }
  }
  /** Lets everything that need not wait for a sink happen. */
  async settle(): Promise<void> {
    for (let i = 0; i < 20; i++) await new Promise((resolve) => setImmediate(resolve))
  }
}

const counted = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, i) => from + i)

test('pump: frames go to the sink when they are due, none twice', async (t) => {
  const sink = new KeptSink('card', 'skip')
  const rig = await new Rig(sink).begin()
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
  const rig = new Rig(sink)
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
  const rig = await new Rig(sink).begin(1_280)
  rig.render = () => undefined
  await rig.pass(150)
  t.deepEqual(rig.late, [])
  await rig.pass(100)
  t.deepEqual(rig.late, [{ kind: 'underrun', at: 1_280 + AHEAD, frames: 10 * MILLI - (AHEAD % (10 * MILLI)) }])
  await rig.pass(300)
  t.equal(rig.late.length, 1, 'while it lasts it is one')
  t.deepEqual(sink.left, counted(0, AHEAD))
  rig.render = Rig.prototype.render.bind(rig)
  rig.render()
  await rig.pass(200)
  t.deepEqual(sink.left, counted(0, 750 * MILLI), 'what came late is played: nothing of it is skipped within 300 ms')
  rig.render = () => undefined
  await rig.pass(200)
  t.equal(rig.late.length, 2, 'the next one is another')
})

test('pump: once everything is rendered nothing is missing', async (t) => {
  const sink = new KeptSink('card', 'skip')
  const rig = await new Rig(sink).begin()
  rig.render = () => undefined
  rig.ring.end()
  await rig.pass(500)
  t.deepEqual(rig.late, [])
  await rig.pump.drain()
  t.deepEqual(sink.left, counted(0, AHEAD))
})

test('pump: a file never loses a frame, also where the clock jumps', async (t) => {
  const sink = new KeptSink('file', 'wait')
  const rig = await new Rig(sink).begin()
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
  const rig = new Rig(
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

test('pump: a file that is slow holds up nobody for half a second, and loses nothing after it', async (t) => {
  const sink = new KeptSink('file', 'wait')
  const rig = await new Rig(sink).begin()
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
  const rig = await new Rig(file, card).begin(1_280)
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
  t.ok((skip?.frames ?? 0) > SLIP_FRAMES - KEPT_FRAMES && (skip?.frames ?? 0) <= SLIP_FRAMES)
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
  const rig = await new Rig(card).begin()
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
  const rig = await new Rig(full, absent).begin()
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

test('pump: at the end all that was rendered is let out, however early, and the sinks are closed', async (t) => {
  const card = new KeptSink('card', 'skip')
  const file = new KeptSink('file', 'wait')
  const rig = await new Rig(card, file).begin()
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
