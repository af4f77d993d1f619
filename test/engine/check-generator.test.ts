import test from 'tape'
import { checkGenerator, verdictOf, type Measures, type TrialPlan, type Verdict } from '../../lib/engine/index.ts'
import { clicksOf } from '../../lib/engine/clicks.ts'
import { firstDifference, Recording } from '../../lib/engine/recording.ts'
import { archiveOf, assemble, generatorWat } from '../helpers/generators.ts'
import { sineWat } from '../helpers/mix.ts'

/** A bar of a second. */
const PLAN: TrialPlan = { tempo: 240, bars: 1, params: {}, tags: {} }
const LEFT = 1024

/** Every sample of both sides is a WAT expression of f32. */
const steadyWat = (
  sample: string,
  parts: { head?: string; init?: string; before?: string; tail?: string } = {},
): string =>
  generatorWat({
    head: `${parts.head ?? ''} (global $i (mut i32) (i32.const 0)) (global $stopped (mut i32) (i32.const 0))`,
    ...(parts.init !== undefined && { init: parts.init }),
    process: `${parts.before ?? ''} (global.set $i (i32.const 0))
      (loop $next
        (f32.store (i32.add (i32.const ${LEFT}) (i32.shl (global.get $i) (i32.const 2))) ${sample})
        (f32.store (i32.add (i32.const ${LEFT + 512}) (i32.shl (global.get $i) (i32.const 2))) ${sample})
        (global.set $i (i32.add (global.get $i) (i32.const 1)))
        (br_if $next (i32.lt_s (global.get $i) (local.get $frames))))
      (i32.const 0)`,
    tail: parts.tail ?? '',
  })

/** Up and down by turns: no mean, and a peak of the value. */
const buzz = (value: number): string =>
  `(select (f32.const ${value}) (f32.const ${-value}) (i32.and (global.get $i) (i32.const 1)))`

interface Checked {
  readonly measures: Measures
  readonly verdict: Verdict
  /** Codes of faults and warnings. */
  readonly codes: readonly string[]
}

async function check(wat: string, others?: Parameters<typeof checkGenerator>[1]): Promise<Checked> {
  const archive = archiveOf(await assemble(wat))
  const measures = await checkGenerator({ archive, ...PLAN }, others)
  const verdict = verdictOf({ size: archive.length, plan: PLAN, measures })
  return { measures, verdict, codes: [...verdict.faults, ...verdict.warnings].map(({ code }) => code) }
}
const here = (wat: string): Promise<Checked> => check(wat, [])

test('a good generator is exact on every engine, and there is nothing to say of it', async (t) => {
  const { measures, verdict, codes } = await check(sineWat())
  t.deepEqual(codes, [])
  t.ok(verdict.fit && verdict.exact && verdict.sounded)
  t.deepEqual(
    measures.runs.map(({ engine }) => engine),
    ['this process', 'same process again', 'baseline compiler', 'optimizing compiler'],
  )
  t.equal(new Set(measures.runs.map(({ samplesSha256 }) => samplesSha256)).size, 1)
  t.ok(Math.abs(measures.peak + 6.02) < 0.01, `${measures.peak} dBFS`)
  // A sine of this peak in both ears, in BS.1770's K-weighting, which takes 1.4 dB off at 100 Hz.
  t.ok(Math.abs(measures.loudness + 7.5) < 0.5, `${measures.loudness} LUFS`)
  t.equal(measures.pages, 1)
  t.ok(measures.steps.most > 128 && measures.steps.most < measures.steps.budget, `${measures.steps.most} steps`)
  t.ok(measures.cost.median > 0 && measures.cost.median <= measures.cost.p99)
  t.equal(measures.trial.stop, 48_000)
})

test('what is silent and says nothing is not fit; what sets tags may be silent', async (t) => {
  const silent = await here(generatorWat())
  t.deepEqual([silent.codes, silent.verdict.fit, silent.verdict.sounded], [['silent'], false, false])
  const conductor = await here(
    generatorWat({
      head: `(import "marmalade" "tag_set" (func $set (param i32 i32 f64 f64)))`,
      process: `(call $set (i32.const 0) (i32.const 5) (f64.const 2) (f64.const nan)) (i32.const 0)`,
      tail: `(data (i32.const 0) "chord")`,
    }),
  )
  t.deepEqual([conductor.codes, conductor.verdict.fit], [[], true])
  t.ok(conductor.measures.trial.sets > 0)
})

test('levels: too loud, too soft, an offset, no numbers', async (t) => {
  const loud = await here(
    sineWat().replaceAll(
      '(f32.demote_f64 (global.get $y))',
      '(f32.demote_f64 (f64.mul (f64.const 4) (global.get $y)))',
    ),
  )
  t.deepEqual(loud.codes, ['peak'])
  t.match(loud.verdict.warnings[0]?.message ?? '', /above -6 dBFS: lower it by 12\.0 dB/)
  t.ok(loud.verdict.fit, 'a warning is no fault')
  const soft = await here(
    sineWat().replaceAll(
      '(f32.demote_f64 (global.get $y))',
      '(f32.demote_f64 (f64.mul (f64.const 0.1) (global.get $y)))',
    ),
  )
  t.match(soft.verdict.warnings[0]?.message ?? '', /below -12 dBFS: raise it by 14\.0 dB/)
  const offset = await here(steadyWat('(f32.const 0.3)'))
  t.deepEqual(offset.codes, ['dc', 'click-start'])
  t.ok(Math.abs(offset.measures.dc - 0.3) < 0.01, `${offset.measures.dc}`)
  const broken = await here(steadyWat('(f32.div (f32.const 0) (f32.const 0))'))
  t.deepEqual(broken.codes, ['silent', 'not-finite'])
  t.ok(broken.verdict.exact, 'one pattern of bits, so the same everywhere')
})

