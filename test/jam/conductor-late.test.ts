import test from 'tape'
import { JamConductor } from '../../lib/jam/index.ts'
import { brief, FRAMES, jamAt120, kinds, ofKind, sounds } from '../helpers/conducting.ts'
import { ADA, archiveNamed, BAR, BEN, JAM, run, toldAll } from '../helpers/jams.ts'

test('conductor: a late entry starts at the next boundary of its unit and says so', (t) => {
  const jam = jamAt120()
  const conductor = toldAll(jam.entries)
  conductor.begin(0)
  run(conductor, 0, FRAMES + 128)
  const play = jam.play(ADA, 'drums', BAR, { on: 'bar' })
  const four = jam.play(ADA, 'chords', BAR, { on: '4bars' })
  const stop = jam.stop(ADA, 'drums', 2 * BAR + 960)
  conductor.observe([play, four])
  const commands = run(conductor, FRAMES + 128, 3 * FRAMES)
  t.deepEqual(sounds(commands), [`start drums ${2 * FRAMES}`])
  const spec = commands.find((command) => command.kind === 'start')
  t.equal(spec?.kind === 'start' && spec.spec.startBeat, 4, 'its beat is that of its play')
  const events = conductor.events()
  t.deepEqual(
    events.flatMap((event) => (event.kind === 'started' ? [event.late] : [])),
    [{ by: FRAMES, reason: 'entry' }],
  )
  t.deepEqual(
    events.flatMap((event) => (event.kind === 'due' ? [[event.key, event.frame]] : [])),
    [
      [play.key, 2 * FRAMES],
      [four.key, 4 * FRAMES],
    ],
    'who hears it from where',
  )
  conductor.observe([stop])
  t.deepEqual(
    sounds(run(conductor, 3 * FRAMES, 3 * FRAMES + 128)),
    [`stop drums ${3 * FRAMES}`],
    'a late stop, at once',
  )
  t.equal(ofKind(conductor, 'applied')[0]?.late?.by, FRAMES - 24_000)
  t.end()
})

test('conductor: an archive that comes late', (t) => {
  const jam = jamAt120()
  const conductor = new JamConductor({ jam: JAM, readTag: () => undefined })
  conductor.observe([...jam.entries, jam.play(ADA, 'drums', BAR, { on: 'beat' })])
  conductor.begin(0)
  run(conductor, 0, FRAMES)
  t.equal(ofKind(conductor, 'due')[0]?.waiting, 'archive')
  t.deepEqual(sounds(run(conductor, FRAMES, FRAMES + 6400)), [])
  conductor.archiveReady(archiveNamed('drums'))
  t.deepEqual(sounds(run(conductor, FRAMES + 6400, 2 * FRAMES)), [`start drums ${FRAMES + 24_000}`])
  t.deepEqual(ofKind(conductor, 'started')[0]?.late, { by: 24_000, reason: 'archive' })
  t.end()
})

test('conductor: joining late, what is in force starts in place with its latest parameters', (t) => {
  const jam = jamAt120()
  jam.play(ADA, 'chords', 0, { params: { cutoff: 100 } })
  jam.param(ADA, 'chords', BAR, { value: 500 })
  jam.param(ADA, 'chords', 2 * BAR, { value: 900, over: 2 * BAR })
  const over = jam.play(BEN, 'arp', 0, { length: BAR })
  const stopped = jam.play(BEN, 'bass', 0)
  jam.stop(BEN, 'bass', BAR)
  jam.tag(ADA, 'context', 'intro', 0)
  jam.tag(ADA, 'context', 'groove', BAR)
  const conductor = toldAll(jam.entries)
  conductor.begin(3 * FRAMES)
  const commands = run(conductor, 3 * FRAMES, 4 * FRAMES)
  t.deepEqual(sounds(commands), [`start chords ${3 * FRAMES}`, `cutoff 900 over ${FRAMES} ${3 * FRAMES}`])
  const start = commands.find((command) => command.kind === 'start')
  t.deepEqual(start?.kind === 'start' && start.spec.params, { cutoff: 700 }, 'half way from 500 to 900')
  t.equal(start?.kind === 'start' && start.spec.startBeat, 0)
  t.equal(
    commands.findLast((command) => command.kind === 'tag' && command.path === 'jam/context'),
    commands.find((command) => command.kind === 'tag' && command.value === 'groove' && command.path === 'jam/context'),
  )
  t.deepEqual(
    ofKind(conductor, 'skipped').map((event) => [event.key, event.reason]),
    [
      [over.key, 'length'],
      [stopped.key, 'stop'],
    ],
  )
  t.end()
})

