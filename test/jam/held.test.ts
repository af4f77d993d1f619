import fc from 'fast-check'
import test from 'tape'
import { name, type EntryKey } from '../../lib/base/index.ts'
import { heldByEntries } from '../../lib/jam/entry-tags.ts'
import { Grid } from '../../lib/jam/index.ts'
import type { TagItem } from '../../lib/jam/items.ts'
import { ADA, JAM } from '../helpers/jams.ts'

const KEY = '' as EntryKey
const WHEN = { name: name('context'), value: 1 }
const GRID = new Grid([
  { bar: 0, tempo: 120, meter: '3/4', comparable: 0, key: KEY },
  { bar: 4, tempo: 90, meter: '7/8', comparable: 1, key: KEY },
])

const tagAt = (at: number, value: number, comparable: number): TagItem =>
  ({
    kind: 'tag',
    identity: ADA,
    key: `%${comparable}` as EntryKey,
    comparable,
    payload: { type: 'tag', jam: JAM, name: 'context', value, at, on: 'now' },
  }) as unknown as TagItem

/** The same, line by line. */
function lineByLine(tags: readonly TagItem[], from: number, to: number): number | undefined {
  const sorted = [...tags].sort((a, b) => a.payload.at - b.payload.at || a.comparable - b.comparable)
  for (let bar = Math.ceil(GRID.barOfTick(from)); bar < Math.ceil(GRID.barOfTick(to)); bar++) {
    const tick = GRID.tickOfBar(bar)
    if (sorted.findLast(({ payload }) => payload.at <= tick)?.payload.value === WHEN.value) return tick
  }
  return undefined
}

test('the first bar line at which a tag held is the one that looking at every line finds', (t) => {
  const value = fc.integer({ min: 0, max: 2 })
  const tags = fc.array(fc.tuple(fc.integer({ min: -5, max: 25 }), value), { maxLength: 6 })
  const half = (min: number, max: number) => fc.integer({ min, max }).map((halves) => halves * 480)
  let found = 0
  const holds = fc.property(tags, half(-20, 20), half(0, 40), (set, from, length) => {
    const items = set.map(([beat, what], order) => tagAt(beat * 960, what, order))
    const line = lineByLine(items, from, from + length)
    if (line !== undefined) found++
    return heldByEntries(items, WHEN, GRID, { from, to: from + length }) === line
  })
  t.doesNotThrow(() => fc.assert(holds, { numRuns: 2_000 }))
  t.ok(found > 100, `${found} times there is one`)
  t.end()
})
