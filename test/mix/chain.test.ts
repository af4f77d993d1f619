import test from 'tape'
import { CEILING, FADE_FRAMES } from '../../lib/mix/constants.ts'
import { Balance } from '../../lib/mix/balance.ts'
import { Chain } from '../../lib/mix/chain.ts'
import { fadeIn, fadeOut } from '../../lib/mix/fade.ts'
import { gainOfDecibels } from '../../lib/base/index.ts'
import { highBand, sine } from '../helpers/signals.ts'

/** Runs mono through a chain in blocks of 128; `at` is called before each block. */
function play(chain: Chain, signal: Float32Array, at: (frame: number) => void = () => undefined): Float32Array {
  const left = new Float32Array(signal.length)
  const right = new Float32Array(signal.length)
  for (let frame = 0; frame < signal.length; frame += 128) {
    at(frame)
    const block = signal.subarray(frame, frame + 128)
    chain.run(block, block, left, right, frame, block.length)
  }
  return left
}

test('NaN and infinities become silence and one wild sample is forgotten', (t) => {
  const signal = new Float32Array(48_000)
  signal.set([NaN, Infinity, -Infinity, 3e38], 1_000)
  const out = play(new Chain(0, 0), signal)
  t.ok(
    out.every((x) => Number.isFinite(x)),
    'only finite samples come out',
  )
  t.equal(out[1_000], 0, 'NaN is silence')
  t.equal(out[1_001], 0, 'so is infinity')
  t.equal(out[1_003], Math.fround(CEILING), 'a huge sample stops at the ceiling')
  t.ok(Math.abs(out[16_000] ?? 1) < 0.01, 'and is gone 0.3 s later')
  t.end()
})

test('a constant is blocked and a sine passes', (t) => {
  const out = play(new Chain(0, 0), new Float32Array(48_000).fill(0.5))
  t.ok(Math.abs(out[47_999] ?? 1) < 1e-6, 'a constant is gone after a second')
  const tone = play(new Chain(0, 0), sine(100, 0.5, 48_000))
  const peak = tone.subarray(24_000).reduce((most, x) => Math.max(most, Math.abs(x)), 0)
  t.ok(Math.abs(peak - 0.5) < 0.001, 'a sine of 100 Hz keeps its level')
  t.end()
})

test('the ceiling holds whatever the gain', (t) => {
  const chain = new Chain(24, 0)
  const out = play(chain, sine(441, 1, 9_600))
  t.equal(
    out.reduce((most, x) => Math.max(most, Math.abs(x)), 0),
    CEILING,
  )
  t.end()
})

test('fades take 240 frames and are symmetric', (t) => {
  t.ok(fadeIn(0) > 0, 'the first frame is not lost')
  t.ok(fadeIn(FADE_FRAMES - 2) < 1)
  t.equal(fadeIn(FADE_FRAMES - 1), 1)
  t.ok(fadeOut(0) < 1)
  t.ok(fadeOut(FADE_FRAMES - 2) > 0)
  t.equal(fadeOut(FADE_FRAMES - 1), 0)
  const chain = new Chain(0, 0)
  const out = play(chain, sine(1_000, 0.5, 1_280), (frame) => {
    if (frame === 512) chain.release()
  })
  t.equal(chain.state, 'over')
  t.ok(
    out.subarray(512 + FADE_FRAMES).every((x) => x === 0),
    'silence after the fade',
  )
  t.ok(out.subarray(512, 512 + FADE_FRAMES - 1).some((x) => Math.abs(x) > 0.3))
  t.end()
})

test('the last sample is held and faded when a generator gives no more', (t) => {
  const chain = new Chain(0, 0)
  const left = new Float32Array(1_024)
  const right = new Float32Array(1_024)
  const tone = sine(100, 0.5, 512)
  chain.run(tone, tone, left, right, 0, 512)
  const last = left[511] ?? 0
  chain.hold()
  chain.runHeld(left, right, 512, 512)
  t.ok(Math.abs(last) > 0.1, 'it stops in mid-cycle')
  t.ok(Math.abs((left[512] ?? 0) - last) < 0.001, 'no step')
  t.equal(left[512 + FADE_FRAMES - 1], 0)
  t.equal(chain.state, 'over')
  t.ok(left.subarray(512 + FADE_FRAMES).every((x) => x === 0))
  t.end()
})

