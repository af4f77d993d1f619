import test from 'tape'
import { generatorIdOf, hex, jamIdOf, name, rawId, utf8 } from '../../lib/base/index.ts'
import type { Branch } from '../../lib/feed/index.ts'
import * as layout from '../../lib/store/layout.ts'
import { chain, identityNamed } from '../helpers/chains.ts'

const ada = identityNamed('ada')
const feed = rawId(ada.id)
const [entry] = chain(ada, 1, null)
const { key } = entry!
const FEED = hex(feed)
const HASH = hex(rawId(key))
const COMPARABLE = 0x1f_ffff_ffff_fffe
const C = '001ffffffffffffe'

test('store: rows are laid out as docs/store.md says', (t) => {
  const is = (bytes: Uint8Array, ...expected: string[]): void => t.equal(hex(bytes), expected.join(''))
  is(layout.FORMAT_KEY, '00', hex(utf8('format')))
  is(layout.headKey(ada.id), '01', FEED)
  is(layout.shapeKey(ada.id), '02', FEED)
  is(layout.entryRow(feed, 7, COMPARABLE), '03', FEED, '00000007', C)
  is(layout.placeKey(key), '04', HASH)
  is(layout.placeValue(feed, 7, COMPARABLE, 9), FEED, '00000007', C, '0000000000000009')
  is(
    layout.headValue({ branch: 7, tail: { comparable: COMPARABLE, key }, count: 9 }),
    '00000007',
    C,
    HASH,
    '0000000000000009',
  )
  is(layout.prefixes.type('play')!, '10', '04', hex(utf8('play')))
  is(layout.prefixes.feedAndType(feed, 'play')!, '11', FEED, '04', hex(utf8('play')))
  is(layout.prefixes.jam(jamIdOf(ada.id, name('j'))), '12', FEED, '01', hex(utf8('j')))
  is(layout.prefixes.generator(generatorIdOf(ada.id, name('g'))), '13', FEED, '01', hex(utf8('g')))
  is(layout.prefixes.edge(ada.id), '14', FEED)
  is(layout.prefixes.original(key), '15', HASH)
  is(layout.indexRow(Uint8Array.of(0x14), 5, feed, 7, COMPARABLE), '14', '0000000000000005', FEED, '00000007', C)
  const branch: Branch = { id: 1, parent: 0, at: 3, state: 'dropping', tail: { comparable: COMPARABLE, key }, count: 9 }
  const root: Branch = { id: 0, at: 0, state: 'kept', tail: { comparable: 4, key }, count: 4 }
  is(
    layout.shapeValue(2, new Map([root, branch].map((each) => [each.id, each]))),
    ...['00000002', '00000000', 'ffffffff', '0000000000000000', '00', '0000000000000004', HASH, '0000000000000004'],
    ...['00000001', '00000000', '0000000000000003', '02', C, HASH, '0000000000000009'],
  )
  t.end()
})

test('store: rows are read as they were written', (t) => {
  const head = { branch: 7, tail: { comparable: COMPARABLE, key }, count: 9 }
  t.deepEqual(layout.parseHead(layout.headValue(head)), head)
  const place = { identity: ada.id, branch: 7, comparable: COMPARABLE, count: 9 }
  t.deepEqual(layout.parsePlace(layout.placeValue(feed, 7, COMPARABLE, 9)), place)
  const row = layout.parseEntryRow(layout.entryRow(feed, 7, COMPARABLE))
  t.deepEqual([hex(row.feed), row.branch, row.comparable], [FEED, 7, COMPARABLE])
  const listed = layout.parseIndexRow(layout.indexRow(Uint8Array.of(9, 9), 5, feed, 7, COMPARABLE))
  t.deepEqual([hex(listed.feed), listed.branch, listed.comparable], [FEED, 7, COMPARABLE])
  const branches = new Map<number, Branch>([
    [0, { id: 0, at: 0, state: 'arriving', tail: { comparable: 4, key }, count: 4 }],
    [5, { id: 5, parent: 0, at: 3, state: 'kept', tail: { comparable: COMPARABLE, key }, count: 9 }],
  ])
  t.deepEqual(layout.parseShape(layout.shapeValue(6, branches)), { next: 6, branches })
  t.equal(layout.identityOfHeadKey(layout.headKey(ada.id)), ada.id)
  t.end()
})

test('store: what comes after a prefix', (t) => {
  t.equal(hex(layout.after(Uint8Array.of(1, 2))), '0103')
  t.equal(hex(layout.after(Uint8Array.of(1, 255, 255))), '02')
  t.equal(layout.prefixes.type('x'.repeat(65)), undefined, 'long types have no rows')
  t.equal(layout.prefixes.type('\u00e9'.repeat(33)), undefined, 'by bytes, not letters')
  t.end()
})
