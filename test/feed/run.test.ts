import test from 'tape'
import { FUTURE_LIMIT_MICROS, signEntry } from '../../lib/entry/index.ts'
import type { Entry, Payload } from '../../lib/entry/index.ts'
import { MAX_RUN_BYTES, MAX_RUN_ENTRIES, checkRun, parseRun } from '../../lib/feed/index.ts'
import { nodeCrypto } from '../../lib/keys/index.ts'
import { chain, headOfChain, identityNamed, keysOf, note, rawOf } from '../helpers/chains.ts'

const ada = identityNamed('ada')
const ben = identityNamed('ben')
const START = 1_700_000_000_000_000
const NOW = START + 1_000_000_000

/** One entry with the fields as they are given, whatever the chain rule thinks of them. */
const lone = (fields: Partial<Entry> & { payload?: Payload }): Entry =>
  signEntry(
    { identity: ada.id, parent: null, comparable: START, synod: null, payload: note('x'), ...fields },
    ada.signer,
    nodeCrypto,
  )

test('feed: a run is parsed and linked', (t) => {
  const entries = chain(ada, 5, null)
  const run = parseRun(ada.id, rawOf(entries), nodeCrypto)
  t.deepEqual(keysOf(run.entries), keysOf(entries))
  t.equal(run.stop, undefined)
  t.end()
})

test('feed: a run stops at what breaks the chain, and what came before stands', (t) => {
  const [first, second, third] = chain(ada, 3, null)
  if (!first || !second || !third) throw new Error('three entries')
  const stops = (code: string, run: Entry[], at: number): void => {
    const { entries, stop } = parseRun(ada.id, rawOf(run), nodeCrypto)
    t.deepEqual([stop?.code, stop?.at, entries.length], [code, at, at], stop?.message)
  }
  stops('FEED_PARENT', [first, third], 1)
  stops('FEED_COMPARABLE', [first, lone({ parent: first.key, comparable: first.comparable })], 1)
  stops('FEED_IDENTITY', [first, ...chain(ben, 1, first)], 1)
  stops('ENTRY_TOO_SHORT', [first, second, { ...third, bytes: new Uint8Array(3) }], 2)
  stops('RUN_SIZE', [], 0)
  const again = (comparable: number, payload: Payload): Entry =>
    lone({
      parent: first.key,
      comparable: first.comparable + 10,
      payload: { type: 'again', key: second.key, comparable, payload },
    })
  stops('AGAIN_NOT_EARLIER', [first, again(first.comparable + 10, note('y'))], 1)
  stops('AGAIN_WRAPS', [first, again(5, { type: 'rebase', replaces: [second.key] })], 1)
  stops('AGAIN_WRAPS', [first, again(5, { type: 'again', key: second.key, comparable: 3, payload: note('z') })], 1)
  t.equal(parseRun(ada.id, rawOf([first, again(5, note('y'))]), nodeCrypto).stop, undefined, 'a right again passes')
  const odd = lone({ parent: first.key, comparable: first.comparable + 10, payload: { type: 'again', key: 7 } })
  t.equal(parseRun(ada.id, rawOf([first, odd]), nodeCrypto).stop, undefined, 'one of a wrong shape is only ignored')
  t.end()
})

test('feed: a run is bounded', (t) => {
  const [entry] = chain(ada, 1, null)
  const many = Array.from({ length: MAX_RUN_ENTRIES + 1 }, () => entry!.bytes)
  t.equal(parseRun(ada.id, many, nodeCrypto).stop?.code, 'RUN_SIZE')
  t.equal(parseRun(ada.id, [new Uint8Array(MAX_RUN_BYTES + 1)], nodeCrypto).stop?.code, 'RUN_SIZE')
  t.end()
})

test('feed: a run has to follow on what it is checked against', (t) => {
  const entries = chain(ada, 4, null)
  const tail = headOfChain(entries.slice(0, 2))
  const good = checkRun(entries.slice(2), { tail, unverified: [] }, NOW, nodeCrypto)
  t.deepEqual(keysOf(good.authentic), keysOf(entries.slice(2)))
  t.equal(checkRun(entries.slice(3), { tail, unverified: [] }, NOW, nodeCrypto).stop?.code, 'FEED_PARENT')
  t.equal(checkRun(entries.slice(2), { unverified: [] }, NOW, nodeCrypto).stop?.code, 'FEED_PARENT')
  const late = { ...tail, comparable: START + 10_000_000 }
  t.equal(checkRun(entries.slice(2), { tail: late, unverified: [] }, NOW, nodeCrypto).stop?.code, 'FEED_COMPARABLE')
  t.end()
})

test('feed: what no signature verifies waits, and is authentic once one does', (t) => {
  const entries = chain(ada, 6, null, { spoiled: (at) => at === 2 || at === 3 })
  const first = checkRun(entries.slice(0, 4), { unverified: [] }, NOW, nodeCrypto)
  t.deepEqual([first.authentic.length, first.waiting.length], [2, 2])
  const tail = headOfChain(entries.slice(0, 2))
  const next = checkRun(entries.slice(4), { tail, unverified: first.waiting }, NOW, nodeCrypto)
  t.deepEqual(keysOf(next.authentic), keysOf(entries.slice(2)))
  t.equal(next.waiting.length, 0)
  t.end()
})

test('feed: more than 256 in a row without a signature end it', (t) => {
  const entries = chain(ada, 300, null, { spoiled: (at) => at >= 10 })
  const { authentic, waiting, stop } = checkRun(entries, { unverified: [] }, NOW, nodeCrypto)
  t.deepEqual([authentic.length, waiting.length, stop?.code, stop?.at], [10, 0, 'FEED_ENDED', 10])
  t.end()
})

test('feed: what is more than 10 minutes ahead is set apart, with when it is due', (t) => {
  const step = 60_000_000
  const now = START
  const entries = chain(ada, 15, null, { step })
  const { authentic, ahead, due, waiting } = checkRun(entries, { unverified: [] }, now, nodeCrypto)
  t.equal(authentic.length, 11, 'exactly 10 minutes ahead is not too far')
  t.deepEqual(keysOf(ahead), keysOf(entries.slice(11)))
  t.equal(due, START + 11 * step - FUTURE_LIMIT_MICROS)
  t.equal(waiting.length, 0)
  t.end()
})

test('feed: of what is ahead only what a signature vouches for is held', (t) => {
  const step = 60_000_000
  const forged = chain(ada, 15, null, { step, spoiled: (at) => at > 12 })
  t.equal(checkRun(forged, { unverified: [] }, START, nodeCrypto).ahead.length, 2)
  const all = chain(ada, 15, null, { step, spoiled: (at) => at > 10 })
  t.deepEqual(checkRun(all, { unverified: [] }, START, nodeCrypto).ahead, [])
  const waits = chain(ada, 15, null, { step, spoiled: (at) => at > 8 && at < 14 })
  const { authentic, waiting, ahead } = checkRun(waits, { unverified: [] }, START, nodeCrypto)
  t.deepEqual([authentic.length, waiting.length, ahead.length], [9, 2, 6], 'what waits before it is held along')
  t.end()
})