test('what is cut off at its stop clicks there', async (t) => {
  const level = '(select (f32.const 0) (f32.const 0.3) (global.get $stopped))'
  const stop = '(func (export "mm_stop") (global.set $stopped (i32.const 1)))'
  t.deepEqual((await here(steadyWat(level, { tail: stop }))).codes, ['dc', 'click-start', 'click-stop'])
})

test('what traps fails by its code and place, and is exact all the same', async (t) => {
  const { verdict, codes, measures } = await here(
    steadyWat(buzz(0.3), { before: '(if (f64.ge (local.get $frame) (f64.const 24000)) (then unreachable))' }),
  )
  t.deepEqual(codes, ['fails', 'click-start'])
  t.notOk(verdict.fit)
  t.ok(verdict.exact)
  t.equal(measures.trial.failure?.code, 'GENERATOR_TRAPPED')
  t.match(verdict.faults[0]?.message ?? '', /^it fails at frame 24064 \(bar 1, beat 3\.01\): .+GENERATOR_TRAPPED/)
})

test('what reads net/peers is not exact, although every run was the same', async (t) => {
  const { verdict, codes, measures } = await here(
    steadyWat(buzz(0.3), {
      head: '(import "marmalade" "tag_open" (func $open (param i32 i32) (result i32)))',
      init: '(drop (call $open (i32.const 0) (i32.const 9))) (i32.const 0)',
      tail: '(data (i32.const 0) "net/peers")',
    }),
  )
  t.deepEqual(codes, ['inexact', 'click-start'])
  t.match(verdict.why ?? '', /reads local\/… or net\/…/)
  t.ok(measures.runs.every(({ differs }) => differs === undefined))
})

test('a run that differs makes it inexact, from its first frame that differs on; so do other tags', async (t) => {
  const { measures } = await here(sineWat())
  const [first] = measures.runs
  if (!first) throw new Error('there is no run')
  const judge = (more: Partial<typeof first>): string =>
    verdictOf({
      size: 1,
      plan: PLAN,
      measures: { ...measures, runs: [first, { ...first, engine: 'another', ...more }] },
    }).why ?? ''
  t.match(judge({ differs: 12_000 }), /^another: what it gives differs from frame 12000 \(bar 1, beat 2\.00\) on/)
  t.match(judge({ tagsSha256: 'other' }), /^another: the tags/)
  t.equal(judge({}), '')
})

test('levels are judged at the defaults alone, and size and cost by what they are', async (t) => {
  const { measures } = await here(sineWat())
  const codes = (more: Partial<Measures>, size = 1, params = {}): string[] =>
    verdictOf({ size, plan: { ...PLAN, params }, measures: { ...measures, ...more } }).warnings.map(({ code }) => code)
  t.deepEqual(codes({ peak: -2 }, 1, { gain: 3 }), [])
  t.deepEqual(codes({ peak: -2, cost: { median: 1, p99: 1, share: 0.11 } }, 1_048_577), ['peak', 'cost', 'size'])
  t.deepEqual(codes({ cost: { median: 1, p99: 1, share: 0.1 } }, 1_048_576), [])
})

test('sound is compared by its bits', (t) => {
  const side = (...values: number[]): Float32Array => Float32Array.from(values)
  const zero = side(0, 0, 0)
  t.equal(firstDifference([side(1, NaN, 3), zero], [side(1, NaN, 3), zero]), undefined)
  t.equal(firstDifference([side(1, 2, 3), zero], [side(1, 2, 4), zero]), 2)
  t.equal(firstDifference([side(1, 2, 3), zero], [side(1, 2, 3), side(0, -0, 0)]), 1)
  t.equal(firstDifference([side(1, 2, 3), zero], [side(1, 2), side(0, 0)]), 2, 'one that ends before the other')
  t.end()
})

test('a recording gives back any part of it; a click is a step that stands out', (t) => {
  const recording = new Recording()
  const ramp = Float32Array.from({ length: 1_000 }, (_, i) => i / 10_000)
  for (let at = 0; at < 1_000; at += 300) {
    const piece = ramp.subarray(at, at + 300)
    recording.push(piece, piece)
  }
  t.equal(recording.frames, 1_000)
  t.deepEqual(recording.part(290, 310)[1], ramp.slice(290, 310))
  t.deepEqual(recording.part(990, 2_000)[0], ramp.slice(990))
  t.deepEqual(clicksOf(recording, 900), {})
  recording.push(Float32Array.of(0.5), Float32Array.of(0))
  t.deepEqual(Object.keys(clicksOf(recording, 1_000)), ['stop'])
  t.end()
})
