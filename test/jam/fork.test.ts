import test from 'tape'
import { hasCode, jamIdOf, name } from '../../lib/base/index.ts'
import type { JamId, PlayerId } from '../../lib/base/index.ts'
import { buildScore, forkPoint, itemsOf, JamConductor, Ledger, pathOf, startsFirst } from '../../lib/jam/index.ts'
import type { Command, ForkedFrom, JamEntry } from '../../lib/jam/index.ts'
import { brief, FRAMES, jamAt120, ofKind, sounds } from '../helpers/conducting.ts'
import { ADA, ARCHIVES, BAR, BEN, CY, JAM, JamWriter, playerNamed, run } from '../helpers/jams.ts'

const FORK: JamId = jamIdOf(CY, name('again'))
const LATER = 9_000_000

function ledgerOf(jam: JamId, entries: readonly JamEntry[]): Ledger {
  const ledger = new Ledger(jam)
  for (const entry of startsFirst(entries)) ledger.add(entry)
  return ledger
}

/** Cy begins a jam as another stood at a bar, from 0. */
function forked(entries: readonly JamEntry[], bar: number, { jam = JAM, into = FORK, by = CY } = {}): JamWriter {
  const { from, tempo, meter } = forkPoint(ledgerOf(jam, entries), bar, by)
  const fork = new JamWriter(into, LATER)
  fork.entries.push(...entries)
  fork.action(by, 'start', { tempo, meter, engine: 0, from })
  return fork
}

const field = (entry: JamEntry | undefined, name: string): unknown =>
  (entry?.payload as Record<string, unknown> | undefined)?.[name]
const namedIn = (fork: JamWriter): readonly string[] =>
  (field(fork.entries.at(-1), 'from') as ForkedFrom).carries.flatMap(({ entries }) => entries.map(({ key }) => key))

/** What a conductor that is told everything commands of the first bars. */
function heard(jam: JamId, entries: readonly JamEntry[], { from = 0, bars = 4 } = {}): Command[] {
  const conductor = new JamConductor({ jam, readTag: () => undefined })
  conductor.observe(entries)
  for (const archive of ARCHIVES) conductor.archiveReady(archive)
  conductor.begin(from)
  return run(conductor, from, from + bars * FRAMES)
}

/** A jam in which at bar 8 some things have ended, some go on, and some are yet to come. */
function evening(): { jam: JamWriter; on: JamEntry[]; over: JamEntry[] } {
  const jam = jamAt120()
  const on: JamEntry[] = []
  const over: JamEntry[] = []
  on.push(jam.play(ADA, 'drums', 0, { params: { gain: -3 } }))
  over.push(jam.play(ADA, 'chords', 0))
  over.push(jam.stop(ADA, 'chords', 6 * BAR))
  over.push(jam.play(BEN, 'bass', 0))
  on.push(jam.play(BEN, 'arp', 4 * BAR, { replaces: 'bass', length: 8 * BAR }))
  over.push(jam.play(BEN, 'bass', 0, { instance: 'short', length: 2 * BAR }))
  over.push(jam.param(ADA, 'drums', 2 * BAR, { value: 1 }))
  on.push(jam.param(ADA, 'drums', 4 * BAR, { value: 100 }))
  on.push(jam.param(ADA, 'drums', 6 * BAR, { value: 500, over: 4 * BAR }))
  over.push(jam.tag(BEN, 'context', 'verse', 0))
  on.push(jam.tag(ADA, 'context', 'drop', 2 * BAR))
  on.push(jam.tag(BEN, 'context', 'break', 4 * BAR))
  on.push(jam.play(ADA, 'chords', 8 * BAR, { instance: 'on-the-line' }))
  over.push(jam.stop(BEN, 'arp', 9 * BAR))
  over.push(jam.play(ADA, 'chords', 9 * BAR, { instance: 'later' }))
  return { jam, on, over }
}

