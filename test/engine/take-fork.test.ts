import { jamIdOf, name } from '../../lib/base/index.ts'
import { readTake } from '../../lib/engine/index.ts'
import { forkPoint, Ledger, MAX_TAKE_KEYS } from '../../lib/jam/index.ts'
import { ADA, BAR, BEN, JAM, JamWriter } from '../helpers/jams.ts'
import { ALL, ofKind, pathOf, session } from '../helpers/session-tests.ts'
import { replayed, sines } from '../helpers/sessions.ts'

/** Ben's jam, with more entries than a line of a take has room for, then Ada's, which begins with what sounds in its second bar. */
function forkedLate(): JamWriter {
  const evening = new JamWriter(jamIdOf(BEN, name('evening')))
  evening.action(BEN, 'start', { tempo: 120, meter: '4/4', engine: 0 })
  evening.generator(BEN, 'bass')
  evening.play(BEN, 'bass', 0, { params: { gain: -18 } })
  for (let i = 0; i <= MAX_TAKE_KEYS; i++) evening.tag(BEN, 'after', i, 4 * BAR + i)
  const ledger = new Ledger(evening.jam)
  for (const entry of evening.entries) ledger.add(entry)
  const { from, tempo, meter } = forkPoint(ledger, 1, ADA)
  const fork = new JamWriter(JAM, 9_000_000)
  fork.entries.push(...evening.entries)
  fork.start({ tempo, meter, from })
  fork.action(ADA, 'end', { at: BAR })
  return fork
}

session('a take of a fork gives again what it carries, told of it before its start', async (t, rig) => {
  const { entries } = forkedLate()
  const archives = await sines()
  await rig.open({ entries, archives })
  const { report, take } = await rig.finish(ALL)
  t.ok(report.peak > 0.01, 'what it carries sounds')
  t.ok(ofKind(take.records, 'observed').length > 1, 'its entries fill more than a line')
  const again = await replayed(rig.place, entries, archives, { take: await readTake(rig.takeFile) })
  t.equal(again.take?.divergence, undefined)
  t.deepEqual(
    again.sounds.map(({ path }) => path),
    [pathOf(BEN, 'bass')],
  )
  t.equal(again.samplesSha256, report.samplesSha256, 'every sample that was heard')
})