test('conductor: a tempo that comes late changes the beat from then on', (t) => {
  const jam = jamAt120()
  jam.play(ADA, 'chords', 0)
  jam.play(BEN, 'arp', 3 * BAR)
  const conductor = toldAll(jam.entries)
  conductor.begin(0)
  run(conductor, 0, 2 * FRAMES)
  conductor.observe([jam.action(ADA, 'tempo', { bar: 1, tempo: 60 })])
  const commands = run(conductor, 2 * FRAMES, 6 * FRAMES)
  t.deepEqual(sounds(commands), [`start arp ${5 * FRAMES}`], 'what waits is kept in ticks; what started is not again')
  t.deepEqual(
    ofKind(conductor, 'grid').map(({ frame, from, to }) => [frame, from, to]),
    [[2 * FRAMES, 8, 6]],
  )
  t.ok(
    kinds(commands, 'tag')
      .map(brief)
      .includes(`tag jam/tempo 60 ${2 * FRAMES}`),
  )
  t.end()
})

test('conductor: a param or tag that comes after a newer one changes nothing', (t) => {
  const jam = jamAt120()
  jam.play(ADA, 'chords', 0)
  const old = [jam.param(ADA, 'chords', BAR, { value: 1 }), jam.tag(ADA, 'mood', 1, BAR)]
  const conductor = toldAll(jam.entries.filter((entry) => !old.includes(entry)))
  conductor.observe([jam.param(ADA, 'chords', 2 * BAR, { value: 2 }), jam.tag(ADA, 'mood', 2, 2 * BAR)])
  conductor.begin(0)
  run(conductor, 0, 3 * FRAMES)
  conductor.observe(old)
  const after = run(conductor, 3 * FRAMES, 4 * FRAMES)
  t.deepEqual(sounds(after), [])
  t.deepEqual(
    ofKind(conductor, 'superseded')
      .map((event) => event.key)
      .sort(),
    old.map((entry) => entry.key).sort(),
  )
  t.end()
})

test('conductor: the end', (t) => {
  const jam = jamAt120()
  jam.play(ADA, 'chords', 0)
  const conductor = toldAll(jam.entries)
  conductor.begin(0)
  run(conductor, 0, FRAMES)
  conductor.observe([jam.tag(ADA, 'mood', 1, 2 * BAR), jam.action(ADA, 'end', { at: 2 * BAR })])
  t.deepEqual(sounds(run(conductor, FRAMES, 3 * FRAMES)), [`end ${2 * FRAMES}`])
  t.deepEqual(
    ofKind(conductor, 'ended').map((event) => event.reason),
    ['end'],
  )
  const late = toldAll(jam.entries.slice(0, -1))
  late.begin(0)
  run(late, 0, 3 * FRAMES)
  late.observe(jam.entries)
  t.deepEqual(sounds(run(late, 3 * FRAMES, 4 * FRAMES)), [`end ${3 * FRAMES}`], 'that comes late holds at once')
  t.end()
})

test('conductor: nothing happens before the start entry is here', (t) => {
  const jam = jamAt120()
  jam.play(ADA, 'chords', 0)
  const [start, ...rest] = jam.entries
  const conductor = toldAll(rest)
  conductor.begin(0)
  t.deepEqual(run(conductor, 0, 1280), [])
  conductor.observe(start ? [start] : [])
  t.deepEqual(sounds(run(conductor, 1280, 2560)), ['start chords 1280'], 'and then as when joining late')
  t.end()
})
