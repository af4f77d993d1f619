import test from 'tape'
import { hex, jamIdOf, name, rawId, utf8 } from '../../lib/base/index.ts'
import type { Branch } from '../../lib/feed/index.ts'
import { Chunk, chunkValue } from '../../lib/store/chunk.ts'
import * as layout from '../../lib/store/layout.ts'
import { indexKey, indexValue, parseIndexKey, parseIndexValue } from '../../lib/store/listed.ts'
import { Numbers, putNumber, sizeOfNumber } from '../../lib/store/octets.ts'
import { chain, identityNamed, note, rawOf } from '../helpers/chains.ts'

const ada = identityNamed('ada')
const entries = chain(ada, 3, null, { payload: (at) => note('\u00e9'.repeat(at)) })
const { key } = entries[0]!
const PLAYER = hex(rawId(ada.id))
const HASH = hex(rawId(key))
const COMPARABLE = 0x1f_ffff_ffff_fffe
const C = '001ffffffffffffe'
/** 2^53 - 2, seven bits a byte, the lowest first. */
const C7 = 'feffffffffffff0f'

test('store: rows are laid out as docs/store.md says', (t) => {
  const is = (bytes: Uint8Array, ...expected: string[]): void => t.equal(hex(bytes), expected.join(''))
  is(layout.FORMAT_KEY, '00', hex(utf8('format')))
  is(layout.CLEAN_KEY, '00', hex(utf8('clean')))
  is(layout.numberKey(ada.id), '20', PLAYER)
  is(layout.numberValue(258), '00000102')
  is(layout.headKey(258), '21', '00000102')
  const head = { identity: ada.id, branch: 7, tail: { comparable: COMPARABLE, key }, count: 9, sequence: 11 }
  is(layout.headValue(head), PLAYER, '00000007', C, HASH, '0000000000000009', '000000000000000b')
  is(layout.shapeKey(258), '22', '00000102')
  is(layout.changedKey(11), '23', '000000000000000b')
  is(layout.chunkKey(258, 7, COMPARABLE), '24', '00000102', '00000007', C)
  is(layout.placeKey(key.slice(1)), '25', HASH.slice(0, 32))
  is(layout.placeValue(258, 7, COMPARABLE), '8202', '07', C7)
  is(layout.prefixes.type('play')!, '30', '04', hex(utf8('play')))
  is(layout.prefixes.feedAndType(258, 'play')!, '31', '00000102', '04', hex(utf8('play')))
  is(layout.prefixes.jam(jamIdOf(ada.id, name('j'))), '32', PLAYER, '01', hex(utf8('j')))
  is(layout.prefixes.generator(258, name('g')), '33', '00000102', '01', hex(utf8('g')))
  is(layout.prefixes.edge(ada.id), '34', PLAYER)
  is(layout.prefixes.original(key), '35', HASH.slice(0, 32))
  is(
    indexKey(Uint8Array.of(0x34), 5, { feed: 258, branch: 7, last: COMPARABLE }),
    ...['34', '0000000000000005', '00000102', '00000007', C],
  )
  const items = [
    { counts: 300, comparable: 300 },
    { counts: 100, comparable: 301 },
  ]
  is(indexValue(items), '00', '00', 'c801', 'c901')
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
  const head = { identity: ada.id, branch: 7, tail: { comparable: COMPARABLE, key }, count: 9, sequence: 3 }
  t.deepEqual(layout.parseHead(layout.headValue(head)), head)
  const spot = { feed: 70_000, branch: 300, comparable: COMPARABLE }
  t.deepEqual(layout.parsePlace(layout.placeValue(70_000, 300, COMPARABLE)), spot)
  t.deepEqual(layout.parseChunkKey(layout.chunkKey(5, 7, COMPARABLE)), { feed: 5, branch: 7, last: COMPARABLE })
  const chunk = { feed: 5, branch: 7, last: COMPARABLE }
  t.deepEqual(parseIndexKey(indexKey(Uint8Array.of(9, 9), 5, chunk)), { ...chunk, highest: 5 })
  const items = [COMPARABLE, 2 ** 40, 7, 7, 1].map((counts, i) => ({ counts, comparable: counts + i }))
  t.deepEqual(parseIndexValue(indexValue(items), COMPARABLE), items)
  const branches = new Map<number, Branch>([
    [0, { id: 0, at: 0, state: 'arriving', tail: { comparable: 4, key }, count: 4 }],
    [5, { id: 5, parent: 0, at: 3, state: 'kept', tail: { comparable: COMPARABLE, key }, count: 9 }],
  ])
  t.deepEqual(layout.parseShape(layout.shapeValue(6, branches)), { next: 6, branches })
  t.equal(layout.feedOfKey(layout.headKey(70_000)), 70_000)
  t.equal(layout.sequenceOf(layout.changedKey(COMPARABLE)), COMPARABLE)
  t.end()
})

test('store: variable numbers come back, whatever their size', (t) => {
  const all = [0, 1, 127, 128, 16_383, 16_384, 2 ** 31, 2 ** 32 - 1, 2 ** 32, 2 ** 32 + 5, 2 ** 49, COMPARABLE + 1]
  const out = new Uint8Array(all.reduce((sum, each) => sum + sizeOfNumber(each), 0))
  let end = 0
  for (const each of all) end = putNumber(out, end, each)
  t.equal(end, out.length)
  const numbers = new Numbers(out)
  t.deepEqual(
    all.map(() => numbers.next()),
    all,
  )
  t.ok(numbers.ended)
  t.ok(Number.isNaN(numbers.next()), 'nothing after the end')
  t.end()
})

test('store: a chunk gives back each entry, by its comparable too', (t) => {
  const value = chunkValue(rawOf(entries), 12)
  t.equal(hex(value.subarray(0, 10)), '0003' + '000000000000000c')
  const chunk = Chunk.parse(value)!
  t.deepEqual([chunk.size, chunk.count, chunk.countAt(0)], [3, 12, 10])
  for (const [i, { bytes, comparable }] of entries.entries()) {
    t.equal(hex(chunk.bytesAt(i)), hex(bytes))
    t.equal(chunk.find(comparable), i)
    t.equal(chunk.find(comparable + 1), -1)
    t.equal(chunk.after(comparable), i + 1)
    t.equal(chunk.after(comparable - 1), i)
  }
  for (let length = 0; length < value.length; length++)
    if (Chunk.parse(value.subarray(0, length))) t.fail(`${length} bytes of a chunk are none`)
  t.equal(Chunk.parse(Uint8Array.of(...value, 0)), undefined)
  t.end()
})

test('store: what comes after a prefix', (t) => {
  t.equal(hex(layout.after(Uint8Array.of(1, 2))), '0103')
  t.equal(hex(layout.after(Uint8Array.of(1, 255, 255))), '02')
  t.equal(layout.prefixes.type('x'.repeat(65)), undefined, 'long types have no rows')
  t.equal(layout.prefixes.type('\u00e9'.repeat(33)), undefined, 'by bytes, not letters')
  t.end()
})
