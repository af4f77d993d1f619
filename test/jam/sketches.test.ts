import test from 'tape'
import { name, refOf, type BlobId, type EntryKey, type Frames } from '../../lib/base/index.ts'
import { Grid, MAX_SKETCHES, Sketches, type Command, type Sketch } from '../../lib/jam/index.ts'
import { archiveNamed, BEN, JAM } from '../helpers/jams.ts'
import { specOf } from '../helpers/mix.ts'

const START = { bar: 0, meter: '4/4', comparable: 0, key: '' as EntryKey } as const
/** 120 BPM: a bar is 96,000 frames. */
const GRID = new Grid([{ ...START, tempo: 120 }])
const SLOW = new Grid([{ ...START, tempo: 60 }])
const BAR: Frames = 96_000

const sketchOf = (archive: string, called = 'try'): Sketch => ({
  name: name(called),
  archive: archiveNamed(archive),
  generator: name('test'),
  params: {},
})
const make = (): Sketches => new Sketches({ jam: JAM, player: BEN })
const brief = (commands: readonly Command[]): string[] =>
  commands.map((command) => `${command.kind} ${command.frame} ${'path' in command ? command.path.slice(-1) : ''}`)
const end = (frame: Frames): Command => ({ kind: 'end', frame })
const ids = (...names: readonly string[]): BlobId[] => names.map(archiveNamed)

test('of versions that come within one bar the newest starts, and the others are let go', (t) => {
  const sketches = make()
  for (const which of ['a', 'b', 'c']) sketches.play(sketchOf(which), GRID, 1_280)
  t.deepEqual(sketches.released(), ids('a', 'b'))
  t.deepEqual(sketches.commands(1_280, GRID, []), [])
  const [start, ...others] = sketches.commands(BAR, GRID, [])
  t.equal(start?.kind === 'start' && start.spec.archive, archiveNamed('c'))
  t.deepEqual(others, [], 'nobody is replaced')
  t.deepEqual(sketches.released(), [], 'it sounds')
  t.end()
})

test('one that waits for a bar line follows it where the tempo changes', (t) => {
  const sketches = make()
  sketches.play(sketchOf('a'), GRID, BAR + 128)
  t.deepEqual(sketches.commands(2 * BAR - 128, GRID, []), [])
  t.deepEqual(
    sketches.commands(2 * BAR, SLOW, []).map(({ frame }) => frame),
    [2 * BAR],
    'which is a line there too',
  )
  const later = make()
  later.play(sketchOf('a'), GRID, 2 * BAR + 128)
  t.deepEqual(later.commands(3 * BAR, SLOW, []), [], 'which is in the middle of a bar there')
  t.deepEqual(
    later.commands(4 * BAR, SLOW, []).map(({ frame }) => frame),
    [4 * BAR],
  )
  t.end()
})

test('the first version says from which beat on those after it count', (t) => {
  const sketches = make()
  const beats: number[] = []
  for (const bar of [1, 2, 5]) {
    sketches.play(sketchOf('a'), GRID, bar * BAR)
    for (const command of sketches.commands(bar * BAR, GRID, []))
      if (command.kind === 'start') beats.push(command.spec.startBeat)
  }
  t.deepEqual(beats, [4, 4, 4])
  t.end()
})

test('names are bounded, and free again once they have ended', (t) => {
  const sketches = make()
  for (let n = 0; n <= MAX_SKETCHES; n++) sketches.play(sketchOf(`a${n}`, `try-${n}`), GRID, 0)
  t.equal(sketches.commands(0, GRID, []).length, MAX_SKETCHES)
  t.deepEqual(sketches.released(), ids(`a${MAX_SKETCHES}`), 'one more is nothing')
  sketches.stop(name('try-0'))
  t.deepEqual(brief(sketches.commands(128, GRID, [])), ['stop 128 1'])
  sketches.play(sketchOf('b', 'another'), GRID, BAR)
  t.equal(sketches.commands(BAR, GRID, []).length, 1)
  t.end()
})

test('what waits for a bar line does not start where that name ends there', (t) => {
  const published = (frame: Frames): Command => ({
    kind: 'start',
    frame,
    spec: specOf(archiveNamed('b'), 'bass', { player: refOf(BEN) }),
  })
  const sketches = make()
  sketches.play(sketchOf('a'), GRID, 0)
  sketches.commands(0, GRID, [])
  sketches.play(sketchOf('b'), GRID, 128)
  sketches.stop(name('try'), archiveNamed('b'))
  t.deepEqual(brief(sketches.commands(BAR, GRID, [published(BAR)])), [`stop ${BAR} 1`], 'it was published meanwhile')
  t.deepEqual(sketches.commands(BAR + 128, GRID, []), [])
  t.deepEqual(sketches.released(), ids('b'))
  const stopped = make()
  stopped.play(sketchOf('a'), GRID, BAR)
  stopped.stop(name('try'))
  t.deepEqual(stopped.commands(BAR, GRID, []), [], 'stopped before it began')
  t.end()
})

test('after the end of the jam nothing starts, and nothing is kept once it is silent', (t) => {
  const sketches = make()
  sketches.play(sketchOf('a'), GRID, 0)
  const [start] = sketches.commands(0, GRID, [])
  sketches.play(sketchOf('b'), GRID, 128)
  t.deepEqual(sketches.commands(128, GRID, [end(128)]), [], 'the end stops all')
  t.deepEqual(sketches.released(), ids('b'))
  sketches.play(sketchOf('c'), GRID, 256)
  t.deepEqual(sketches.commands(BAR, GRID, []), [])
  t.deepEqual(sketches.released(), ids('c'))
  if (start?.kind === 'start') sketches.passed([{ kind: 'ended', path: start.spec.path }])
  t.deepEqual(sketches.released(), ids('a'))
  t.end()
})
