import test from 'tape'
import { decibelsOf, naturalLog } from '../../lib/mix/levels.ts'
import { LiveLoudness, LoudnessMeter } from '../../lib/mix/loudness.ts'
import { onsets } from '../../lib/mix/onsets.ts'
import { sine } from '../helpers/signals.ts'

const near = (a: number, b: number, within: number): boolean => Math.abs(a - b) <= within

test('logarithms agree with the platform', (t) => {
  for (const x of [1e-9, 0.001, 0.5, 0.7071, 1, 1.5, 2, 10, 12_345.678]) {
    t.ok(near(naturalLog(x), Math.log(x), 1e-13 * Math.max(1, Math.abs(Math.log(x)))), `ln ${x}`)
  }
  t.equal(decibelsOf(0), -Infinity)
  t.equal(decibelsOf(Infinity), Infinity)
  t.end()
})

test('a stereo sine of 1 kHz at -23 dBFS is -23 LUFS, on one side 3 LU less', (t) => {
  // EBU Tech 3341, case 1
  const tone = sine(1_000, 10 ** (-23 / 20), 20 * 48_000)
  const both = new LoudnessMeter()
  both.push(tone, tone)
  const { loudness, peak, mean } = both.levels()
  t.ok(near(loudness, -23, 0.1), `integrated: ${loudness.toFixed(2)}`)
  t.ok(near(peak, -23, 0.01), 'peak')
  t.ok(mean < 1e-6, 'mean')
  const one = new LoudnessMeter()
  one.push(tone, new Float32Array(tone.length))
  t.ok(near(one.integrated(), -26.01, 0.1), 'one side')
  t.end()
})

test('silence and quiet parts are gated, and a range is measured alone', (t) => {
  // EBU Tech 3341, case 3: -36, -23, -36 dBFS
  const meter = new LoudnessMeter()
  for (const [level, seconds] of [
    [-36, 10],
    [-23, 60],
    [-36, 10],
  ] as const) {
    const tone = sine(1_000, 10 ** (level / 20), seconds * 48_000)
    meter.push(tone, tone)
  }
  t.ok(near(meter.integrated(), -23, 0.1), `whole: ${meter.integrated().toFixed(2)}`)
  t.ok(near(meter.integrated(0, 9 * 48_000), -36, 0.1), 'the first part')
  t.ok(near(meter.momentary()[300] ?? 0, -23, 0.1), 'momentary in the middle')
  t.equal(new LoudnessMeter().integrated(), -Infinity, 'nothing')
  t.end()
})

test('live it is the same, of now, of 3 s and of all, in a fixed memory', (t) => {
  const live = new LiveLoudness()
  const whole = new LoudnessMeter()
  t.deepEqual(live.now(), { momentary: -Infinity, shortTerm: -Infinity, integrated: -Infinity }, 'nothing yet')
  for (const [level, seconds] of [
    [-36, 10],
    [-23, 20],
    [-31.5, 10],
    [-80, 2],
  ] as const) {
    const tone = sine(1_000, 10 ** (level / 20), seconds * 48_000)
    whole.push(tone, tone)
    for (let at = 0; at < tone.length; at += 128) live.push(tone.subarray(at, at + 128), tone.subarray(at, at + 128))
    const { momentary, integrated } = live.now()
    t.ok(near(momentary, level, 0.1), `momentary: ${momentary.toFixed(2)}`)
    t.ok(near(integrated, whole.integrated(), 0.1), `integrated: ${integrated.toFixed(2)}`)
    t.ok(near(momentary, whole.momentary().at(-1) ?? 0, 1e-9), 'the same blocks')
  }
  // The last 3 s: two at -80, one at -31.5.
  t.ok(near(live.now().shortTerm, -31.5 - 4.77, 0.1), `short-term: ${live.now().shortTerm.toFixed(2)}`)
  t.end()
})

test('onsets are found to the millisecond', (t) => {
  const signal = new Float32Array(96_000)
  const starts = [4_800, 17_137, 30_001, 70_000]
  for (const at of starts) {
    for (let i = 0; i < 4_800; i++) signal[at + i] = 0.5 * Math.sin(i / 7) * Math.exp(-i / 800)
  }
  const found = onsets(signal, signal)
  t.equal(found.length, starts.length, `found ${found.join(' ')}`)
  t.ok(found.every((at, i) => Math.abs(at - (starts[i] ?? 0)) < 48))
  t.end()
})
