import test from 'tape'
import { entryKeyOf } from '../../lib/base/index.ts'
import { Grid, nextBoundary, parseOn, resolveAt } from '../../lib/jam/index.ts'
import type { GridChange } from '../../lib/jam/index.ts'
import { hasCode } from '../../lib/base/index.ts'

const KEY = entryKeyOf(new Uint8Array(32))
const change = (bar: number, fields: Partial<GridChange>, comparable = 1): GridChange => ({
  bar,
  comparable,
  key: KEY,
  ...fields,
})
const at112 = new Grid([change(0, { tempo: 112, meter: '4/4' })])

test('grid: the frame of a tick is the first frame at or after it', (t) => {
  t.equal(at112.frameOfTick(0), 0)
  t.equal(at112.frameOfTick(1), 27, '26.79 frames a tick')
  t.equal(at112.frameOfBar(1), 102_858, '102,857.14')
  t.equal(at112.frameOfBar(7), 720_000, 'exact where the product is whole')
  t.equal(at112.frameOfBeat(0.25), at112.frameOfTick(240))
  t.end()
})

test('grid: a whole tick is reached at its frame', (t) => {
  const grid = new Grid([
    change(0, { tempo: 112, meter: '7/8' }),
    change(3, { tempo: 97.3 }),
    change(5, { tempo: 173.1, meter: '5/4' }),
  ])
  let low = 0
  let high = 0
  for (let tick = 0; tick < 60_000; tick += 7) {
    const frame = grid.frameOfTick(tick)
    if (grid.tickOfFrame(frame) < tick) low++
    if (grid.tickOfFrame(frame - 1) >= tick) high++
  }
  t.equal(low, 0, 'never below')
  t.equal(high, 0, 'and not a frame before')
  t.end()
})

test('grid: tempo and meter hold from their bar', (t) => {
  const grid = new Grid([
    change(0, { tempo: 120, meter: '4/4' }),
    change(4, { meter: '3/4' }),
    change(8, { tempo: 60 }),
  ])
  t.equal(grid.tickOfBar(4), 4 * 3840)
  t.equal(grid.tickOfBar(8), 4 * 3840 + 4 * 2880)
  t.equal(grid.barOfTick(grid.tickOfBar(9.5)), 9.5)
  const beats = 16 + 12
  t.equal(grid.frameOfBar(8), beats * 24_000)
  t.equal(grid.frameOfBar(9), beats * 24_000 + 3 * 48_000)
  t.deepEqual(grid.cuts(0, 10_000_000), [16 * 24_000, beats * 24_000])
  t.deepEqual(grid.cuts(16 * 24_000, 16 * 24_000 + 1), [16 * 24_000])
  t.deepEqual(grid.positionAt(grid.frameOfBar(8)), { beat: beats, bar: 8, beatsPerFrame: 60 / 60 / 48_000 })
  t.equal(grid.positionAt(-24_000).beat, -1, 'before the origin too')
  t.end()
})

test('grid: of two changes for one bar the higher (comparable, key) counts, in any order', (t) => {
  const low = change(2, { tempo: 90 }, 5)
  const high = change(2, { tempo: 140 }, 6)
  const start = change(0, { tempo: 120, meter: '4/4' })
  for (const order of [
    [start, low, high],
    [high, low, start],
  ])
    t.equal(new Grid(order).pointAt(2 * 96_000).tempo, 140)
  const key = entryKeyOf(new Uint8Array(32).fill(255))
  t.equal(new Grid([start, { ...low, key }, change(2, { tempo: 70 }, 5)]).pointAt(192_000).tempo, 90)
  t.end()
})

test('on: boundaries of a unit at or after a frame', (t) => {
  const grid = new Grid([change(0, { tempo: 120, meter: '7/8' })])
  const bar = 7 * 480
  t.equal(nextBoundary(grid, 'bar', 0), 0)
  t.equal(nextBoundary(grid, 'bar', 1), bar)
  t.equal(nextBoundary(grid, 'bar', grid.frameOfTick(bar)), bar)
  t.equal(nextBoundary(grid, '4bars', grid.frameOfTick(bar)), 4 * bar)
  t.equal(nextBoundary(grid, 'beat', 1), 960)
  t.equal(nextBoundary(grid, 'beat', grid.frameOfTick(2881)), bar, 'the bar line ends its last, short beat')
  t.equal(nextBoundary(grid, 'now', 26), 2, '25 frames a tick')
  t.end()
})

test('on: what the author asks for lies far enough ahead', (t) => {
  const grid = new Grid([change(0, { tempo: 120, meter: '4/4' })])
  t.deepEqual(resolveAt(grid, parseOn('bar'), 0, 7680), { at: 3840, on: 'bar' })
  t.deepEqual(resolveAt(grid, parseOn('bar'), 96_000 - 14_400, 7680), { at: 3840, on: 'bar' }, '300 ms is enough')
  t.deepEqual(resolveAt(grid, parseOn('bar'), 96_000 - 14_399, 7680), { at: 7680, on: 'bar' })
  t.deepEqual(resolveAt(grid, parseOn('now'), 1000, 7675), { at: 347, on: 'now' })
  t.deepEqual(resolveAt(grid, parseOn('4bars'), -500_000, 7680), { at: 0, on: '4bars' }, 'before the origin')
  t.deepEqual(resolveAt(grid, parseOn('2'), 0, 7680), { at: 3840, on: 'bar' }, 'bars are shown from 1')
  t.throws(
    () => resolveAt(grid, parseOn('2'), 96_000, 7680),
    (error: unknown) => hasCode(error, 'BAR_PASSED') && error.message.includes('bar 3 or later'),
  )
  for (const bad of ['', '0', 'bars', '0bars', '1000bars', 'Bar', '-1', '1.5'])
    t.throws(
      () => parseOn(bad),
      (error: unknown) => hasCode(error, 'USAGE'),
      JSON.stringify(bad),
    )
  t.end()
})

test('grid: a frame lies in the bar whose line was last', (t) => {
  for (const bar of [0, 1, 2, 7, 100, 12_345]) {
    const line = at112.frameOfBar(bar)
    t.deepEqual([at112.barOfFrame(line), at112.barOfFrame(line - 1)], [bar, bar - 1])
  }
  t.end()
})
