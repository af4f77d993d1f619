import test from 'tape'
import { PendingTags, type InstancePath } from '../../lib/jam/index.ts'
import { FADE_FRAMES } from '../../lib/mix/index.ts'
import { generatorWat } from '../helpers/generators.ts'
import {
  archiveFrom,
  eventsOf,
  GRID,
  probeWat,
  pulses,
  renderAll,
  sineWat,
  specOf,
  startAt,
  stopAt,
} from '../helpers/mix.ts'
import { highBand } from '../helpers/signals.ts'

test('a generator without a tail is faded in 240 frames and ends', async (t) => {
  const tone = await archiveFrom(sineWat())
  const spec = specOf(tone.archive, 'a')
  const rendered = renderAll([tone], [startAt(0, spec), stopAt(1_000, spec)], 1_536)
  const stem = rendered.stems.get('a')?.left ?? new Float32Array(0)
  t.ok(stem.subarray(1_000, 1_000 + FADE_FRAMES - 2).some((x) => Math.abs(x) > 0.1))
  t.ok(stem.subarray(1_000 + FADE_FRAMES - 1).every((x) => x === 0))
  t.deepEqual(eventsOf(rendered), ['started a 0', 'ended a 1280'])
  t.equal(rendered.renderer.playing.length, 0)
  t.end()
})

test('a sine of 100 Hz started and stopped in mid-cycle leaves below -60 dBFS above 5 kHz', async (t) => {
  const tone = await archiveFrom(sineWat({ phase: 0.3 }))
  const spec = specOf(tone.archive, 'a')
  const { left } = renderAll([tone], [startAt(2_005, spec), stopAt(8_111, spec)], 12_800)
  const high = highBand(left, 5_000)
  for (const end of [2_005, 8_111, 8_111 + FADE_FRAMES]) {
    const peak = high.subarray(end - 480, end + 480).reduce((most, x) => Math.max(most, Math.abs(x)), 0)
    t.ok(peak < 0.001, `${(20 * Math.log10(peak)).toFixed(1)} dBFS at ${end}`)
  }
  t.end()
})

const STOP_EXPORT = '(func (export "mm_stop") (global.set $stopped (i32.const 1)))'

test('a tail ends 100 ms after it fell below -80 dBFS, at the latest after 8 s', async (t) => {
  const silent = generatorWat({ process: '(i32.const 1)', tail: '(func (export "mm_stop"))' })
  const quiet = await archiveFrom(silent)
  const spec = specOf(quiet.archive, 'a')
  const short = renderAll([quiet], [startAt(0, spec), stopAt(128, spec)], 12_800)
  const over = short.reports.flatMap((r) => r.events).find((e) => e.kind === 'ended')
  t.ok(over && over.frame >= 4_800 && over.frame < 4_800 + 1_024, `quiet: ended at ${over?.frame ?? 'never'}`)
  const loud = await archiveFrom(sineWat({ status: '(i32.const 1)', tail: STOP_EXPORT }))
  const long = specOf(loud.archive, 'b')
  const rendered = renderAll([loud], [startAt(0, long), stopAt(128, long)], 128 * 3_010)
  const end = rendered.reports.flatMap((r) => r.events).find((e) => e.kind === 'ended')
  t.ok(end && end.frame > 383_000 && end.frame <= 384_128, `loud: ended at ${end?.frame ?? 'never'}`)
  t.end()
})

test('status 2 keeps its block and fades the last sample', async (t) => {
  const done = await archiveFrom(
    sineWat({ phase: 0.2, status: '(select (i32.const 2) (i32.const 0) (i32.eq (global.get $blocks) (i32.const 4)))' }),
  )
  const rendered = renderAll([done], [startAt(0, specOf(done.archive, 'a'))], 1_280)
  const stem = rendered.stems.get('a')?.left ?? new Float32Array(0)
  const [last, next] = [stem[511] ?? 0, stem[512] ?? 0]
  t.ok(Math.abs(last) > 0.1 && Math.abs(next - last) < 0.001)
  t.equal(stem[512 + FADE_FRAMES - 1], 0)
  t.deepEqual(eventsOf(rendered), ['started a 0', 'ended a 768'])
  t.end()
})

test('NaN from a generator is silence in its stem and nothing in others', async (t) => {
  const bad = await archiveFrom(
    generatorWat({
      process:
        '(f32.store (i32.const 1024) (f32.const nan)) (f32.store (i32.const 1028) (f32.const inf)) (i32.const 0)',
    }),
  )
  const tone = await archiveFrom(sineWat())
  const commands = [startAt(0, specOf(bad.archive, 'bad')), startAt(0, specOf(tone.archive, 'tone', { at: 1 }))]
  const { left, stems } = renderAll([bad, tone], commands, 1_280)
  t.ok(stems.get('bad')?.left.every((x) => x === 0))
  t.deepEqual(left, stems.get('tone')?.left)
  t.end()
})