test('fork: its start names what sounds at the bar line, and nothing else', (t) => {
  const { jam, on } = evening()
  jam.action(ADA, 'tempo', { bar: 3, tempo: 90 })
  jam.action(ADA, 'meter', { bar: 12, meter: '7/8' })
  const fork = forked(jam.entries, 8)
  t.deepEqual(new Set(namedIn(fork)), new Set(on.map(({ key }) => key)))
  t.equal(field(fork.entries.at(-1), 'tempo'), 90, 'the tempo of the bar')
  t.equal(field(fork.entries.at(-1), 'meter'), '4/4', 'not a meter of later')
  const score = buildScore(FORK, fork.entries)
  t.deepEqual(score.problems, [])
  t.deepEqual({ jam: score.from?.jam, bar: score.from?.bar }, { jam: JAM, bar: 8 })
  t.deepEqual([...score.players].sort(), [CY, ADA, BEN].sort(), 'whose feeds it is made of')
  t.deepEqual([...score.members.everyone], [CY], 'they are no members for that')
  t.equal(score.entries.length, on.length + 1)
  const drums = score.plays.find(({ payload: { instance } }) => instance === 'drums')
  t.equal(drums?.identity, ADA, 'the words of its player')
  t.equal(drums?.key, on[0]?.key)
  t.equal(drums?.payload.at, -8 * BAR, 'as far before the origin as it stood before the bar')
  t.end()
})

test('fork: it begins as the jam sounds to somebody who joins there', (t) => {
  const { jam } = evening()
  const fork = forked(jam.entries, 8)
  const late = heard(JAM, jam.entries, { from: 8 * FRAMES, bars: 1 })
  const begun = heard(FORK, fork.entries, { bars: 1 })
  const shifted = late.map((command) => ({ ...command, frame: command.frame - 8 * FRAMES }))
  const same = (commands: readonly Command[]): string[] => sounds(commands).sort()
  t.deepEqual(same(begun), same(shifted))
  const specs = (commands: readonly Command[], shift: number): unknown[] =>
    commands.flatMap((command) =>
      command.kind === 'start' ? [[command.spec.path, command.spec.params, command.spec.startBeat - shift]] : [],
    )
  t.deepEqual(specs(begun, 0).sort(), specs(late, 32).sort(), 'with their parameters, and their beats')
  t.ok(begun.map(brief).includes('tag jam/context break 0'), 'the section that it was in')
  t.notOk(begun.some((command) => command.kind === 'tag' && command.value === 'verse'))
  t.end()
})

test('fork: a length goes on where it was, and the jam it came from is not heard again', (t) => {
  const { jam } = evening()
  const fork = forked(jam.entries, 8)
  const all = sounds(heard(FORK, fork.entries, { bars: 8 }))
  t.ok(all.includes(`stop arp ${4 * FRAMES}`), 'eight bars from its own start on')
  t.notOk(
    all.some((text) => text.includes('later')),
    'what came after the bar does not',
  )
  t.end()
})

test('fork: its starter stops, changes and replaces what it carries on, by its own names for it', (t) => {
  const jam = jamAt120()
  jam.generator(BEN, 'drums')
  jam.play(ADA, 'drums', 0)
  jam.play(BEN, 'drums', 0)
  jam.play(BEN, 'arp', 0)
  const fork = forked(jam.entries, 2)
  fork.generator(CY, 'bass')
  fork.param(CY, 'drums', BAR, { value: 700 })
  fork.stop(CY, 'drums-2', BAR)
  fork.play(CY, 'bass', BAR, { replaces: 'arp' })
  const refused = fork.play(CY, 'bass', BAR, { instance: 'drums-2' })
  const foreign = fork.stop(BEN, 'arp', BAR)
  const score = buildScore(FORK, fork.entries)
  const why = (entry: JamEntry): string | undefined => score.refused.find(({ key }) => key === entry.key)?.code
  t.equal(why(refused), 'INSTANCE_TAKEN', 'a name of something else')
  t.equal(why(foreign), 'NOT_MEMBER', 'whoever plays in it, is in it only when admitted')
  t.equal(score.refused.length, 2)
  const commands = heard(FORK, fork.entries, { bars: 2 })
  const later = commands.filter(({ frame, kind }) => frame === FRAMES && kind !== 'tag')
  const paths = score.plays.map((play) => pathOf(play))
  const [stopped, replaced] = later.flatMap((command) => (command.kind === 'stop' ? [command.path] : []))
  const set = later.flatMap((command) => (command.kind === 'param' ? [command.path] : []))
  const [first, second] = paths.filter((path) => path.endsWith('/drums/drums'))
  t.notEqual(set[0], stopped, 'one of the two')
  t.deepEqual(new Set([set[0], stopped]), new Set([first, second]), 'and the other')
  t.ok(replaced?.endsWith('/arp/arp'))
  t.end()
})

