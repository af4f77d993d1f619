import { once } from 'node:events'
import test from 'tape'
import { BLOCK } from '../../lib/base/index.ts'
import { siblingModule, startThread } from '../../lib/base/node/thread.ts'
import { Ring } from '../../lib/sink/index.ts'

const block = (first: number): Float32Array => Float32Array.from({ length: BLOCK }, (_, i) => first + i)

test('ring: holds what was put, in order, up to a power of two of frames', (t) => {
  const ring = Ring.allocate(300)
  t.equal(ring.frames, 512)
  for (let i = 0; i < 4; i++) ring.put(block(i * BLOCK), block(-i * BLOCK))
  t.equal(ring.filled, 512)
  t.ok(ring.full)
  const out = new Float32Array(2 * 200)
  t.equal(ring.take(out), 200)
  t.deepEqual([...out.subarray(0, 4)], [0, 0, 1, 1])
  t.ok(!ring.full)
  ring.put(block(512), block(0))
  const rest = new Float32Array(2 * 1_000)
  t.equal(ring.take(rest), 440, 'no more than it holds')
  t.deepEqual(
    Array.from({ length: 440 }, (_, i) => rest[2 * i]),
    Array.from({ length: 440 }, (_, i) => 200 + i),
    'around its end',
  )
  t.equal(ring.take(rest), 0)
  t.end()
})

test('ring: wants as far ahead of what is due as it is told, and never more than it has room for', (t) => {
  const ring = Ring.allocate(512)
  const ahead = 256
  t.ok(ring.wants(ahead))
  ring.put(block(0), block(0))
  ring.put(block(0), block(0))
  t.notOk(ring.wants(ahead), 'as far ahead as it may')
  ring.due(1)
  t.ok(ring.wants(ahead), 'time goes on, though nothing was taken')
  ring.due(100_000)
  ring.put(block(0), block(0))
  t.ok(ring.wants(ahead))
  ring.put(block(0), block(0))
  t.notOk(ring.wants(ahead), 'full')
  ring.due(-(10 ** 12))
  ring.take(new Float32Array(2 * 512))
  t.notOk(ring.wants(ahead), 'nothing is due for months')
  t.end()
})

test('ring: counters go round', (t) => {
  const ring = Ring.allocate(512)
  const counters = new Int32Array(ring.memory, 0, 2)
  for (const start of [2 ** 31 - BLOCK, -BLOCK]) {
    counters.fill(start)
    ring.due(0)
    for (let i = 0; i < 3; i++) ring.put(block(i * BLOCK), block(0))
    t.equal(ring.filled, 3 * BLOCK)
    t.notOk(ring.wants(3 * BLOCK))
    t.ok(ring.wants(3 * BLOCK + 1))
    const out = new Float32Array(2 * 512)
    t.equal(ring.take(out), 3 * BLOCK)
    t.equal(out[2 * (3 * BLOCK - 1)], 3 * BLOCK - 1)
  }
  t.end()
})

test('ring: from one thread to another every frame comes once, in order', async (t) => {
  const blocks = 2_000
  const ring = Ring.allocate(2_048)
  const thread = startThread(siblingModule('ring-writer', import.meta.url), {
    workerData: { memory: ring.memory, blocks, ahead: 1_024 },
  })
  const exited = once(thread, 'exit')
  const out = new Float32Array(2 * 300)
  let taken = 0
  let wrong = 0
  while (!ring.ended || ring.filled > 0) {
    ring.due(ring.frames)
    const count = ring.take(out)
    for (let i = 0; i < count; i++) if (out[2 * i] !== taken + i || out[2 * i + 1] !== -(taken + i)) wrong++
    taken += count
    if (count === 0) await new Promise((resolve) => setImmediate(resolve))
  }
  await exited
  t.equal(taken, blocks * BLOCK)
  t.equal(wrong, 0)
})

test('ring: closing ends the thread that waits for it', async (t) => {
  const ring = Ring.allocate(512)
  const thread = startThread(siblingModule('ring-writer', import.meta.url), {
    workerData: { memory: ring.memory, blocks: Infinity, ahead: 512 },
  })
  const exited = once(thread, 'exit')
  while (ring.filled < 512) await new Promise((resolve) => setImmediate(resolve))
  ring.close()
  await exited
  t.equal(ring.filled, 512)
  t.ok(ring.ended)
})
