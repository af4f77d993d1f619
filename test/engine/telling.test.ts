import test from 'tape'
import { refOf } from '../../lib/base/index.ts'
import { Telling, TOLD_BYTES } from '../../lib/engine/telling.ts'
import type { FromEngine, ToldTag } from '../../lib/engine/types.ts'
import type { TagChange } from '../../lib/jam/index.ts'
import { generatorWat } from '../helpers/generators.ts'
import { ADA, BAR, BEN, startedJam } from '../helpers/jams.ts'
import { ALL, session } from '../helpers/session-tests.ts'
import { archivesOf } from '../helpers/sessions.ts'

const ada = refOf(ADA)
const ben = refOf(BEN)
const SECOND = 48_000
const text = 'x'.repeat(1024)

const bytesOf = (told: readonly ToldTag[]): number =>
  told.reduce((sum, { path, value }) => sum + path.length + String(value).length, 0)
/** Changes of one path for each block of a second. */
const flood = (path: string, many: number): TagChange[] =>
  Array.from({ length: many }, () => ({ path, value: text, frame: 0 }))

test('telling: a flood is told in part, with how much was not; what others set and what entries say is told whole', (t) => {
  const telling = new Telling()
  const all: ToldTag[] = []
  let dropped = 0
  for (let from = 0; from < 3 * SECOND; from += 128) {
    const small = [
      { path: `${ben}/drums/one/kick`, value: 1, frame: from },
      { path: `${ada}/mood`, value: text, frame: from },
      { path: 'jam/beat', value: 1, frame: from },
    ]
    const changes = [...flood(`${ada}/drums/one/text`, 64), ...small]
    const told = telling.pass(changes, from)
    t.deepEqual(told.slice(-3), small)
    dropped += changes.length - told.length
    all.push(...told.slice(0, -3))
  }
  t.ok(bytesOf(all) < 3 * TOLD_BYTES, 'so many bytes a second')
  t.ok(bytesOf(all) > TOLD_BYTES, 'each second anew')
  const missed = all.reduce((sum, told) => sum + (told.missed ?? 0), 0)
  const last = telling.pass(flood(`${ada}/drums/one/text`, 1), 3 * SECOND)
  t.equal(missed + (last[0]?.missed ?? 0), dropped)
  t.equal(telling.pass(flood(`${ada}/drums/one/text`, 1), 3 * SECOND)[0]?.missed, undefined, 'told once')
  t.end()
})

test('telling: many players have equal shares, and new ones in a second cannot make it much more', (t) => {
  const telling = new Telling()
  const players = Array.from({ length: 256 }, (_, n) => Buffer.alloc(32, n).toString('base64url'))
  const told = (from: number): number =>
    bytesOf(
      telling.pass(
        players.flatMap((player) => flood(`${player}/drums/one/text`, 1_000)),
        from,
      ),
    )
  t.ok(told(0) < 7 * TOLD_BYTES, 'in the first')
  t.ok(told(SECOND) <= TOLD_BYTES, 'then')
  t.end()
})

/** Sets 64 texts of 1 KiB in each block. */
const flooding = generatorWat({
  head: `(import "marmalade" "tag_set_text" (func $set (param i32 i32 i32 i32 f64))) (global $n (mut i32) (i32.const 0))`,
  process: `(global.set $n (i32.const 0))
    (loop $more
      (call $set (i32.const 0) (i32.const 4) (i32.const 0) (i32.const 1024) (f64.const nan))
      (global.set $n (i32.add (global.get $n) (i32.const 1)))
      (br_if $more (i32.lt_u (global.get $n) (i32.const 64))))
    (i32.const 0)`,
  tail: `(data (i32.const 0) "${'text'.repeat(256)}")`,
})
/** Sets `count` in each block. */
const counting = generatorWat({
  head: '(import "marmalade" "tag_set" (func $set (param i32 i32 f64 f64)))',
  process: '(call $set (i32.const 0) (i32.const 5) (local.get $frame) (f64.const nan)) (i32.const 0)',
  tail: '(data (i32.const 0) "count")',
})

session('a flood of tags does not reach the node, and hides nothing of other players', async (t, rig) => {
  const archives = await archivesOf({ drums: flooding, bass: counting })
  const jam = startedJam({ tempo: 120 })
  jam.play(ADA, 'drums', 0)
  jam.play(BEN, 'bass', 0)
  jam.action(ADA, 'end', { at: BAR })
  await rig.open({ entries: jam.entries, archives })
  await rig.finish(ALL)
  const told = rig.messages.flatMap((message: FromEngine) => (message.kind === 'tags' ? message.changes : []))
  const texts = told.filter(({ path }) => path.endsWith('/text'))
  const missed = texts.reduce((sum, change) => sum + (change.missed ?? 0), 0)
  t.ok(bytesOf(texts) <= 2 * TOLD_BYTES, 'of 48 MB')
  t.ok(texts.length > 100 && missed > 10_000)
  const counts = told.filter(({ path }) => path.endsWith('/count')).map(({ frame }) => frame)
  t.deepEqual(
    counts,
    Array.from({ length: counts.length }, (_, n) => 128 * (n + 1)),
  )
  t.ok(counts.length >= 749)
})