test('fork: who plays in what is carried on can be admitted and stop its own', (t) => {
  const jam = jamAt120()
  jam.play(BEN, 'arp', 0)
  const fork = forked(jam.entries, 2)
  fork.admit(CY, BEN)
  const again = fork.play(BEN, 'arp', BAR)
  fork.stop(BEN, 'arp', BAR)
  const score = buildScore(FORK, fork.entries)
  t.equal(score.refused.find(({ key }) => key === again.key)?.code, 'INSTANCE_TAKEN', 'its id is in use')
  t.ok(sounds(heard(FORK, fork.entries, { bars: 2 })).includes(`stop arp ${FRAMES}`))
  t.end()
})

test('fork: what waits for a tag goes on waiting, or has begun, as for whoever joins there', (t) => {
  const jam = jamAt120()
  jam.tag(ADA, 'context', 'drop', 2 * BAR)
  jam.tag(ADA, 'context', 'break', 3 * BAR)
  jam.play(BEN, 'arp', 0, { when: { name: 'context', value: 'drop' } })
  jam.play(BEN, 'bass', 3 * BAR, { when: { name: 'context', value: 'drop' } })
  const fork = forked(jam.entries, 4)
  fork.tag(CY, 'context', 'drop', BAR)
  const starts = heard(FORK, fork.entries, { bars: 2 }).flatMap((command) =>
    command.kind === 'start' ? [[command.spec.instance, command.frame, command.spec.startBeat]] : [],
  )
  t.deepEqual(starts, [
    ['arp', 0, -8],
    ['bass', FRAMES, 4],
  ])
  t.end()
})

test('fork: a fork of a fork carries on what both carry, under names of its own', (t) => {
  const jam = jamAt120()
  jam.play(BEN, 'arp', 0)
  jam.play(ADA, 'drums', BAR)
  const fork = forked(jam.entries, 2)
  fork.param(CY, 'arp', BAR, { value: 300 })
  fork.generator(CY, 'bass')
  fork.play(CY, 'bass', BAR)
  const dee = playerNamed('dee')
  const second = jamIdOf(dee, name('third'))
  const twice = forked(fork.entries, 3, { jam: FORK, into: second, by: dee })
  const score = buildScore(second, twice.entries)
  t.deepEqual(score.problems, [])
  t.deepEqual(
    score.plays.map(({ identity, payload }) => [identity, payload.instance, payload.at]),
    [
      [BEN, 'arp', -5 * BAR],
      [ADA, 'drums', -4 * BAR],
      [CY, 'bass', -2 * BAR],
    ],
  )
  const arp = heard(second, twice.entries, { bars: 1 }).find(
    (command) => command.kind === 'start' && command.spec.instance === 'arp',
  )
  t.deepEqual(arp?.kind === 'start' && arp.spec.params, { cutoff: 300 }, 'what the starter of the first had set')
  t.end()
})

test('fork: without what it begins with it is no score, and whatever comes later is heard then', (t) => {
  const jam = jamAt120()
  const arp = jam.play(BEN, 'arp', 0)
  const fork = forked(jam.entries, 2)
  const without = (lost: PlayerId): JamEntry[] => fork.entries.filter(({ identity }) => identity !== lost)
  const [problem] = buildScore(FORK, without(BEN)).problems
  t.equal(problem?.code, 'FORK_INCOMPLETE')
  t.equal(problem?.entry, arp.key, 'and it says which')
  const unpublished = fork.entries.filter(({ payload }) => (payload as { name?: string }).name !== 'arp')
  t.equal(buildScore(FORK, unpublished).problems[0]?.code, 'FORK_INCOMPLETE', 'what its player never published')

  const conductor = new JamConductor({ jam: FORK, readTag: () => undefined })
  conductor.observe(without(BEN))
  for (const archive of ARCHIVES) conductor.archiveReady(archive)
  conductor.begin(0)
  t.deepEqual(sounds(run(conductor, 0, 1280)), [])
  conductor.observe(fork.entries)
  t.deepEqual(sounds(run(conductor, 1280, 2 * FRAMES)), [`start arp ${FRAMES}`], 'at the next bar')
  t.equal(ofKind(conductor, 'started')[0]?.key, arp.key)
  conductor.withdraw([arp.key])
  t.equal(sounds(run(conductor, 2 * FRAMES, 2 * FRAMES + 1280)).length, 1, 'what its player takes back stops')
  t.end()
})

