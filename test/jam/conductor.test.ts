import test from 'tape'
import { hasCode, refOf } from '../../lib/base/index.ts'
import { buildScore, JamConductor, type TagPoint } from '../../lib/jam/index.ts'
import { brief, FRAMES, jamAt120, kinds, ofKind, sounds } from '../helpers/conducting.ts'
import { ADA, ARCHIVES, BAR, BEN, JAM, replay, run, toldAll } from '../helpers/jams.ts'

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
