import { createHash } from 'node:crypto'
import test from 'tape'
import { concat, hasCode, hex, jamIdOf, name, rawId, utf8 } from '../../lib/base/index.ts'
import { buildScore, scoreHash } from '../../lib/jam/index.ts'
import type { JamEntry, Score } from '../../lib/jam/index.ts'
import { ADA, BAR, BEN, CY, JAM, JamWriter, archiveNamed, startedJam } from '../helpers/jams.ts'

const whyOf = (score: Score, entry: JamEntry) => score.refused.find((one) => one.key === entry.key)?.code
const counts = (score: Score, entry: JamEntry) => score.entries.some((one) => one.key === entry.key)
const sha256 = (bytes: Uint8Array) => new Uint8Array(createHash('sha256').update(bytes).digest())

test('score: entries that count, in order, and those that do not, with why', (t) => {
  const jam = startedJam()
  const later = jam.play(BEN, 'arp', 4 * BAR)
  const first = jam.play(ADA, 'chords', 0)
  const refused: [JamEntry, string][] = [
    [jam.play(CY, 'kazoo', 0), 'NOT_MEMBER'],
    [jam.tag(CY, 'context', 'drop', 0), 'NOT_MEMBER'],
    [jam.admit(CY, CY), 'NOT_MEMBER'],
    [jam.play(BEN, 'drums', 0, { generator: `${ADA}:drums` }), 'GENERATOR_FOREIGN'],
    [jam.play(BEN, 'flute', 0), 'GENERATOR_UNPUBLISHED'],
    [jam.play(BEN, 'bass', 0, { archive: archiveNamed('other') }), 'GENERATOR_UNPUBLISHED'],
    [jam.play(BEN, 'bass', 0, { instance: 'arp' }), 'INSTANCE_TAKEN'],
    [jam.stop(BEN, 'nothing', 0), 'INSTANCE_UNKNOWN'],
    [jam.stop(ADA, 'arp', 0), 'INSTANCE_UNKNOWN'],
    [jam.action(BEN, 'tempo', { bar: 1, tempo: 60 }), 'STARTER_ONLY'],
    [jam.action(BEN, 'end', { at: 0 }), 'STARTER_ONLY'],
    [jam.action(BEN, 'start', { tempo: 60, meter: '4/4', engine: 0 }), 'STARTER_ONLY'],
    [jam.start({ tempo: 60 }), 'JAM_STARTED'],
    [jam.write(ADA, { type: 'play', jam: JAM, at: -1 }), 'PAYLOAD_INVALID'],
  ]
  const stop = jam.stop(BEN, 'arp', 8 * BAR)
  refused.push([jam.stop(BEN, 'arp', 9 * BAR), 'STOP_LATER'])
  jam.action(ADA, 'end', { at: 16 * BAR })
  refused.push([jam.param(ADA, 'chords', 16 * BAR), 'AFTER_END'])
  refused.push([jam.action(ADA, 'tempo', { bar: 16, tempo: 60 }), 'AFTER_END'])
  const other = jam.write(ADA, { type: 'play', jam: jamIdOf(ADA, name('other')) })
  const score = buildScore(JAM, jam.entries)
  for (const [entry, code] of refused) t.equal(whyOf(score, entry), code, code)
  t.equal(score.refused.length, refused.length, 'and no others')
  t.equal(whyOf(score, other), undefined, 'another jam is none of its business')
  t.deepEqual(
    score.plays.map((play) => play.key),
    [first.key, later.key],
  )
  t.deepEqual(
    score.stops.map((one) => one.key),
    [stop.key],
  )
  t.equal(score.end, score.grid.frameOfBar(16))
  t.equal(score.title, 'First light')
  t.equal(score.origin, 1_000_000)
  t.equal(score.inexact, false)
  t.deepEqual(
    score.archives.map((one) => one.generator),
    ['chords', 'arp'],
  )
  t.end()
})

test('score: a jam that nobody started', (t) => {
  const jam = new JamWriter()
  jam.play(ADA, 'drums', 0)
  t.throws(
    () => buildScore(JAM, jam.entries),
    (error: unknown) => hasCode(error, 'JAM_UNKNOWN'),
  )
  t.end()
})

test('score: where it ends', (t) => {
  const endBar = (write: (jam: JamWriter) => void) => {
    const jam = startedJam()
    write(jam)
    const score = buildScore(JAM, jam.entries)
    return score.grid.barOfTick(score.endTick)
  }
  const chords = (jam: JamWriter, fields = {}) => jam.play(ADA, 'chords', BAR, fields)
  t.equal(
    endBar((jam) => chords(jam)),
    9,
    'eight bars after the last play',
  )
  t.equal(
    endBar((jam) => (chords(jam), jam.param(ADA, 'chords', 2 * BAR + 1))),
    11,
    'or param, from the bar line after it',
  )
  t.equal(
    endBar((jam) => chords(jam, { length: 3 * BAR })),
    4,
    'a length',
  )
  t.equal(
    endBar((jam) => (chords(jam, { length: 30 * BAR }), jam.stop(ADA, 'chords', 5 * BAR))),
    5,
    'a stop',
  )
  t.equal(
    endBar((jam) => {
      chords(jam)
      jam.play(ADA, 'drums', 6 * BAR, { replaces: 'chords', length: BAR })
    }),
    7,
    'what is replaced is stopped',
  )
  t.equal(
    endBar((jam) => chords(jam, { length: BAR, when: { name: 'context', value: 'drop' } })),
    9,
    'the length of one that waits bounds nothing',
  )
  t.equal(
    endBar((jam) => (jam.play(BEN, 'arp', BAR), jam.action(BEN, 'leave', { at: 3 * BAR }))),
    3,
    'leaving stops',
  )
  t.equal(
    endBar((jam) => (chords(jam), jam.action(ADA, 'end', { at: 40 * BAR }))),
    40,
    'the end',
  )
  t.equal(
    endBar(() => undefined),
    0,
    'nothing was played',
  )
  t.end()
})

