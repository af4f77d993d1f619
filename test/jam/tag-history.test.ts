import fc from 'fast-check'
import test from 'tape'
import { refOf } from '../../lib/base/index.ts'
import { HISTORY, TagBoard } from '../../lib/jam/index.ts'
import type { InstancePath, TagChange, TagView } from '../../lib/jam/index.ts'
import { ADA, BEN } from '../helpers/jams.ts'

const ada = refOf(ADA)
const ben = refOf(BEN)
const ARP = `${ben}/arp/one` as InstancePath
const HUM = `${ben}/hum/one` as InstancePath
const set = (path: string, value: number | string, frame: number): TagChange => ({ path, value, frame })

/** All that a handle remembers, oldest first. */
function remembered(view: TagView, handle: number): [frame: number, value: number][] {
  const points: [number, number][] = []
  for (let back = view.count(handle) - 1; back >= 0; back--)
    points.push([view.frame(handle, back), view.value(handle, back)])
  return points
}

test('tag history: a value at any frame, and the last points', (t) => {
  const board = new TagBoard()
  const view = board.view(ARP)
  const early = view.open('jam/chord')
  t.equal(view.count(early), 0)
  t.ok(Number.isNaN(view.at(early, 0)), 'nothing has been set')
  board.apply([set('jam/chord', 1, 100), set('jam/chord', 2, 200), set('jam/chord', 3, 200)])
  board.apply([set('jam/chord', 'text', 300), set('jam/chord', 5, 400)])
  const late = view.open('jam/chord')
  for (const handle of [early, late]) {
    t.deepEqual(
      remembered(view, handle),
      [
        [100, 1],
        [200, 3],
        [300, NaN],
        [400, 5],
      ],
      'one a frame, the newest of it; a text is no number',
    )
    const at = (frame: number): number => view.at(handle, frame)
    t.deepEqual([99, 100, 199, 200, 299.5, 300, 400, 1e12].map(at), [NaN, 1, 1, 3, 3, NaN, 5, 5])
    t.deepEqual([NaN, -Infinity, Infinity].map(at), [NaN, NaN, 5])
    t.ok(Number.isNaN(view.frame(handle, 4)) && Number.isNaN(view.value(handle, -1)), 'there are four')
  }
  t.ok(Number.isNaN(view.at(7, 100)) && view.count(7) === 0, 'a handle that is not open')
  t.end()
})

test('tag history: no more than 256 points', (t) => {
  const board = new TagBoard()
  const view = board.view(ARP)
  const early = view.open('kick')
  for (let n = 0; n < 1_000; n++) board.apply([set(`${n % 3 === 0 ? ada : ben}/kick`, n, n * 128)])
  const late = view.open('kick')
  const expected = Array.from({ length: HISTORY }, (_, n) => [(744 + n) * 128, 744 + n])
  t.deepEqual(remembered(view, early), expected)
  t.deepEqual(remembered(view, late), expected, 'of several paths together, too')
  t.ok(Number.isNaN(view.at(late, 744 * 128 - 1)), 'what came before is not known')
  t.equal(view.at(late, 744 * 128), 744)
  t.end()
})

test('tag history: opened late a handle has come to what it has come to opened first, in mid-block too', (t) => {
  const paths = [`${ada}/kick`, `${ben}/kick`, `${ada}/drums/one/kick`, `${ada}/drums/two/kick`, `${ben}/bass/one/note`]
  const globs = ['kick', '*/kick', `${ada}/drums/*/kick`, '*/*/one/*', `${ada}/kick`, '*/*/*/kick', 'note']
  const change = fc.record({
    path: fc.constantFrom(...paths),
    at: fc.integer({ min: 0, max: 5 }),
    value: fc.oneof(fc.integer({ min: 0, max: 99 }), fc.constant('text')),
  })
  const blocks = fc.array(fc.array(change, { maxLength: 12 }), { minLength: 1, maxLength: 120 })
  const same = fc.property(blocks, fc.integer({ min: 0, max: 130 }), (changes, opened) => {
    const board = new TagBoard()
    const first = board.view(ARP)
    const last = board.view(HUM)
    const openAll = (view: TagView): void => {
      for (const glob of globs) view.open(glob)
    }
    openAll(first)
    changes.forEach((some, n) => {
      const staged = some.map(({ path, at, value }) => set(path, value, n * 128 + at * 25))
      board.stage(staged.sort((a, b) => a.frame - b.frame))
      for (const view of [first, last]) view.advance(n * 128 + 50)
      if (n === opened) openAll(last)
      board.finish()
    })
    if (opened >= changes.length) openAll(last)
    const all = (view: TagView): string =>
      JSON.stringify(globs.map((_, handle) => [view.point(handle), ...remembered(view, handle)]))
    return all(first) === all(last)
  })
  t.doesNotThrow(() => fc.assert(same, { numRuns: 100, seed: 7 }))
  t.end()
})

test('tag history: of thousands of paths a handle that is opened late has come to the same', (t) => {
  const globs = ['*/*/*/kick', '*/*/*/*', `${ada}/*/*/*`, `${ada}/drums/*/kick`, 'kick', '*/drums/i-7/*']
  const board = new TagBoard()
  const early = board.view(ARP)
  for (const glob of globs) early.open(glob)
  const path = (n: number): string =>
    `${n % 3 === 0 ? ben : ada}/drums/i-${n % 1_500}/${n % 5 === 0 ? 'snare' : 'kick'}`
  const same = (what: string): void => {
    const late = board.view(HUM)
    for (const [handle, glob] of globs.entries()) {
      t.equal(late.open(glob), handle)
      t.deepEqual(remembered(late, handle), remembered(early, handle), `${glob}: ${what}`)
      t.deepEqual(late.point(handle), early.point(handle))
    }
    board.close(HUM)
  }
  for (let n = 0; n < 4_000; n++) board.apply([set(path(n), n, Math.floor(n / 7) * 128)])
  same('several paths set at a frame')
  board.apply(Array.from({ length: 3_000 }, (_, n) => set(path(n), n, 100_000)))
  same('all of them set at one')
  t.end()
})
