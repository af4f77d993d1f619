import { existsSync } from 'node:fs'
import test from 'tape'
import { threadClock } from '../../lib/mix/node/thread-clock.ts'

/** What a clock says of a piece of work, and the monotonic clock of the same. */
function timed(now: () => number, work: () => void): { readonly own: number; readonly wall: number } {
  const [own, wall] = [now(), performance.now()]
  work()
  return { own: now() - own, wall: performance.now() - wall }
}

test('the clock of a thread runs while the thread works, and not while it waits', (t) => {
  const now = threadClock()
  const word = new Int32Array(new SharedArrayBuffer(4))
  const waited = timed(now, () => Atomics.wait(word, 0, 0, 200))
  t.ok(waited.wall >= 199, 'it waited')
  if (existsSync('/proc/thread-self/schedstat')) t.ok(waited.own < 100, `${waited.own} ms of ${waited.wall} ms`)
  else t.skip('only Linux tells how long a thread has run')
  const start = now()
  const deadline = performance.now() + 30_000
  let spins = 0
  while (now() - start < 150 && performance.now() < deadline) spins++
  t.ok(now() - start >= 150, `it advances while the thread spins (${spins} times)`)
  t.end()
})
