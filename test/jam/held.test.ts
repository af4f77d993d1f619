import fc from 'fast-check'
import test from 'tape'
import { name, type EntryKey } from '../../lib/base/index.ts'
import { Changes } from '../../lib/jam/changes.ts'
import { EventLog } from '../../lib/jam/events.ts'
import { HeldTags } from '../../lib/jam/held-tags.ts'
import { Grid, Ledger } from '../../lib/jam/index.ts'
import type { JamItem, TagItem } from '../../lib/jam/items.ts'
import { ADA, BAR, JAM, startedJam } from '../helpers/jams.ts'

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
    return new HeldTags(items, GRID).firstLine(WHEN, { from, to: from + length }) === line
  })
  t.doesNotThrow(() => fc.assert(holds, { numRuns: 2_000 }))
  t.ok(found > 100, `${found} times there is one`)
  t.end()
})

test('in a jam full of tags and of plays that wait for them, each is looked at once by who joins late', (t) => {
  const jam = startedJam({ tempo: 120 })
  const bars = 200
  for (let bar = 0; bar < bars; bar++) {
    jam.tag(ADA, 'context', bar, bar * BAR)
    jam.play(ADA, 'drums', 0, { instance: `drums-${bar}`, when: { name: 'context', value: bar } })
  }
  const ledger = new Ledger(JAM)
  for (const entry of jam.entries) ledger.add(entry)
  let seen = 0
  const counted: Iterable<JamItem> = {
    *[Symbol.iterator]() {
      for (const item of ledger.items()) {
        seen++
        yield item
      }
    },
  }
  const changes = new Changes(ledger, new EventLog(), () => undefined)
  const window = { from: 0, to: 128, first: true, out: [] }
  const late = { ...window, from: ledger.grid.frameOfTick((bars - 1) * BAR) }
  const held = ledger.playsBy(ADA).map((play) => changes.heldBefore(play, counted, late))
  t.deepEqual(
    held.map((tick) => tick !== undefined && tick / BAR),
    Array.from({ length: bars }, (_, bar) => bar < bars - 1 && bar),
    'each at its own line, but the one that comes now',
  )
  t.equal(seen, [...ledger.items()].length, 'whatever the number of plays')
  t.equal(changes.heldBefore(ledger.playsBy(ADA)[0]!, counted, window), undefined, 'another block sees what it sees')
  t.end()
})
