import test from 'tape'
import type { GroupRunner } from '../../lib/mix/index.ts'
import { startPool } from '../../lib/mix/node/pool.ts'
import { generatorWat } from '../helpers/generators.ts'
import {
  archiveFrom,
  localRunners,
  PLAYER,
  rawHash,
  renderAll,
  setterWat,
  specOf,
  startAt,
  tagAt,
} from '../helpers/mix.ts'
import type { Rendered } from '../helpers/mix.ts'

/** Writes at each block's start: left how many points it knows and what was 1,000 frames ago, right the last 4 as (frame, value). */
const historianWat = generatorWat({
  head: `(import "marmalade" "tag_open" (func $open (param i32 i32) (result i32)))
    (import "marmalade" "tag_at" (func $at (param i32 f64) (result f64)))
    (import "marmalade" "tag_last" (func $last (param i32 i32 i32) (result i32)))
    (global $h (mut i32) (i32.const -1))`,
  init: '(global.set $h (call $open (i32.const 0) (i32.const 5))) (i32.const 0)',
  process: `(local $i i32) (memory.fill (i32.const 1024) (i32.const 0) (i32.const 1024))
    (drop (call $last (global.get $h) (i32.const 4) (i32.const 4096)))
    (f32.store (i32.const 1024) (f32.convert_i32_s (call $last (global.get $h) (i32.const 256) (i32.const 8192))))
    (f32.store (i32.const 1028) (f32.demote_f64 (call $at (global.get $h) (f64.sub (local.get $frame) (f64.const 1000)))))
    (loop $l
      (f32.store offset=1536 (i32.shl (local.get $i) (i32.const 2))
        (f32.demote_f64 (f64.load offset=4096 (i32.shl (local.get $i) (i32.const 3)))))
      (br_if $l (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 8))))
    (i32.const 0)`,
  tail: '(data (i32.const 0) "color")',
})

async function rendered(runners: readonly GroupRunner[]): Promise<Rendered> {
  const historian = await archiveFrom(historianWat)
  const setter = await archiveFrom(setterWat(0.05))
  const tags = Array.from({ length: 300 }, (_, n) => tagAt(20 * n, `${PLAYER}/color`, n))
  const commands = [
    ...tags,
    startAt(0, specOf(historian.archive, 'first')),
    startAt(0, specOf(setter.archive, 'set', { at: 1 })),
    startAt(3_000, specOf(historian.archive, 'late', { at: 2 })),
  ]
  return renderAll([historian, setter], commands, 6_400, { runners })
}

test('who starts late knows what was before it, in its own count of frames', async (t) => {
  const { stems } = await rendered(localRunners(1))
  const [first, late] = [stems.get('first'), stems.get('late')]
  t.equal(late?.rawLeft[3_000], 152, 'the 151 that entries set by then, and one that an instance set')
  t.equal(late?.rawLeft[3_001], 100, 'a thousand frames before it started the hundredth was new')
  t.deepEqual([...(late?.rawRight.slice(3_000, 3_008) ?? [])], [-60, 147, -40, 148, -20, 149, 0, 150])
  t.deepEqual([...(first?.rawRight.slice(3_072, 3_080) ?? [])], [3000, 150, 3020, 151, 3040, 152, 3060, 153])
  const last = 6_272
  t.equal(first?.rawLeft[last], 256)
  t.deepEqual(
    first?.rawLeft.slice(last, last + 2),
    late?.rawLeft.slice(last, last + 2),
    'both know the same in the end',
  )
  t.end()
})

for (const threads of [1, 2, 4]) {
  test(`what is remembered is the same on ${threads} threads as on one`, async (t) => {
    const pool = await startPool(threads)
    try {
      t.equal(rawHash(await rendered(pool)), rawHash(await rendered(localRunners(1))))
    } finally {
      await Promise.all(pool.map((runner) => runner.close()))
    }
  })
}
