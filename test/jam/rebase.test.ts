import test from 'tape'
import { blobIdOf, generatorIdOf, hex, jamIdOf, name, type EntryKey } from '../../lib/base/index.ts'
import type { Entry, Payload } from '../../lib/entry/index.ts'
import { publishedAgain, rebasePayloads, rebasing, traceOf } from '../../lib/feed/index.ts'
import { Docket } from '../../lib/jam/docket.ts'
import { Ledger, buildScore, scoreHash, type JamItem } from '../../lib/jam/index.ts'
import { nodeCrypto } from '../../lib/keys/index.ts'
import { chain, identityNamed, keysOf } from '../helpers/chains.ts'

const ada = identityNamed('ada')
const jam = jamIdOf(ada.id, name('friday'))
const archive = blobIdOf(nodeCrypto.sha256(new Uint8Array(1)))
const generator = generatorIdOf(ada.id, name('drums'))
const play = (instance: string, at: number): Payload => ({
  type: 'play',
  jam,
  generator,
  archive,
  instance,
  at,
  on: 'bar',
  length: 3840,
})
const PAYLOADS: readonly Payload[] = [
  { type: 'public_note', text: 'before' },
  { type: 'generator', name: 'drums', archive, size: 100, runtime: 'wasm' },
  { type: 'jam', jam, action: 'start', tempo: 120, meter: '4/4', engine: 0 },
  play('one', 0),
  play('two', 3840),
  { type: 'param', jam, at: 4000, on: 'now', instance: 'two', name: 'gain', value: -6 },
  play('three', 7680),
]

/** The feed as its author rewrites it without one entry: what was there, the rebase, what is kept. */
function without(feed: readonly Entry[], at: number, drop: readonly EntryKey[]): Entry[] {
  const head = feed.at(-1)
  if (!head) throw new Error('an empty feed')
  const { keep, replaces } = rebasing(feed.slice(at).map(traceOf), head, new Set(drop))
  const carriers = keep.map(({ key }) => feed.find((entry) => entry.key === key))
  const kept = feed.slice(0, at)
  const from = head.comparable + 1_000_000
  const payloads = [
    ...rebasePayloads(replaces, keep.length),
    ...carriers.map((carrier) => carrier && publishedAgain(carrier, from, from).payload),
  ].filter((payload) => payload !== undefined)
  return [...kept, ...chain(ada, payloads.length, kept.at(-1) ?? null, { from, payload: (n) => payloads[n] ?? '.box' })]
}

const hashOf = (entries: readonly Entry[]): string =>
  hex(scoreHash(buildScore(jam, entries), (bytes) => nodeCrypto.sha256(bytes)))

test('rebase: a jam whose player rewrote its feed and kept everything of it has the same score', (t) => {
  const feed = chain(ada, PAYLOADS.length, null, { payload: (at) => PAYLOADS[at] ?? '.box' })
  const rewritten = without(feed, 0, keysOf(feed.slice(0, 1)))
  t.equal(rewritten.length, feed.length, 'the note has made room for the rebase')
  t.equal(hashOf(rewritten), hashOf(feed))
  t.equal(buildScore(jam, rewritten).origin, feed[2]?.comparable, 'the jam begins when it began')
  t.equal(hashOf([...feed, ...rewritten]), hashOf(feed), 'nothing counts twice')
  const twice = without(rewritten, 1, [])
  t.equal(hashOf(twice), hashOf(feed), 'and rewritten once more')
  t.end()
})

test('rebase: dropping one play takes away just that, with what was said to it', (t) => {
  const feed = chain(ada, PAYLOADS.length, null, { payload: (at) => PAYLOADS[at] ?? '.box' })
  const score = buildScore(jam, without(feed, 4, keysOf(feed.slice(4, 5))))
  t.deepEqual(
    score.plays.map(({ payload }) => payload.instance),
    ['one', 'three'],
  )
  t.deepEqual(
    score.refused.map(({ key, code }) => [key, code]),
    [[feed[5]?.key, 'INSTANCE_UNKNOWN']],
  )
  t.deepEqual(keysOf(score.plays), keysOf([feed[3], feed[6]].filter((entry) => entry !== undefined)))
  t.end()
})