test('score: over six hours names the entry, and --to cuts it', (t) => {
  const jam = startedJam()
  jam.play(ADA, 'chords', 0)
  const far = jam.play(ADA, 'drums', 20_000 * BAR)
  const score = buildScore(JAM, jam.entries)
  t.equal(score.problems[0]?.code, 'SCORE_TOO_LONG')
  t.equal(score.problems[0]?.entry, far.key)
  const cut = buildScore(JAM, jam.entries, { to: 8 })
  t.deepEqual(cut.problems, [])
  t.equal(cut.end, cut.grid.frameOfBar(8))
  t.notOk(counts(cut, far))
  t.end()
})

test('score: members', (t) => {
  const jam = startedJam()
  jam.admit(BEN, CY)
  jam.generator(CY, 'kazoo')
  jam.play(ADA, 'chords', 2 * BAR)
  const early = jam.play(CY, 'kazoo', 0)
  const gone = jam.tag(CY, 'mood', 'sour', 4 * BAR)
  const back = jam.tag(CY, 'mood', 'sweet', 8 * BAR)
  jam.action(ADA, 'remove', { identity: CY, at: 2 * BAR })
  jam.admit(BEN, CY, { at: 0 })
  let score = buildScore(JAM, jam.entries)
  t.ok(counts(score, early), 'admitted by a member')
  t.equal(whyOf(score, gone), 'NOT_MEMBER', 'removed; an admit by another than the starter does not undo it')
  t.equal(score.members.outFrom(CY, 0), 2 * BAR)
  jam.admit(ADA, CY, { at: 6 * BAR })
  score = buildScore(JAM, jam.entries)
  t.equal(whyOf(score, gone), 'NOT_MEMBER')
  t.ok(counts(score, back), 'the starter admits again')
  const dan = jam.action(CY, 'join')
  jam.action(playerless(), 'join')
  t.deepEqual(
    buildScore(JAM, jam.entries).members.waiting.map((one) => one.player),
    [playerless()],
    'who asks and is not in',
  )
  t.notOk(counts(buildScore(JAM, jam.entries), dan), 'a join is not of the score')
  jam.action(ADA, 'remove', { identity: BEN, at: 0 })
  t.ok(buildScore(JAM, jam.entries).members.everyone.has(CY), 'the admits of one who is removed stand')
  t.end()
})
const playerless = () => CY.replace(/^@./, (it) => (it === '@A' ? '@B' : '@A')) as typeof CY

test('score: the hash is of the keys in score order', (t) => {
  const jam = startedJam()
  const play = jam.play(ADA, 'chords', BAR, { length: BAR })
  const tag = jam.tag(BEN, 'context', 'intro', 0)
  const start = jam.entries[0] as JamEntry
  const score = buildScore(JAM, jam.entries)
  const keys = [start, ...jam.entries.slice(1, 2), tag, play].map((entry) => rawId(entry.key))
  t.equal(hex(scoreHash(score, sha256)), hex(sha256(concat([utf8('marmalade/1 score'), new Uint8Array(1), ...keys]))))
  jam.play(CY, 'kazoo', 0)
  t.equal(
    hex(scoreHash(buildScore(JAM, jam.entries), sha256)),
    hex(scoreHash(score, sha256)),
    'what does not count leaves it',
  )
  jam.param(ADA, 'chords', BAR)
  t.notEqual(hex(scoreHash(buildScore(JAM, jam.entries), sha256)), hex(scoreHash(score, sha256)))
  t.end()
})

test('score: an again counts as its original, once', (t) => {
  const jam = startedJam()
  const play = jam.play(ADA, 'chords', BAR, { length: BAR })
  const before = buildScore(JAM, jam.entries)
  const again = { type: 'again', key: play.key, comparable: play.comparable, payload: play.payload }
  jam.write(ADA, again)
  const both = buildScore(JAM, jam.entries)
  const alone = buildScore(
    JAM,
    jam.entries.filter((entry) => entry !== play),
  )
  for (const score of [both, alone]) t.equal(hex(scoreHash(score, sha256)), hex(scoreHash(before, sha256)))
  t.end()
})

test('score: a process generator makes it inexact', (t) => {
  const jam = startedJam()
  jam.generator(BEN, 'beep', 'process')
  jam.play(BEN, 'beep', 0)
  t.ok(buildScore(JAM, jam.entries).inexact)
  t.end()
})
