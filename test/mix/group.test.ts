import test from 'tape'
import { Grid } from '../../lib/jam/index.ts'
import type { EntryKey, PlayerRef } from '../../lib/base/index.ts'
import { FADE_FRAMES, fadeIn } from '../../lib/mix/index.ts'
import { highBand } from '../helpers/signals.ts'
import {
  archiveFrom,
  eventsOf,
  GRID,
  localRunners,
  paramAt,
  PLAYER,
  probeWat,
  pulses,
  renderAll,
  setterWat,
  sineWat,
  specOf,
  startAt,
  stopAt,
  tagAt,
} from '../helpers/mix.ts'
import { generatorWat } from '../helpers/generators.ts'

const PARAMS = { params: [{ name: 'level', min: 0, max: 10, default: 2 }] }

test('blocks begin at starts, stops, parameters and multiples of 128, on the very frame', async (t) => {
  const probe = await archiveFrom(probeWat(), PARAMS)
  const spec = specOf(probe.archive, 'a', { params: { level: 3 } })
  const commands = [
    startAt(37, spec),
    paramAt(200, spec, 'level', 4),
    paramAt(300, spec, 'gain', -6),
    stopAt(413, spec),
  ]
  const { stems } = renderAll([probe], commands, 1_024)
  const at = pulses(stems.get('a')?.rawLeft)
  t.deepEqual(at.slice(0, 8), [
    [37, 3],
    [128, 3],
    [200, 4],
    [256, 4],
    [300, 4],
    [384, 4],
    [413, 4],
    [512, 4],
  ])
  t.equal(
    stems.get('a')?.left[37],
    Math.fround(0.7079_4677734375 * fadeIn(0)),
    'an impulse on the first frame is there',
  )
  t.end()
})

test('what others do cuts nothing, and neither does a tag that was not opened', async (t) => {
  const probe = await archiveFrom(probeWat(), PARAMS)
  const [a, b] = [specOf(probe.archive, 'a'), specOf(probe.archive, 'b')]
  const commands = [startAt(0, a), startAt(0, b), paramAt(77, b, 'level', 5), tagAt(99, `${PLAYER}/other`, 1)]
  const { stems } = renderAll([probe], commands, 256)
  t.deepEqual(pulses(stems.get('a')?.rawLeft), [
    [0, 2],
    [128, 2],
  ])
  t.deepEqual(pulses(stems.get('b')?.rawLeft).slice(0, 2), [
    [0, 2],
    [77, 5],
  ])
  t.end()
})

test('a tempo point cuts the block', async (t) => {
  const probe = await archiveFrom(probeWat())
  const at = { comparable: 0, key: '' as EntryKey }
  const grid = new Grid([
    { bar: 0, tempo: 112, meter: '4/4', ...at },
    { bar: 1, tempo: 90, ...at },
  ])
  const point = grid.frameOfBar(1)
  const frames = Math.ceil(point / 128 + 1) * 128
  const { stems } = renderAll([probe], [startAt(0, specOf(probe.archive, 'a'))], frames, { grid })
  t.notEqual(point % 128, 0)
  t.ok(pulses(stems.get('a')?.rawLeft).some(([frame]) => frame === point))
  t.end()
})

test('a block is cut at most 16 times in 128 frames, the rest waits for the next multiple', async (t) => {
  const probe = await archiveFrom(probeWat(), PARAMS)
  const spec = specOf(probe.archive, 'a')
  const many = Array.from({ length: 40 }, (_, i) => paramAt(2 * i + 3, spec, 'level', 0.1 * i + 1))
  const { stems } = renderAll([probe], [startAt(0, spec), ...many], 256)
  const at = pulses(stems.get('a')?.rawLeft)
  t.equal(at.length, 18)
  t.deepEqual(
    at.slice(0, 17).map(([frame]) => frame),
    [0, ...Array.from({ length: 16 }, (_, i) => 2 * i + 3)],
  )
  t.deepEqual(at[17], [128, Math.fround(0.1 * 39 + 1)], 'the last one holds there')
  t.end()
})

test('a parameter over time is told at multiples of 128 from the value in force; a later one cuts it', async (t) => {
  const probe = await archiveFrom(probeWat(), PARAMS)
  const spec = specOf(probe.archive, 'a')
  const commands = [startAt(0, spec), paramAt(64, spec, 'level', 6, 256), paramAt(600, spec, 'level', 99, 0)]
  const { stems } = renderAll([probe], commands, 768)
  t.deepEqual(pulses(stems.get('a')?.rawLeft), [
    [0, 2],
    [64, 2],
    [128, 3],
    [256, 5],
    [384, 6],
    [512, 6],
    [600, 10],
    [640, 10],
  ])
  t.end()
})