test('fork: what its starter did to what it carries on holds for what comes later', (t) => {
  const jam = jamAt120()
  jam.play(BEN, 'arp', 0)
  jam.play(BEN, 'bass', 0)
  jam.play(BEN, 'bass', 0, { instance: 'low' })
  const fork = forked(jam.entries, 2)
  fork.generator(CY, 'drums')
  const conductor = new JamConductor({ jam: FORK, readTag: () => undefined })
  for (const archive of ARCHIVES) conductor.archiveReady(archive)
  conductor.begin(0)
  fork.stop(CY, 'arp', BAR)
  fork.play(CY, 'drums', BAR, { replaces: 'bass' })
  fork.param(CY, 'low', BAR, { value: 900 })
  conductor.observe(fork.entries.filter(({ identity }) => identity !== BEN))
  t.deepEqual(sounds(run(conductor, 0, 2 * FRAMES)), [`start drums ${FRAMES}`])
  conductor.observe(fork.entries)
  const late = run(conductor, 2 * FRAMES, 5 * FRAMES)
  t.deepEqual(sounds(late), [`start low ${2 * FRAMES}`], 'neither what was stopped nor what was replaced')
  const started = late.find((command) => command.kind === 'start')
  t.deepEqual(started?.kind === 'start' && [started.spec.instance, started.spec.params], ['low', { cutoff: 900 }])
  t.end()
})

test('fork: the order in which entries come does not change the score, and what is published again counts alike', (t) => {
  const { jam } = evening()
  const fork = forked(jam.entries, 8)
  const score = buildScore(FORK, fork.entries)
  t.deepEqual(buildScore(FORK, fork.entries.toReversed()).entries, score.entries)
  const again = fork.entries.map((entry): JamEntry => {
    if (entry.identity !== BEN) return entry
    const { identity, key, comparable, payload } = entry
    const carrier = new JamWriter(FORK, LATER + comparable)
    return carrier.write(identity, { type: 'again', key, comparable, payload })
  })
  t.deepEqual(
    buildScore(FORK, again).entries.map(({ key }) => key),
    score.entries.map(({ key }) => key),
  )
  const known = itemsOf(FORK, fork.entries).filter(({ kind }) => kind === 'play')
  t.equal(known.length, score.plays.length, 'credits and takes read the same')
  t.end()
})

test('fork: not from where a jam is over, nor from where too much plays', (t) => {
  const jam = jamAt120()
  for (let at = 0; at < 200; at++) jam.play(ADA, 'drums', 0, { instance: `drums-${at}` })
  const refusal = (bar: number): unknown => {
    try {
      return forked(jam.entries, bar)
    } catch (error) {
      return error
    }
  }
  t.ok(hasCode(refusal(1), 'FORK_TOO_LARGE'))
  jam.action(ADA, 'end', { at: 4 * BAR })
  t.ok(hasCode(refusal(4), 'BAR_PASSED'))
  t.end()
})

test('fork: what waits for a tag since as long ago as a start can say is found at once', (t) => {
  const jam = jamAt120()
  const tag = jam.tag(ADA, 'context', 'drop', 0)
  const waits = jam.play(ADA, 'drums', 0, { when: { name: 'context', value: 'drop' } })
  const fork = new JamWriter(FORK, LATER)
  fork.entries.push(...jam.entries)
  const carries = [{ jam: JAM, at: 2 ** 40, identity: ADA, entries: [{ key: tag.key }, { key: waits.key }] }]
  fork.action(CY, 'start', { tempo: 120, meter: '1/32', engine: 0, from: { jam: JAM, bar: 0, carries } })
  t.deepEqual(sounds(heard(FORK, fork.entries, { bars: 1 })), ['start drums 0'], 'nine thousand million bars ago')
  t.end()
})
