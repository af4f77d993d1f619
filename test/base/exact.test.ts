import test from 'tape'
import fc from 'fast-check'
import { exp2, gainOfDecibels } from '../../lib/base/index.ts'

test('exp2 agrees with the platform to a few parts in 10^15', (t) => {
  fc.assert(
    fc.property(fc.double({ min: -1000, max: 1000, noNaN: true }), (x) => Math.abs(exp2(x) / 2 ** x - 1) < 4e-15),
  )
  for (const whole of [-10, -1, 0, 1, 10]) t.equal(exp2(whole), 2 ** whole, `2^${whole} to the bit`)
  t.end()
})

test('decibels', (t) => {
  t.equal(gainOfDecibels(0), 1)
  t.ok(Math.abs(gainOfDecibels(-6) - 0.501187233627272) < 1e-14)
  t.ok(Math.abs(gainOfDecibels(20) - 10) < 1e-13)
  t.equal(gainOfDecibels(-200), 0)
  t.equal(gainOfDecibels(-Infinity), 0)
  t.end()
})