for (const phase of [0, 0.125, 0.25, 0.4, 0.75]) {
  test(`a sine of 100 Hz at -6 dBFS started and stopped at phase ${phase} of its cycle does not click`, (t) => {
    const chain = new Chain(0, 0)
    const start = 4_800
    const stop = start + 9_600 + 128
    const signal = sine(100, 0.5, stop - start + 512, phase)
    const out = new Float32Array(24_000)
    out.set(
      play(chain, signal, (frame) => {
        if (frame === stop - start) chain.release()
      }),
      start,
    )
    const high = highBand(out, 5_000)
    for (const end of [start, stop, stop + FADE_FRAMES]) {
      const near = high.subarray(end - 480, end + 480)
      const peak = near.reduce((most, x) => Math.max(most, Math.abs(x)), 0)
      t.ok(peak < 0.001, `above 5 kHz within 10 ms of frame ${end}: ${(20 * Math.log10(peak)).toFixed(1)} dBFS`)
    }
    t.end()
  })
}

test('how a block is cut changes no sample', (t) => {
  const signal = sine(313, 0.9, 12_800, 0.2)
  signal[700] = NaN
  const whole = new Chain(-3, 0.2)
  const cut = new Chain(-3, 0.2)
  const a = play(whole, signal, (frame) => {
    if (frame === 2_560) whole.balance.setGain(3, 1_000)
    if (frame === 7_680) whole.release()
  })
  const b = new Float32Array(signal.length)
  const right = new Float32Array(signal.length)
  for (let at = 0; at < signal.length;) {
    if (at === 2_560) cut.balance.setGain(3, 1_000)
    if (at === 7_680) cut.release()
    const frames = Math.min(1 + ((at * 7) % 61), 128 - (at % 128))
    const part = signal.subarray(at, at + frames)
    cut.run(part, part, b, right, at, frames)
    at += frames
  }
  t.deepEqual(b, a)
  t.end()
})

test('gain and pan move frame by frame, in decibels and by the balance law', (t) => {
  const balance = new Balance(0, 0)
  balance.setGain(-12, 1_000)
  for (let i = 0; i < 500; i++) balance.advance()
  t.equal(balance.left, gainOfDecibels(-6), 'half way is half of the decibels')
  for (let i = 0; i < 500; i++) balance.advance()
  t.equal(balance.left, gainOfDecibels(-12))
  t.ok(balance.steady)
  balance.setPan(0.5, 480)
  for (let i = 0; i < 480; i++) balance.advance()
  t.equal(balance.left, gainOfDecibels(-12) * 0.5, 'to the right the left goes down')
  t.equal(balance.right, gainOfDecibels(-12), 'and the right stays')
  t.end()
})

test('a step of gain is smoothed over 240 frames and a later ramp starts from the value in force', (t) => {
  const balance = new Balance(0, 0)
  balance.setGain(-20, 0)
  t.ok(balance.left > 0.99, 'nothing jumps')
  for (let i = 0; i < 100; i++) balance.advance()
  balance.setGain(-40, 2_000)
  const before = balance.left
  balance.advance()
  t.ok(Math.abs(balance.left - before) < 0.01, 'cut without a jump')
  for (let i = 0; i < 999; i++) balance.advance()
  t.ok(Math.abs(balance.left - gainOfDecibels(-30)) < 1e-12, 'from -20, not from what was heard')
  balance.setGain(NaN, 0)
  t.ok(Math.abs(balance.left - gainOfDecibels(-30)) < 1e-12, 'NaN changes nothing')
  balance.setGain(-900, 0)
  for (let i = 0; i < FADE_FRAMES; i++) balance.advance()
  t.equal(balance.left, 0, 'the least gain is silence')
  t.end()
})
