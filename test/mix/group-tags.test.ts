import test from 'tape'
import type { PlayerRef } from '../../lib/base/index.ts'
import { generatorWat } from '../helpers/generators.ts'
import {
  archiveFrom,
  GRID,
  localRunners,
  paramAt,
  PARAMS,
  PLAYER,
  probeWat,
  pulses,
  renderAll,
  setterWat,
  specOf,
  startAt,
  tagAt,
} from '../helpers/mix.ts'

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
