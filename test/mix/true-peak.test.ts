import test from 'tape'
import { decibelsOf, TruePeak } from '../../lib/mix/index.ts'

/** A quarter of the sample rate, its samples 45 degrees beside the crests. */
const between = (frames: number, amplitude: number): Float32Array =>
  Float32Array.from({ length: frames }, (_, i) => amplitude * Math.sin((Math.PI / 2) * i + Math.PI / 4))

const near = (a: number, b: number, within: number): boolean => Math.abs(a - b) <= within

test('a true peak is that between the samples, however the sound is handed in', (t) => {
  // EBU Tech 3341, cases 15 and 17: 0.5 of full scale at a quarter of the rate, with and without 45 degrees
  const tone = between(4_800, 0.5)
  const silent = new Float32Array(tone.length)
  const whole = new TruePeak()
  whole.push(silent, tone)
  t.ok(near(decibelsOf(tone.reduce((most, x) => Math.max(most, Math.abs(x)), 0)), -9.03, 0.01), 'its sample peak')
  t.ok(decibelsOf(whole.peak) > -6.02 - 0.4 && decibelsOf(whole.peak) < -6.02 + 0.2, `${decibelsOf(whole.peak)} dBTP`)
  const pieces = new TruePeak()
  for (let at = 0; at < tone.length; at += 37) pieces.push(silent.subarray(at, at + 37), tone.subarray(at, at + 37))
  t.equal(pieces.peak, whole.peak)
  t.end()
})

test('a true peak is never below the sample peak, and 0 of silence', (t) => {
  const meter = new TruePeak()
  meter.push(new Float32Array(100), new Float32Array(100))
  t.equal(meter.peak, 0)
  const click = new Float32Array(100)
  click[99] = -0.75
  meter.push(click, click)
  t.equal(meter.peak, 0.75)
  t.end()
})
