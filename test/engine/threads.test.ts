import test from 'tape'
import { generatorIdOf, type Name } from '../../lib/base/index.ts'
import { mostAtOnce, threadsFor } from '../../lib/engine/threads.ts'
import { buildScore } from '../../lib/jam/index.ts'
import { ADA, BAR, JAM, startedJam } from '../helpers/jams.ts'
import { smallJam } from '../helpers/sessions.ts'

test('threads: as many as the instances that sound at once make pay', (t) => {
  t.equal(mostAtOnce(buildScore(JAM, smallJam().entries)), 3)
  const jam = startedJam()
  const generator = generatorIdOf(ADA, 'drums' as Name)
  jam.play(ADA, 'drums', 0, { length: BAR })
  for (let i = 0; i < 40; i++) jam.play(ADA, 'drums', (i + 1) * BAR, { instance: `l${i}`, generator, length: BAR })
  jam.play(ADA, 'drums', 0, { instance: 'r', generator })
  jam.play(ADA, 'drums', BAR, { instance: 's', generator, replaces: 'r' })
  jam.stop(ADA, 's', 2 * BAR)
  jam.action(ADA, 'end', { at: 64 * BAR })
  const score = buildScore(JAM, jam.entries)
  t.equal(mostAtOnce(score), 2, 'one after the other is one at a time')
  t.equal(threadsFor(score), 1)
  for (let i = 0; i < 200; i++) jam.play(ADA, 'drums', BAR, { instance: `m${i}`, generator })
  const many = buildScore(JAM, jam.entries)
  t.equal(mostAtOnce(many), 202)
  t.ok(threadsFor(many) >= 1 && threadsFor(many) <= 4)
  t.end()
})
