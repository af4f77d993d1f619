import test from 'tape'
import { LIMITER_CEILING } from '../../lib/mix/constants.ts'
import { Limiter } from '../../lib/mix/limiter.ts'
import { noise } from '../helpers/signals.ts'

function limit(limiter: Limiter, left: Float64Array, right: Float64Array): { left: Float32Array; right: Float32Array } {
  const out = { left: new Float32Array(left.length), right: new Float32Array(left.length) }
  limiter.run(left, right, out.left, out.right, left.length)
  return out
}

test('nothing above the ceiling comes out, at any level', (t) => {
  for (const level of [1, 2.7, 100, 1e6]) {
    const left = Float64Array.from(noise(48_000, 3), (x) => x * level)
    const right = Float64Array.from(noise(48_000, 4), (x) => x * level)
    const out = limit(new Limiter(), left, right)
    const peak = [...out.left, ...out.right].reduce((most, x) => Math.max(most, Math.abs(x)), 0)
    t.equal(peak, LIMITER_CEILING, `noise at ${level} peaks at exactly -1 dBFS`)
  }
  t.end()
})

test('what stays below passes bit for bit, also after limiting is over', (t) => {
  const limiter = new Limiter()
  const quiet = Float64Array.from(noise(4_800), (x) => Math.fround(x * 0.8))
  t.deepEqual(limit(limiter, quiet, quiet).left, Float32Array.from(quiet))
  t.equal(limiter.takeLeastGain(), 1)
  limit(limiter, Float64Array.of(2), Float64Array.of(0))
  t.equal(limiter.takeLeastGain(), LIMITER_CEILING / 2, 'gain reduction is told')
  limit(limiter, new Float64Array(96_000), new Float64Array(96_000))
  t.deepEqual(limit(limiter, quiet, quiet).left, Float32Array.from(quiet), 'unity again after two seconds')
  t.end()
})

test('both sides share the gain, at once, and it comes back by 1/e in 100 ms', (t) => {
  const limiter = new Limiter()
  const left = new Float64Array(4_801).fill(0.1)
  const right = new Float64Array(4_801).fill(0.1)
  left[0] = LIMITER_CEILING * 2
  const out = limit(limiter, left, right)
  t.equal(out.left[0], LIMITER_CEILING, 'in the very frame')
  t.equal(out.right[0], Math.fround(0.05), 'the quiet side follows')
  t.ok(Math.abs((out.right[4_800] ?? 0) / 0.1 - (1 - 0.5 / Math.E)) < 0.001, 'released')
  t.end()
})