test('a voice that fails fades, says why, and leaves the others bit for bit', async (t) => {
  const trap = await archiveFrom(
    sineWat({
      phase: 0.2,
      status: '(if (result i32) (i32.eq (global.get $blocks) (i32.const 5)) (then unreachable) (else (i32.const 0)))',
    }),
  )
  const tone = await archiveFrom(sineWat({ hertz: 331 }))
  const good = specOf(tone.archive, 'tone', { at: 1 })
  const alone = renderAll([tone], [startAt(0, good)], 2_560)
  const both = renderAll([trap, tone], [startAt(0, specOf(trap.archive, 'trap')), startAt(0, good)], 2_560)
  t.deepEqual(both.stems.get('tone')?.left, alone.stems.get('tone')?.left)
  const stem = both.stems.get('trap')?.left ?? new Float32Array(0)
  t.ok(
    Math.abs((stem[512] ?? 0) - (stem[511] ?? 1)) < 0.001 && Math.abs(stem[511] ?? 0) > 0.1,
    'its last good sample is held',
  )
  t.deepEqual(eventsOf(both), ['started trap 0', 'started tone 0', 'failed trap 512', 'ended trap 768'])
  const failed = both.reports.flatMap((r) => r.events).find((e) => e.kind === 'failed')
  t.equal(failed?.kind === 'failed' && failed.failure.code, 'GENERATOR_TRAPPED')
  t.end()
})

test('one that fails as it starts never sounds', async (t) => {
  const bad = await archiveFrom(generatorWat({ init: '(i32.const 7)' }))
  const rendered = renderAll([bad], [startAt(5, specOf(bad.archive, 'bad'))], 256)
  t.deepEqual(eventsOf(rendered), ['failed bad 5', 'ended bad 5'])
  t.equal(rendered.renderer.playing.length, 0)
  t.end()
})

test('what one had set that fails as it starts counts', async (t) => {
  const set = generatorWat({
    head: '(import "marmalade" "tag_set" (func $set (param i32 i32 f64 f64)))',
    init: '(call $set (i32.const 0) (i32.const 5) (f64.const 0.5) (f64.const nan)) (i32.const 7)',
    tail: '(data (i32.const 0) "color")',
  })
  const [bad, probe] = [await archiveFrom(set), await archiveFrom(probeWat())]
  const commands = [startAt(0, specOf(bad.archive, 'bad')), startAt(0, specOf(probe.archive, 'see', { at: 1 }))]
  const { stems } = renderAll([bad, probe], commands, 256)
  t.deepEqual(pulses(stems.get('see')?.rawRight), [[128, Math.fround(0.501)]])
  t.end()
})

test('nothing is kept of what those may set that are over, however they ended', async (t) => {
  class Told extends PendingTags {
    readonly forgotten: string[] = []
    override forget(self: InstancePath): void {
      this.forgotten.push(self.split('/')[2] ?? '')
      super.forget(self)
    }
  }
  const pending = new Told()
  const done = '(select (i32.const 2) (i32.const 0) (i32.eq (global.get $blocks) (i32.const 4)))'
  const [bad, tone, ends] = [
    await archiveFrom(generatorWat({ init: '(i32.const 7)' })),
    await archiveFrom(sineWat()),
    await archiveFrom(sineWat({ status: done })),
  ]
  const commands = [
    startAt(0, specOf(bad.archive, 'bad')),
    startAt(0, specOf(tone.archive, 'stopped', { at: 1 })),
    startAt(0, specOf(ends.archive, 'done', { at: 2 })),
    startAt(0, specOf(tone.archive, 'sounds', { at: 3 })),
    stopAt(1_000, specOf(tone.archive, 'stopped', { at: 1 })),
  ]
  const { renderer } = renderAll([bad, tone, ends], commands, 2_560, { pending })
  t.deepEqual(pending.forgotten, ['bad', 'done', 'stopped'])
  t.equal(renderer.playing.length, 1)
  t.end()
})

test('what one that ends had set for much later is dropped, counted from the quantum in which it ends', async (t) => {
  const beats: (number | undefined)[] = []
  class Told extends PendingTags {
    override forget(self: InstancePath, beat?: number): void {
      beats.push(beat)
      super.forget(self, beat)
    }
  }
  const pending = new Told()
  const done = '(select (i32.const 2) (i32.const 0) (i32.eq (global.get $blocks) (i32.const 4)))'
  const ends = await archiveFrom(sineWat({ status: done }))
  pending.set(specOf(ends.archive, 'done').path, 'far', 1, 1e9, 0)
  const { reports } = renderAll([ends], [startAt(0, specOf(ends.archive, 'done'))], 2_560, { pending })
  const over = reports.find(({ events }) => events.some(({ kind }) => kind === 'ended'))
  t.deepEqual(beats, [GRID.positionAt(over?.from ?? NaN).beat])
  t.equal(pending.size, 0)
  t.end()
})