test('a tag from an entry is seen from its frame on by whoever opened it', async (t) => {
  const probe = await archiveFrom(probeWat())
  const spec = specOf(probe.archive, 'a')
  const { stems } = renderAll([probe], [startAt(0, spec), tagAt(300, `${PLAYER}/color`, 0.25)], 512)
  t.deepEqual(
    pulses(stems.get('a')?.rawRight).map(([frame]) => frame),
    [300, 384],
  )
  t.end()
})

for (const runners of [1, 2]) {
  test(`a tag set ahead is seen at its beat by another and by its author not before (groups: ${runners})`, async (t) => {
    const setter = await archiveFrom(setterWat(0.01))
    const probe = await archiveFrom(probeWat())
    const beat = GRID.frameOfBeat(0.01)
    for (const order of [0, 2]) {
      const commands = [
        startAt(0, specOf(setter.archive, 'set', { at: 1 })),
        startAt(0, specOf(probe.archive, 'see', { at: order })),
      ]
      const { stems } = renderAll([setter, probe], commands, 640, { runners: localRunners(runners) })
      t.notEqual(beat % 128, 0)
      t.equal(pulses(stems.get('see')?.rawRight)[0]?.[0], beat, 'another')
      t.equal(pulses(stems.get('set')?.rawRight)[0]?.[0], beat, 'its author')
    }
    t.end()
  })
}

test('tags that become visible cut at most what sixteen leaves, and the rest waits for the next multiple', async (t) => {
  const probe = await archiveFrom(probeWat(), PARAMS)
  const spec = specOf(probe.archive, 'a')
  const tags = Array.from({ length: 30 }, (_, i) => tagAt(4 * i + 2, `${PLAYER}/color`, i + 1))
  const commands = [startAt(0, spec), ...tags, paramAt(120, spec, 'level', 3)]
  const { stems } = renderAll([probe], commands, 256)
  const at = pulses(stems.get('a')?.rawRight)
  t.equal(at.length, 17)
  t.deepEqual(
    at.slice(0, 15).map(([frame]) => frame),
    Array.from({ length: 15 }, (_, i) => 4 * i + 2),
  )
  t.deepEqual(at[15], [120, Math.fround(15.001)], 'between them nothing new is seen')
  t.deepEqual(at[16], [128, Math.fround(30.001)])
  t.end()
})

test('a short id in a path means the member it is told to be', async (t) => {
  const probe = await archiveFrom(probeWat('AbCd+_12/color'))
  const commands = [startAt(0, specOf(probe.archive, 'a')), tagAt(300, `${PLAYER}/color`, 0.25)]
  const known = renderAll([probe], commands, 512, {
    before: (renderer, from) => {
      if (from === 0) renderer.know(new Map([['AbCd+_12', PLAYER as PlayerRef]]))
    },
  })
  t.equal(pulses(known.stems.get('a')?.rawRight)[0]?.[0], 300)
  t.deepEqual(pulses(renderAll([probe], commands, 512).stems.get('a')?.rawRight), [], 'nobody where it was not told')
  t.end()
})

test('what an instance sets and logs is bounded', async (t) => {
  const text = '(data (i32.const 0) "color") (data (i32.const 16) "again and again")'
  const busy = await archiveFrom(
    generatorWat({
      head: `(import "marmalade" "tag_set" (func $set (param i32 i32 f64 f64))) (import "marmalade" "log" (func $log (param i32 i32)))
        (global $i (mut i32) (i32.const 0))`,
      process: `(global.set $i (i32.const 0))
        (loop $more
          (call $set (i32.const 0) (i32.const 5) (f64.convert_i32_s (global.get $i)) (f64.const 0))
          (call $log (i32.const 16) (i32.const 15))
          (global.set $i (i32.add (global.get $i) (i32.const 1)))
          (br_if $more (i32.lt_s (global.get $i) (i32.const 200))))
        (i32.const 0)`,
      tail: text,
    }),
  )
  const made = renderAll([busy], [startAt(0, specOf(busy.archive, 'a'))], 48_128)
  const [first, second] = made.reports
  t.equal(first?.events.filter((e) => e.kind === 'log').length, 16, 'sixteen lines a second')
  t.deepEqual(
    second?.changes.map((c) => c.value),
    Array.from({ length: 64 }, (_, i) => i),
    'the first 64 of a quantum',
  )
  t.equal(made.reports.flatMap((r) => r.events).filter((e) => e.kind === 'log').length, 32)
  t.end()
})

test('a tag set for the past is seen at the next multiple of 128', async (t) => {
  const setter = await archiveFrom(setterWat(-5))
  const { stems } = renderAll([setter], [startAt(10, specOf(setter.archive, 'set'))], 384)
  t.equal(pulses(stems.get('set')?.rawRight)[0]?.[0], 128)
  t.end()
})

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
