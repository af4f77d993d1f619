import test from 'tape'
import { LocalRunner } from '../../lib/mix/index.ts'
import { archiveFrom, eventsOf, renderAll, sineWat, specOf, startAt } from '../helpers/mix.ts'

test('a live block that takes more than the guard allows detaches its instance alone', async (t) => {
  const tone = await archiveFrom(sineWat({ phase: 0.2 }))
  let calls = 0
  // Two readings a block: the third block of the first instance takes 101 ms.
  const now = (): number => (++calls === 10 ? 101 : 0)
  const runners = [new LocalRunner({ guard: { now, millis: 100 } })]
  const specs = ['slow', 'fine'].map((name, at) => specOf(tone.archive, name, { at }))
  const made = renderAll(
    [tone],
    specs.map((spec) => startAt(0, spec)),
    1_024,
    { runners },
  )
  t.deepEqual(eventsOf(made), ['started slow 0', 'started fine 0', 'failed slow 256', 'ended slow 640'])
  const failed = made.reports.flatMap((r) => r.events).find((e) => e.kind === 'failed')
  t.equal(failed?.kind === 'failed' && failed.failure.code, 'GENERATOR_TOO_SLOW')
  t.deepEqual(made.renderer.playing, [specs[1]!.path])
  t.end()
})
