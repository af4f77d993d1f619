import test from 'tape'
import { jamIdOf, name } from '../../lib/base/index.ts'
import { Docket } from '../../lib/jam/docket.ts'
import { Ledger } from '../../lib/jam/index.ts'
import type { JamEntry } from '../../lib/jam/index.ts'
import { ADA, BAR, BEN, JAM, JamWriter, startedJam } from '../helpers/jams.ts'

function docketOf(entries: readonly JamEntry[]): { docket: Docket; counted: () => string[] } {
  const ledger = new Ledger(JAM)
  const docket = new Docket(ledger)
  for (const entry of entries) docket.add(entry)
  const counted = (): string[] => {
    docket.judge()
    return [...docket.counted()].filter(({ kind }) => kind === 'play').map(({ key }) => key)
  }
  return { docket, counted }
}

test('docket: of plays that name one instance the first counts, in whatever order they come and go', (t) => {
  const jam = startedJam()
  const plays = [1, 2, 3, 4].map((bar) => jam.play(BEN, 'arp', bar * BAR))
  const [first, second, third, fourth] = plays.map(({ key }) => key)
  const { docket, counted } = docketOf(jam.entries.filter((entry) => !plays.includes(entry)))
  for (const at of [2, 3, 0, 1]) {
    docket.add(plays[at]!)
    t.deepEqual(counted(), [at > 1 ? third : first])
  }
  docket.remove(third!)
  t.deepEqual(counted(), [first])
  docket.remove(first!)
  t.deepEqual(counted(), [second])
  docket.remove(second!)
  t.deepEqual(counted(), [fourth])
  t.end()
})

test('docket: a play counts once its generator is published, and no more when that is gone', (t) => {
  const jam = new JamWriter()
  jam.start()
  const plays = [jam.play(ADA, 'drums', BAR), jam.play(ADA, 'drums', BAR, { instance: 'more' })]
  const { docket, counted } = docketOf(jam.entries)
  t.deepEqual(counted(), [])
  const published = jam.generator(ADA, 'drums')
  docket.add(published)
  t.deepEqual(counted().sort(), plays.map(({ key }) => key).sort())
  docket.remove(published.key)
  t.deepEqual(counted(), [])
  t.end()
})

test('a ledger makes what a fork begins with anew when its start is another, not with every action', (t) => {
  const fork = jamIdOf(ADA, name('again'))
  const jam = new JamWriter(fork)
  const play = new JamWriter().play(BEN, 'arp', 0)
  const carries = [{ jam: JAM, at: 2 * BAR, identity: BEN, entries: [{ key: play.key }] }]
  const later = jam.start({ from: { jam: JAM, bar: 2, carries } })
  const ledger = new Ledger(fork)
  for (const entry of jam.entries) ledger.add(entry)
  const made = ledger.fork
  t.equal(made?.bar, 2)
  const tempo = jam.action(ADA, 'tempo', { bar: 4, tempo: 90 })
  const admit = jam.admit(ADA, BEN)
  for (const entry of [tempo, admit]) ledger.add(entry)
  t.equal(ledger.fork, made)
  const foreign = jam.action(BEN, 'start', { tempo: 90, meter: '4/4', engine: 0 }, 1)
  const first = jam.action(ADA, 'start', { tempo: 90, meter: '4/4', engine: 0 }, 2)
  for (const entry of [foreign, first]) ledger.add(entry)
  t.deepEqual([ledger.start?.key, ledger.fork], [first.key, undefined])
  ledger.remove(first.key)
  t.deepEqual([ledger.start?.key, ledger.fork?.start], [later.key, later.key])
  t.end()
})
