import test from 'tape'
import { heardBy } from '../../bin/cli/hearing.ts'
import type { Hearing } from '../../plugins/jams/index.ts'
import { playerNamed } from '../helpers/jams.ts'

const one = (shown: string, state: Hearing['state'], more: Partial<Hearing> = {}): Hearing => ({
  player: playerNamed(shown),
  shown,
  state,
  ...more,
})

test('who hears a change from when, in words', (t) => {
  const hears = [
    one('you', 'from', { bar: 17 }),
    one('ben', 'from', { bar: 18 }),
    one('cy', 'fetching', { percent: 40 }),
    one('dee', 'refused', { code: 'INSTANCE_OVER', message: 'drums is over by then' }),
    one('eve', 'unreachable'),
    one('fay', 'unreachable', { message: 'its version says so of plays alone' }),
    one('gus', 'away'),
  ]
  t.equal(
    heardBy(hears, 17),
    'you from bar 17, ben from bar 18, cy fetching 40 %, dee not: drums is over by then, eve when it arrives, ' +
      'fay when it arrives (its version says so of plays alone), gus once connected',
  )
  const many = ['ben', 'cy', 'dee', 'eve'].map((shown) => one(shown, 'away'))
  t.equal(heardBy([one('you', 'from', { bar: 3 }), ...many], 3), 'you from bar 3, 4 others once they are connected')
  const silent = one('you', 'refused', { message: 'no jam sounds on this node yet' })
  t.equal(heardBy([silent], 5), 'you not: no jam sounds on this node yet, asked for bar 5')
  t.equal(heardBy([one('e\u001b[2Jve', 'from', { bar: 1 })], 1), 'eve from bar 1', 'names steer no terminal')
  t.end()
})
