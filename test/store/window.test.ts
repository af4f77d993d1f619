import test from 'tape'
import type { Payload } from '../../lib/entry/index.ts'
import { compareHeads } from '../../lib/entry/index.ts'
import { standsFor } from '../../lib/feed/index.ts'
import { ROW_SPAN } from '../../lib/store/rows.ts'
import { MAX_WAITING, Window } from '../../lib/store/window.ts'
import type { Listed, Order } from '../../lib/store/window.ts'
import { HandClock, chain, collect, headOfChain, identityNamed, keysOf, note, rawOf } from '../helpers/chains.ts'
import { temporaryStore } from '../helpers/stores.ts'
import { Random } from '../sim/random.ts'

const [ada, ben] = [identityNamed('ada'), identityNamed('ben')]
const ORDERS: readonly Order[] = ['oldest first', 'newest first']
const T0 = 1_700_000_000_000_000

interface Row {
  readonly highest: number
  readonly items: readonly Listed[]
}
/** Rows of a few items each, all over the time that a row may span. */
function drawnRows(random: Random, count: number): Row[] {
  const rows = Array.from({ length: count }, (_, last): Row => {
    const highest = T0 + random.below(ROW_SPAN / 8)
    const size = 1 + random.below(40)
    const counts = [highest, ...Array.from({ length: size }, () => highest - random.below(ROW_SPAN))]
    const spot = { feed: random.below(3), branch: 0, last }
    return { highest, items: counts.map((each, at) => ({ counts: each, comparable: last * 64 + at, spot })) }
  })
  return rows.sort((a, b) => a.highest - b.highest)
}

/** What windows make of rows, in as many passes as it takes. */
function windowed(rows: readonly Row[], order: Order): { items: Listed[]; passes: number } {
  const items: Listed[] = []
  for (let passes = 1, after: Listed | undefined; ; passes++) {
    const window = new Window(order, after)
    const { lowest = -Infinity, highest = Infinity } = window.rows
    const wanted = rows.filter((row) => row.highest >= lowest && row.highest <= highest)
    for (const row of order === 'oldest first' ? wanted : wanted.toReversed()) {
      items.push(...window.take(row.items, row.highest))
      if (window.over) break
    }
    items.push(...window.rest())
    if (!window.last) return { items, passes }
    after = window.last
  }
}

test('window: rows that overlap come out in order, each item once, in as many passes as it takes', (t) => {
  for (const [seed, count] of [
    [1, 40],
    [2, 1_200],
  ] as const) {
    const rows = drawnRows(new Random(seed), count)
    const sorted = rows
      .flatMap(({ items }) => items)
      .sort((a, b) => a.counts - b.counts || a.spot.feed - b.spot.feed || a.comparable - b.comparable)
    for (const order of ORDERS) {
      const { items, passes } = windowed(rows, order)
      const wanted = order === 'oldest first' ? sorted : sorted.toReversed()
      t.ok(items.length === wanted.length && items.every((item, i) => item === wanted[i]), `${items.length} ${order}`)
      t.equal(passes > 1, count > 1_000, `${passes} passes`)
    }
  }
  t.end()
})

test('window: no more wait than may, however many are listed within the span of a row', (t) => {
  for (const order of ORDERS) {
    const window = new Window(order)
    const taken: Listed[] = []
    for (let at = 0; at < 5 * MAX_WAITING; at += 64) {
      const spot = { feed: 0, branch: 0, last: at }
      const items = Array.from({ length: 64 }, (_, i) => ({ counts: T0 - i, comparable: T0 + at + i, spot }))
      taken.push(...window.take(items, T0))
    }
    t.deepEqual([taken.length, window.rest().length], [0, MAX_WAITING], order)
  }
  t.end()
})

test('window: a store lists thousands of entries that were published again in any order', async (t) => {
  const count = 2 * MAX_WAITING + 1_000
  const store = await temporaryStore(ada, new HandClock())
  const [{ key } = { key: '%' }] = chain(ada, 1, null)
  // Each of another original, none of which is here; their times are those of a permutation.
  const payload = (at: number): Payload => ({
    type: 'again',
    key: `${key.slice(0, 1)}${String(at).padStart(6, '0')}${key.slice(7)}`,
    comparable: T0 + ((at * 7_919) % count) * 1_000,
    payload: note(`${at}`),
  })
  const entries = chain(ben, count, null, { from: T0 + 1e11, payload })
  for (let at = 0; at < count; at += 2_000)
    await store.ingest(ben.id, rawOf(entries.slice(at, at + 2_000)), headOfChain(entries))
  const sorted = keysOf(entries.toSorted((a, b) => compareHeads(standsFor(a), standsFor(b))))
  t.deepEqual(keysOf(await collect(store.byType('public_note', { reverse: true }))), sorted, 'oldest first')
  t.deepEqual(keysOf(await collect(store.byType('public_note'))), sorted.toReversed(), 'newest first')
  await store.remove()
})
