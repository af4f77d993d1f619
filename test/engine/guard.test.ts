import { readTake } from '../../lib/engine/index.ts'
import { generatorWat } from '../helpers/generators.ts'
import { ADA, BAR, BEN, startedJam } from '../helpers/jams.ts'
import { sineWat } from '../helpers/mix.ts'
import { ALL, ofKind, pathOf, session } from '../helpers/session-tests.ts'
import { archivesOf, replayed } from '../helpers/sessions.ts'

/**
 * Within every budget, and slow: 350,000 additions and multiplications a block that wait for each other. Its first sample of every
 * other block is a pulse, so that it is heard where it ends.
 */
const slowWat = generatorWat({
  head: '(global $x (mut f64) (f64.const 1)) (global $odd (mut i32) (i32.const 0)) ',
  process: `(local $x f64) (local $i i32)
    (local.set $x (global.get $x))
    (loop $next
      (local.set $x (f64.add (f64.mul (local.get $x) (f64.const 0.999)) (f64.const 0.001)))
      (local.set $i (i32.add (local.get $i) (i32.const 1)))
      (br_if $next (i32.lt_s (local.get $i) (i32.const 350000))))
    (global.set $x (local.get $x))
    (global.set $odd (i32.sub (i32.const 1) (global.get $odd)))
    (f32.store (i32.const 1024) (f32.mul (f32.convert_i32_s (global.get $odd)) (f32.demote_f64 (f64.mul (local.get $x) (f64.const 0.02)))))
    (i32.const 0)`,
})
/** Together more than any processor of today renders in time: what it took one core here was 10 ms for 2.7 ms of sound. */
const SLOW = 10

session('who is too slow live is detached and told, and the take gives again what was heard', async (t, rig) => {
  const archives = await archivesOf({ drums: sineWat({ hertz: 101 }), bass: slowWat })
  const jam = startedJam({ tempo: 120 })
  jam.play(ADA, 'drums', 0, { params: { gain: -18 } })
  for (let at = 0; at < SLOW; at++) jam.play(BEN, 'bass', 0, { instance: `bass-${at}` })
  jam.action(ADA, 'end', { at: BAR })
  const { entries } = jam
  await rig.open({ entries, archives })
  const { report, take } = await rig.finish(ALL)

  const killed = ofKind(take.records, 'failed')
  t.ok(killed.length > 0, `${killed.length} of ${SLOW} are gone`)
  t.ok(
    killed.every(({ code }) => code === 'GENERATOR_TOO_SLOW'),
    'for what they took',
  )
  const slow = pathOf(BEN, 'bass')
  t.ok(
    killed.every(({ path }) => path.startsWith(`${slow}-`)),
    'and nobody else',
  )
  const told = rig.messages.flatMap((message) => (message.kind === 'instances' ? message.events : []))
  const failed = told.flatMap((event) => (event.kind === 'failed' ? [event.path as string] : []))
  t.deepEqual(
    failed,
    killed.map(({ path }) => path),
    'which the node is told, for its log and its player',
  )
  t.deepEqual(
    failed.filter((path) => !told.some((event) => event.kind === 'ended' && event.path === path)),
    [],
    'each ended for that',
  )

  const again = await replayed(rig.place, entries, archives, { take: await readTake(rig.takeFile) })
  t.equal(again.take?.divergence, undefined)
  t.equal(again.samplesSha256, report.samplesSha256, 'every sample as it was heard')
})

/** As slow to start as the budget of `mm_init` lets it be: a chain of divisions. */
const slowStartWat = generatorWat({
  init: `(local $x f64) (local $i i32)
    (local.set $x (f64.const 1e300))
    (loop $next
      (local.set $x ${'(f64.div '.repeat(8)}(local.get $x)${' (f64.const 1.0000001))'.repeat(8)})
      (local.set $i (i32.add (local.get $i) (i32.const 1)))
      (br_if $next (i32.lt_s (local.get $i) (i32.const 150000))))
    (f64.lt (local.get $x) (f64.const 0))`,
})
/** Together they take half a second of one core: of its starts a player gets 80 ms at once. */
const CROWD = 60

session(
  'a player whose instances take long to start at once holds up nobody, and the take gives that again',
  async (t, rig) => {
    const archives = await archivesOf({ drums: sineWat({ hertz: 101 }), bass: slowStartWat })
    const jam = startedJam({ tempo: 120 })
    jam.play(ADA, 'drums', 0, { params: { gain: -18 } })
    for (let at = 0; at < CROWD; at++) jam.play(BEN, 'bass', 480, { instance: `bass-${at}` })
    jam.play(ADA, 'drums', 480, { instance: 'after', params: { gain: -18 } })
    jam.action(ADA, 'end', { at: BAR })
    const { entries } = jam
    await rig.open({ entries, archives })
    const { report, take } = await rig.finish(ALL)

    const refused = ofKind(take.records, 'failed').filter(({ code }) => code === 'MIX_REFUSED')
    t.ok(refused.length > 0, `${refused.length} of ${CROWD} did not start`)
    t.ok(
      refused.every(({ path }) => path.startsWith(`${pathOf(BEN, 'bass')}-`)),
      'nobody else’s',
    )
    const again = await replayed(rig.place, entries, archives, { take: await readTake(rig.takeFile) })
    t.equal(again.take?.divergence, undefined)
    t.equal(again.samplesSha256, report.samplesSha256, 'every sample as it was heard')
  },
)
