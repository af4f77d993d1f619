import { join } from 'node:path'
import { readTake } from '../../lib/engine/index.ts'
import { generatorWat } from '../helpers/generators.ts'
import { ADA, BAR, BEN, startedJam } from '../helpers/jams.ts'
import { listenerWat } from '../helpers/listeners.ts'
import { ALL, session } from '../helpers/session-tests.ts'
import { archivesOf, replayed } from '../helpers/sessions.ts'

const NOTE = '(import "marmalade" "note" (func $note (param i32 i32 f64 f64 f64 f64)))'

/** Plays `ping` on each sixteenth, an eighth ahead, its pitch the number of the sixteenth. */
const pings = generatorWat({
  head: `${NOTE} (global $next (mut f64) (f64.const 0.5))`,
  process: `(block $done (loop $more
      (br_if $done (f64.gt (global.get $next) (f64.add (local.get $beat) (f64.const 0.5))))
      (call $note (i32.const 0) (i32.const 4) (f64.mul (global.get $next) (f64.const 4)) (f64.const 0.5) (f64.const 0.25) (global.get $next))
      (global.set $next (f64.add (global.get $next) (f64.const 0.25)))
      (br $more)))
    (i32.const 0)`,
  tail: '(data (i32.const 0) "ping")',
})
/** Answers each `ping` as soon as may be with a `pong` a fifth above. */
const pongs = listenerWat(['note/ping', 'context'], {
  head: NOTE,
  note: `(call $note (i32.const 3000) (i32.const 4) (f64.add (local.get $pitch) (f64.const 7)) (local.get $velocity)
    (local.get $beats) (f64.const nan))`,
  tail: '(data (i32.const 3000) "pong")',
})

for (const threads of [1, 2, 4]) {
  session(
    `notes and what answers them are the score's, live on ${threads} threads as in replays of it`,
    async (t, rig) => {
      const archives = await archivesOf({
        drums: pings,
        arp: pongs,
        bass: listenerWat(['note/pong', '*/arp/*/note/*', 'jam/beat', 'note/ping']),
      })
      const jam = startedJam({ tempo: 120 })
      const quiet = { params: { gain: -30 } }
      jam.play(BEN, 'bass', 0, quiet)
      jam.play(ADA, 'arp', 0, quiet)
      jam.play(ADA, 'drums', 100, quiet)
      jam.tag(BEN, 'context', 'drop', 1000)
      jam.action(ADA, 'end', { at: BAR })
      const { entries } = jam
      await rig.open({ entries, archives, threads })
      const { report } = await rig.finish(ALL)
      t.deepEqual([report.late, report.skippedFrames], [0, 0])
      for (const many of [1, 2, 4]) {
        const score = await replayed(rig.place, entries, archives, { threads: many })
        t.equal(report.samplesSha256, score.samplesSha256, `the score on ${many}`)
      }
      const take = await readTake(rig.takeFile)
      const again = await replayed(rig.place, entries, archives, { take, out: join(rig.place, 'take.wav') })
      t.equal(again.samplesSha256, report.samplesSha256, 'and the take')
      const silent = await replayed(
        rig.place,
        entries.filter(({ payload }) => typeof payload !== 'object' || payload['instance'] !== 'drums'),
        archives,
      )
      t.notEqual(silent.samplesSha256, report.samplesSha256, 'without the notes it is another')
    },
  )
}
