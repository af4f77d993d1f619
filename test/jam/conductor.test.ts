import test from 'tape'
import { hasCode, refOf } from '../../lib/base/index.ts'
import { JamConductor, buildScore } from '../../lib/jam/index.ts'
import type { Command, ConductorEvent, TagPoint } from '../../lib/jam/index.ts'
import { ADA, ARCHIVES, BAR, BEN, JAM, archiveNamed, replay, run, startedJam, toldAll } from '../helpers/jams.ts'
import type { JamWriter } from '../helpers/jams.ts'

/** 120 beats a minute: a bar is 96,000 frames, 750 blocks. */
const FRAMES = 96_000
const jamAt120 = (): JamWriter => startedJam({ tempo: 120 })
const kinds = (commands: readonly Command[], ...wanted: Command['kind'][]) =>
  commands.filter((command) => wanted.includes(command.kind))
const brief = (command: Command): string => {
  if (command.kind === 'start') return `start ${command.spec.instance} ${command.frame}`
  if (command.kind === 'stop') return `stop ${command.path.split('/')[2] ?? ''} ${command.frame}`
  if (command.kind === 'param') return `${command.name} ${command.value} over ${command.over} ${command.frame}`
  if (command.kind === 'tag') return `tag ${command.path} ${command.value} ${command.frame}`
  return `end ${command.frame}`
}
const sounds = (commands: readonly Command[]) => kinds(commands, 'start', 'stop', 'param', 'end').map(brief)
const ofKind = <K extends ConductorEvent['kind']>(conductor: JamConductor, kind: K) =>
  conductor.events().filter((event): event is Extract<ConductorEvent, { kind: K }> => event.kind === kind)

test('conductor: a replay starts, changes and ends at the frames of the score', (t) => {
  const jam = jamAt120()
  jam.play(ADA, 'chords', 0, { params: { cutoff: 300 } })
  jam.param(ADA, 'chords', BAR, { value: 900, over: BAR })
  jam.play(BEN, 'arp', BAR, { length: BAR })
  jam.stop(ADA, 'chords', 3 * BAR)
  jam.tag(BEN, 'context', 'drop', 2 * BAR)
  const score = buildScore(JAM, jam.entries)
  const commands = replay(jam.entries, score)
  t.deepEqual(sounds(commands), [
    'start chords 0',
    'start arp 96000',
    'cutoff 900 over 96000 96000',
    'stop arp 192000',
    `end ${3 * FRAMES}`,
  ])
  const start = commands.find((command) => command.kind === 'start')
  t.deepEqual(start?.kind === 'start' && start.spec.params, { cutoff: 300 })
  const tags = kinds(commands, 'tag').map(brief)
  t.ok(tags.includes(`tag ${refOf(BEN)}/context drop 192000`))
  t.ok(tags.includes('tag jam/context drop 192000'))
  t.deepEqual(
    tags.filter((tag) => !/bar|beat|context/.test(tag)),
    [
      'tag jam/title First light 0',
      'tag jam/players 1 0',
      'tag jam/tempo 120 0',
      'tag jam/meter 4/4 0',
      'tag jam/players 2 96000',
    ],
  )
  t.deepEqual(
    tags.filter((tag) => tag.includes('jam/bar')),
    ['tag jam/bar 0 0', 'tag jam/bar 1 96000', 'tag jam/bar 2 192000'],
  )
  t.equal(tags.filter((tag) => tag.includes('jam/beat')).length, 12)
  t.end()
})

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
    events.flatMap((event) => (event.kind === 'due' ? [[event.key, event.bar]] : [])),
    [
      [play.key, 2],
      [four.key, 4],
    ],
    'who hears it from which bar',
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

test('conductor: a stop at or before its play cancels it; replaces stops where the new one starts', (t) => {
  const jam = jamAt120()
  jam.play(ADA, 'drums', BAR)
  jam.stop(ADA, 'drums', BAR)
  jam.play(ADA, 'chords', 0, { instance: 'one' })
  jam.play(ADA, 'chords', 2 * BAR, { instance: 'two', replaces: 'one', length: BAR })
  const commands = replay(jam.entries, buildScore(JAM, jam.entries))
  t.deepEqual(sounds(commands), ['start one 0', 'stop one 192000', 'start two 192000', 'end 288000'])
  t.end()
})

