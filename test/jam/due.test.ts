import test from 'tape'
import type { JamEntry } from '../../lib/jam/index.ts'
import { FRAMES, jamAt120, ofKind } from '../helpers/conducting.ts'
import { ADA, BAR, BEN, run, toldAll } from '../helpers/jams.ts'

/** A conductor that has rendered two bars of a jam in which Ada's chords sound. */
function underWay() {
  const jam = jamAt120()
  jam.play(ADA, 'chords', 0)
  const conductor = toldAll(jam.entries)
  conductor.begin(0)
  run(conductor, 0, 2 * FRAMES)
  conductor.events()
  return { jam, conductor }
}

test('due: everything that has a place says from which frame on it holds: there, or where in truth it will', (t) => {
  const { jam, conductor } = underWay()
  const now = 2 * FRAMES
  const placed: [string, JamEntry, number][] = [
    ['param', jam.param(ADA, 'chords', 3 * BAR, { value: 500 }), 3 * FRAMES],
    ['param over bars', jam.param(ADA, 'chords', 4 * BAR, { value: 900, over: 8 * BAR }), 4 * FRAMES],
    ['tag', jam.tag(BEN, 'mood', 1, 3 * BAR), 3 * FRAMES],
    ['context', jam.tag(ADA, 'context', 'drop', 3 * BAR + 960), 3 * FRAMES + 24_000],
    ['meter', jam.action(ADA, 'meter', { bar: 6, meter: '3/4' }), 6 * FRAMES],
    ['play that replaces', jam.play(ADA, 'drums', 5 * BAR, { replaces: 'chords' }), 5 * FRAMES],
    ['stop', jam.stop(ADA, 'drums', 6 * BAR), 6 * FRAMES],
    ['late param', jam.param(ADA, 'chords', BAR, { name: 'gain', value: -3 }), now],
    ['late tag', jam.tag(BEN, 'density', 1, BAR), now],
    ['end', jam.action(ADA, 'end', { at: 8 * BAR }), 8 * FRAMES],
  ]
  conductor.observe(placed.map(([, entry]) => entry))
  run(conductor, now, now + 128)
  const due = new Map(ofKind(conductor, 'due').map(({ key, frame }) => [key, frame]))
  for (const [what, { key }, frame] of placed) t.equal(due.get(key), frame, what)

  const later = now + 12_800
  run(conductor, now + 128, later)
  const late: [string, JamEntry][] = [
    ['stop', jam.stop(ADA, 'chords', BAR)],
    ['tempo', jam.action(ADA, 'tempo', { bar: 1, tempo: 60 })],
  ]
  conductor.observe(late.map(([, entry]) => entry))
  run(conductor, later, later + 128)
  const told = new Map(ofKind(conductor, 'due').map(({ key, frame }) => [key, frame]))
  for (const [what, { key }] of late) t.equal(told.get(key), later, `a late ${what} holds in the next block`)
  const end = jam.action(ADA, 'end', { at: BAR })
  conductor.observe([end])
  run(conductor, later + 128, later + 256)
  t.equal(ofKind(conductor, 'due').find(({ key }) => key === end.key)?.frame, later + 128, 'and so does a late end')
  t.end()
})

test('due: where nothing comes of it, why', (t) => {
  const { jam, conductor } = underWay()
  jam.stop(ADA, 'chords', 3 * BAR)
  const stop = jam.stop(ADA, 'chords', 4 * BAR)
  const param = jam.param(ADA, 'chords', 3 * BAR, { value: 500 })
  const short = jam.play(BEN, 'arp', 0, { length: BAR })
  conductor.observe(jam.entries)
  run(conductor, 2 * FRAMES, 2 * FRAMES + 128)
  const over = new Map(ofKind(conductor, 'due').map((event) => [event.key, event.over]))
  t.equal(over.get(stop.key), 'stop', 'what is stopped before')
  t.equal(over.get(param.key), 'stop', 'whose instance is stopped there')
  t.equal(over.get(short.key), 'length', 'a late play whose length has passed')
  t.end()
})

test('due: of tags and params that stand before a session nothing is told but that they were applied', (t) => {
  const jam = jamAt120()
  jam.play(ADA, 'chords', 0)
  const before = [jam.param(ADA, 'chords', BAR, { value: 1 }), jam.tag(ADA, 'mood', 1, BAR)]
  const after = jam.tag(ADA, 'mood', 2, 4 * BAR)
  const conductor = toldAll(jam.entries)
  conductor.begin(2 * FRAMES)
  run(conductor, 2 * FRAMES, 2 * FRAMES + 128)
  const events = conductor.events()
  const keys = (kind: 'due' | 'applied'): string[] =>
    events.flatMap((event) => (event.kind === kind ? [event.key] : []))
  t.deepEqual(keys('applied').sort(), before.map(({ key }) => key).sort())
  t.ok(keys('due').includes(after.key))
  t.notOk(before.some(({ key }) => keys('due').includes(key)))
  t.end()
})
