import test from 'tape'
import type { Name } from '../../lib/base/index.ts'
import { ADA, archiveNamed, BAR, BEN, JAM, run, startedJam, type JamWriter } from '../helpers/jams.ts'
import { JamConductor } from '../../lib/jam/index.ts'
import { Track } from '../../lib/jam/track.ts'
import { RANK, Wakes } from '../../lib/jam/wakes.ts'

/** A bar in frames, at 120 BPM. */
const FRAMES = 96_000
const every = (): boolean => true

/** A conductor that stands before frame 0, with all archives but one. */
function conductorOf(jam: JamWriter, without?: string): JamConductor {
  const conductor = new JamConductor({ jam: JAM, readTag: () => undefined })
  for (const name of ['drums', 'chords', 'arp', 'bass'])
    if (name !== without) conductor.archiveReady(archiveNamed(name))
  conductor.observe(jam.entries)
  conductor.begin(0)
  run(conductor, 0, 128)
  return conductor
}

const seen = (conductor: JamConductor, to: number): unknown[] =>
  conductor.expected(to, every).map(({ frame, spec }) => [spec.generator, frame])

test('what is expected: what starts before a frame as things stand, by frame, then in score order', (t) => {
  const jam = startedJam({ tempo: 120 })
  jam.play(BEN, 'bass', 2 * BAR)
  jam.play(ADA, 'drums', BAR)
  jam.play(ADA, 'chords', BAR, { params: { gain: -6 } })
  const conductor = conductorOf(jam)
  t.deepEqual(seen(conductor, FRAMES), [], 'nothing that starts there or later')
  t.deepEqual(seen(conductor, FRAMES + 1), [
    ['drums', FRAMES],
    ['chords', FRAMES],
  ])
  t.equal(seen(conductor, 3 * FRAMES).length, 3)
  const [chords] = conductor.expected(FRAMES + 1, (archive) => archive === archiveNamed('chords'))
  const commands = run(conductor, 128, FRAMES + 128).filter(({ kind }) => kind === 'start')
  t.deepEqual(chords, commands[1], 'the very command that comes then')
  t.deepEqual(seen(conductor, 3 * FRAMES), [['bass', 2 * FRAMES]], 'what has started is expected no more')
  t.end()
})

test('what is not expected: without its archive, waiting for a tag, stopped before, after the end', (t) => {
  const jam = startedJam({ tempo: 120 })
  jam.play(ADA, 'drums', BAR)
  jam.play(ADA, 'chords', BAR, { when: { name: 'section', value: 'drop' } })
  jam.play(BEN, 'bass', BAR)
  jam.stop(BEN, 'bass', BAR / 2)
  jam.play(BEN, 'arp', 3 * BAR)
  jam.action(ADA, 'end', { at: 2 * BAR })
  t.deepEqual(seen(conductorOf(jam, 'drums'), 4 * FRAMES), [])
  const conductor = conductorOf(jam)
  t.deepEqual(seen(conductor, 4 * FRAMES), [['drums', FRAMES]])
  conductor.archiveForbidden(archiveNamed('drums'))
  t.deepEqual(seen(conductor, 4 * FRAMES), [], 'nor what may run no more')
  t.end()
})

test('what is expected follows what comes: a tempo, a stop, a parameter, an entry that goes', (t) => {
  const jam = startedJam({ tempo: 120 })
  const play = jam.play(ADA, 'drums', 2 * BAR)
  const conductor = conductorOf(jam)
  conductor.observe([jam.action(ADA, 'tempo', { bar: 1, tempo: 60 })])
  conductor.observe([jam.param(ADA, 'drums', BAR / 2, { name: 'cutoff', value: 800 })])
  run(conductor, 128, FRAMES / 2 + 128)
  const [drums] = conductor.expected(4 * FRAMES, every)
  t.equal(drums?.frame, 3 * FRAMES)
  t.equal(drums?.spec.params['cutoff'], 800)
  conductor.withdraw([play.key])
  run(conductor, FRAMES / 2 + 128, FRAMES / 2 + 256)
  t.deepEqual(seen(conductor, 4 * FRAMES), [])
  t.end()
})

test('of however much is to happen, the 256 starts that come next alone are looked at', (t) => {
  const jam = startedJam({ tempo: 120 })
  for (let i = 999; i >= 0; i--) jam.play(BEN, 'bass', BAR + i, { instance: `b${i}` })
  const conductor = conductorOf(jam)
  let asked = 0
  const expected = conductor.expected(3 * FRAMES, () => ++asked > 0)
  t.equal(asked, 256)
  t.deepEqual(
    expected.map(({ spec }) => spec.path.split('/')[2]),
    Array.from({ length: 256 }, (_, i) => `b${i}`),
  )
  const wakes = new Wakes()
  const position = { comparable: 0, key: jam.entries[0]!.key }
  const track = new Track(ADA, 'drums' as Name)
  for (let tick = 0; tick < 10_000; tick++) wakes.push({ tick, rank: RANK.players, position })
  for (const tick of [9_999, 5_000]) wakes.push({ tick, rank: RANK.start, position, track })
  let looks = 0
  const { grid } = conductor
  const frameOfTick = (tick: number): number => {
    looks++
    return grid.frameOfTick(tick)
  }
  const counting = Object.assign(Object.create(grid) as typeof grid, { frameOfTick })
  t.deepEqual(
    [...wakes.starts(counting, Infinity, Infinity)].map(({ tick }) => tick),
    [5_000, 9_999],
  )
  t.equal(looks, 2, 'and nothing that is no start')
  const order = wakes.due(grid, 0, Infinity, Infinity).map(({ wake }) => wake.tick)
  t.deepEqual(
    order,
    [...Array.from({ length: 10_000 }, (_, tick) => tick), 5_000, 9_999].sort((a, b) => a - b),
  )
  t.end()
})