test('conductor: when waits for the bar at which the tag holds', (t) => {
  const jam = jamAt120()
  const when = { name: 'context', value: 'drop' }
  jam.play(ADA, 'drums', 0, { when, length: BAR })
  jam.play(BEN, 'bass', BAR, { when: { name: 'kick', value: 1 } })
  jam.tag(BEN, 'context', 'drop', 2 * BAR + 1)
  const kick: TagPoint = { value: 1, frame: 4 * FRAMES }
  const conductor = new JamConductor({
    jam: JAM,
    readTag: (path, frame) => (path === 'kick' && frame >= kick.frame ? kick : undefined),
  })
  conductor.observe(jam.entries)
  for (const archive of ARCHIVES) conductor.archiveReady(archive)
  conductor.begin(0)
  t.deepEqual(sounds(run(conductor, 0, 5 * FRAMES)), [
    `start drums ${3 * FRAMES}`,
    `stop drums ${4 * FRAMES}`,
    `start bass ${4 * FRAMES}`,
  ])
  const late = toldAll(jam.entries)
  late.begin(3 * FRAMES + 12_800)
  const commands = run(late, 3 * FRAMES + 12_800, 4 * FRAMES)
  t.deepEqual(sounds(commands), [`start drums ${3 * FRAMES + 12_800}`], 'joining after it held, in place')
  const start = commands.find((command) => command.kind === 'start')
  t.equal(start?.kind === 'start' && start.spec.startBeat, 12)
  t.end()
})

test('conductor: who is removed or leaves is silent from there on', (t) => {
  const jam = jamAt120()
  jam.play(BEN, 'arp', 0)
  const conductor = toldAll(jam.entries)
  conductor.begin(0)
  run(conductor, 0, FRAMES)
  conductor.observe([jam.action(ADA, 'remove', { identity: BEN, at: 2 * BAR })])
  t.deepEqual(sounds(run(conductor, FRAMES, 3 * FRAMES)), [`stop arp ${2 * FRAMES}`])
  t.equal(ofKind(conductor, 'ended')[0]?.reason, 'member')
  conductor.observe([jam.play(BEN, 'bass', 4 * BAR)])
  t.deepEqual(sounds(run(conductor, 3 * FRAMES, 5 * FRAMES)), [])
  t.equal(ofKind(conductor, 'refused')[0]?.code, 'NOT_MEMBER')
  conductor.observe([jam.admit(ADA, BEN, { at: 4 * BAR })])
  t.deepEqual(sounds(run(conductor, 5 * FRAMES, 6 * FRAMES + 128)), [`start bass ${5 * FRAMES}`], 'admitted again')
  t.end()
})

test('conductor: what counts, does not and counts again happens once', (t) => {
  const jam = jamAt120()
  jam.play(BEN, 'arp', BAR)
  const tag = jam.tag(BEN, 'mood', 1, BAR)
  const conductor = toldAll(jam.entries)
  conductor.begin(0)
  run(conductor, 0, 1280)
  conductor.observe([jam.action(BEN, 'leave', { at: 1 })])
  run(conductor, 1280, 2560)
  conductor.observe([jam.admit(ADA, BEN, { at: 2 })])
  const commands = run(conductor, 2560, 2 * FRAMES)
  t.deepEqual(sounds(commands), [`start arp ${FRAMES}`])
  t.deepEqual(commands.filter((command) => command.kind === 'tag' && command.path.endsWith('/mood')).map(brief), [
    `tag ${refOf(BEN)}/mood 1 ${FRAMES}`,
  ])
  t.equal(ofKind(conductor, 'applied').filter((event) => event.key === tag.key).length, 1)
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

test('conductor: entries that are withdrawn', (t) => {
  const jam = jamAt120()
  const play = jam.play(ADA, 'chords', 0, { params: { cutoff: 100 } })
  const param = jam.param(ADA, 'chords', BAR, { value: 500 })
  const tag = jam.tag(ADA, 'mood', 2, BAR)
  jam.tag(ADA, 'mood', 1, 0)
  const stop = jam.stop(ADA, 'chords', 3 * BAR)
  const waiting = jam.play(BEN, 'arp', 3 * BAR)
  const conductor = toldAll(jam.entries)
  conductor.begin(0)
  run(conductor, 0, 2 * FRAMES)
  conductor.withdraw([param.key, tag.key, stop.key, waiting.key])
  const after = run(conductor, 2 * FRAMES, 4 * FRAMES)
  t.deepEqual(sounds(after), [`cutoff 100 over 0 ${2 * FRAMES}`])
  t.ok(
    kinds(after, 'tag')
      .map(brief)
      .includes(`tag ${refOf(ADA)}/mood 1 ${2 * FRAMES}`),
  )
  conductor.withdraw([play.key])
  t.deepEqual(sounds(run(conductor, 4 * FRAMES, 5 * FRAMES)), [`stop chords ${4 * FRAMES}`])
  conductor.observe([play])
  t.deepEqual(sounds(run(conductor, 5 * FRAMES, 6 * FRAMES)), [], 'an instance starts once a session')
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

test('conductor: frames out of order are a fault of the caller', (t) => {
  const conductor = toldAll(jamAt120().entries)
  const internal = (error: unknown) => hasCode(error, 'INTERNAL')
  t.throws(() => conductor.commands(0), internal, 'before begin')
  t.throws(() => conductor.begin(100), internal)
  conductor.begin(1280)
  t.throws(() => conductor.begin(1280), internal)
  t.throws(() => conductor.commands(0), internal)
  conductor.commands(1280)
  t.throws(() => conductor.commands(1280), internal)
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