test('rebase: in a jam that goes on, an item stays while anything carries it', (t) => {
  const feed = chain(ada, PAYLOADS.length, null, { payload: (at) => PAYLOADS[at] ?? '.box' })
  const rewritten = without(feed, 0, keysOf(feed.slice(0, 1)))
  const ledger = new Ledger(jam)
  for (const entry of feed) ledger.add(entry)
  const before = ledger.playOf(ada.id, name('two'))
  for (const entry of rewritten.slice(1)) t.equal(ledger.add(entry).kind, 'known')
  for (const key of keysOf(feed.slice(1))) t.equal(ledger.remove(key), undefined, 'nothing goes')
  t.equal(ledger.playOf(ada.id, name('two')), before)
  t.equal(ledger.remove(rewritten[4]?.key as EntryKey)?.gone, before, 'until the last that carries it goes')
  t.end()
})

test('again: the original is believed, else the first that carries it, whatever order they come in', (t) => {
  const feed = chain(ada, PAYLOADS.length, null, { payload: (at) => PAYLOADS[at] ?? '.box' })
  const original = feed[3]
  if (!original) throw new Error('no play')
  const { key, comparable } = original
  const saying = (at: number): Payload => ({ type: 'again', key, comparable: comparable - 1, payload: play('one', at) })
  const [first, second] = chain(ada, 2, feed.at(-1) ?? null, { payload: (n) => saying(n * 3840 + 3840) })
  if (!first || !second) throw new Error('no again')
  const heard = (entries: readonly Entry[]): unknown[] => {
    const ledger = new Ledger(jam)
    for (const entry of entries) ledger.add(entry)
    const item = ledger.playOf(ada.id, name('one'))
    return [item?.payload.at, item?.comparable]
  }
  const rest = feed.filter((entry) => entry !== original)
  for (const some of [
    [original, first, second],
    [second, first, original],
    [first, original, second],
  ]) {
    t.deepEqual(heard([...rest, ...some]), [0, comparable], 'the original')
    t.deepEqual(heard([...some, ...rest]), [0, comparable])
    const agains = some.filter((entry) => entry !== original)
    t.deepEqual(heard([...rest, ...agains]), [3840, comparable - 1], 'the first of two')
  }
  const ledger = new Ledger(jam)
  for (const entry of [...rest, second]) ledger.add(entry)
  const before = ledger.playOf(ada.id, name('one'))
  const kept = ledger.add(original)
  t.deepEqual([kept.kind, kept.kind === 'kept' && kept.instead === before], ['kept', true], 'in its place')
  const removed = ledger.remove(key)
  t.deepEqual([removed?.gone.comparable, removed?.item], [comparable, before], 'and back when it goes')
  t.end()
})

test('again: a conductor that heard a false one first plays the original', (t) => {
  const feed = chain(ada, PAYLOADS.length, null, { payload: (at) => PAYLOADS[at] ?? '.box' })
  const original = feed[3]
  if (!original) throw new Error('no play')
  const { key, comparable } = original
  const payload: Payload = { type: 'again', key, comparable, payload: play('one', 3840) }
  const [again] = chain(ada, 1, feed.at(-1) ?? null, { payload: () => payload })
  const docket = new Docket(new Ledger(jam))
  for (const entry of [...feed.filter((other) => other !== original), again]) if (entry) docket.add(entry)
  docket.judge()
  docket.add(original)
  const verdicts = docket.judge()
  const ats = (items: readonly JamItem[] = []): unknown[] =>
    items.filter((item) => item.kind === 'play').map((item) => item.payload.at)
  t.deepEqual([ats(verdicts?.dropped), ats(verdicts?.admitted)], [[3840], [0]])
  t.end()
})
