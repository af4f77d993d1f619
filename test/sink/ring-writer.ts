import { workerData } from 'node:worker_threads'
import { BLOCK } from '../../lib/base/index.ts'
import { Ring } from '../../lib/sink/ring.ts'

/** A thread that renders 0, 1, 2 … into a ring (its negative on the right), as the engine's does, then ends it. */
const { memory, blocks, ahead } = workerData as { memory: SharedArrayBuffer; blocks: number; ahead: number }
const ring = new Ring(memory)
let next = 0
for (let block = 0; block < blocks && !ring.closed;) {
  if (!ring.wants(ahead)) {
    ring.waitForWant(ahead, 1_000)
    continue
  }
  const left = Float32Array.from({ length: BLOCK }, () => next++)
  ring.put(
    left,
    left.map((x) => -x),
  )
  block++
}
ring.end()
