import test from 'tape'
import type { EntryKey } from '../../lib/base/index.ts'
import { MAX_ENTRY_BYTES, MAX_FRESH_BYTES, signEntry, type Entry, type Payload } from '../../lib/entry/index.ts'
import {
  healing,
  publishedAgain,
  rebasePayloads,
  rebasing,
  traceOf,
  type LostBranch,
  type Trace,
} from '../../lib/feed/index.ts'
import { nodeCrypto } from '../../lib/keys/index.ts'
import { chain, identityNamed, keysOf, note } from '../helpers/chains.ts'

const ada = identityNamed('ada')
/** Every entry is later than all that were written before it, in whichever chain. */
let now = 1_700_000_000_000_000

const isEntry = (wanted: Payload | Entry): wanted is Entry =>
  typeof wanted === 'object' && wanted['bytes'] instanceof Uint8Array

/** Entries after `before` with these payloads; a number is an entry to publish again. */
function write(before: readonly Entry[], ...payloads: (Payload | Entry)[]): Entry[] {
  const all = [...before]
  for (const wanted of payloads) {
    const last = all.at(-1) ?? null
    const from = (now += 1_000)
    const payload = isEntry(wanted) ? publishedAgain(wanted, from, from).payload : wanted
    all.push(...chain(ada, 1, last, { from, payload: () => payload }))
  }
  return all
}
const rebase = (replaces: readonly Entry[], kept = 0): Payload => ({
  type: 'rebase',
  replaces: keysOf(replaces.slice(-1)),
  ...(kept > 0 && { kept }),
})
const lostAfter = (entries: readonly Entry[], feed: readonly Entry[]): LostBranch => {
  const here = new Set(keysOf(feed))
  const own = entries.filter(({ key }) => !here.has(key))
  const head = entries.at(-1)
  if (!head) throw new Error('no entries')
  const after = entries.length === own.length ? 0 : (entries[entries.length - own.length - 1]?.comparable ?? 0)
  return { head, after, entries: own.map(traceOf) }
}
const heal = (feed: readonly Entry[], ...lost: readonly (readonly Entry[])[]) =>
  healing(
    feed.map(traceOf),
    lost.map((entries) => lostAfter(entries, feed)),
  )
const keys = (traces: readonly { original?: { key: EntryKey } }[]) => traces.map(({ original }) => original?.key)

const shared = write([], note('1'), note('2'), note('3'))

test('healing: each original that only a losing branch holds, then its head is named', (t) => {
  const feed = write(shared, note('here'), note('here too'))
  const one = write(shared, note('there'), note('there too'))
  const plan = heal(feed, one)
  t.deepEqual(keys(plan.again), keysOf(one.slice(3)))
  t.deepEqual(plan.replaces, keysOf(one.slice(-1)))
  t.equal(plan.drop.size, 0)
  const two = write(one.slice(0, 4), note('a third place'))
  t.deepEqual(
    keys(heal(feed, one, two).again),
    keysOf([...one.slice(3), ...two.slice(4)]).sort(
      (a, b) => keysOf([...one, ...two]).indexOf(a) - keysOf([...one, ...two]).indexOf(b),
    ),
    'what two losing branches share comes once',
  )
  t.end()
})

test('healing: what the feed already has is not published again, as itself or by an `again` of it', (t) => {
  const lost = write(shared, note('there'))
  const feed = write(shared, note('here'), ...lost.slice(3))
  t.deepEqual(heal(feed, lost), { again: [], drop: new Set(), replaces: keysOf(lost.slice(-1)), stuck: 0 })
  const wrapped = write(shared, ...lost.slice(3), note('more'))
  t.deepEqual(keys(heal(write(shared, note('here')), wrapped).again), [lost[3]?.key, wrapped.at(-1)?.key])
  t.end()
})

test('healing: where nothing was ever rewritten, chains are not indexed', (t) => {
  const feed = write(shared, note('here'))
  const lost = write(shared, note('there'))
  let asked = 0
  const counted = (entry: Entry): Trace => {
    const trace = traceOf(entry)
    return Object.defineProperty({ ...trace }, 'key', { get: () => (asked++, trace.key) })
  }
  const plan = healing(feed.map(counted), [lostAfter(lost, feed)])
  t.deepEqual([keys(plan.again), asked], [keysOf(lost.slice(-1)), 0], 'nobody asks where an entry stands')
  healing(write(feed, rebase(shared)).map(counted), [lostAfter(lost, feed)])
  t.ok(asked > 0, 'but where something was')
  t.end()
})

test('healing: nothing is left to do once the feed names the losing head', (t) => {
  const lost = write(shared, note('there'))
  const feed = write(shared, note('here'), ...lost.slice(3), rebase(lost))
  t.deepEqual(heal(feed, lost), { again: [], drop: new Set(), replaces: [], stuck: 0 })
  const on = write(lost, note('it wrote on'))
  t.deepEqual(keys(heal(feed, on).again), keysOf(on.slice(-1)), 'what came after the named one counts')
  t.end()
})

test('healing: what the author dropped stays away, wherever the branch was that held it', (t) => {
  const rewritten = write(shared.slice(0, 1), rebase(shared, 1), ...shared.slice(2))
  const on = write(shared, note('written where nobody knew'))
  const plan = heal(rewritten, on)
  t.deepEqual(keys(plan.again), keysOf(on.slice(3)))
  const back = heal(on, rewritten)
  t.deepEqual(back.drop, new Set(keysOf(shared.slice(1, 2))), 'a branch that lost has dropped it: the feed does so too')
  t.deepEqual(keys(back.again), [])
  t.deepEqual(back.replaces, keysOf([...rewritten.slice(-1), ...shared.slice(-1)]), 'what it named is named on')
  const other = write(shared.slice(0, 1), note('unrelated'), note('later'), note('than'), note('all'))
  const both = heal(other, rewritten, on)
  t.deepEqual(keys(both.again), [shared[2]?.key, on.at(-1)?.key], 'also where both have lost')
  t.end()
})

test('healing: of a rewriting that has come in part only what it has passed by is dropped', (t) => {
  const old = write(shared, note('4'), note('5'))
  const whole = write(shared.slice(0, 1), rebase(old, 3), ...old.slice(2))
  const part = whole.slice(0, 3)
  t.deepEqual(keys(heal(part, old).again), keysOf(old.slice(3)), '2 was passed by, 4 and 5 may yet come')
  t.deepEqual(keys(heal(whole, old).again), [])
  t.deepEqual(keys(heal(whole.slice(0, 2), old).again), keysOf(old.slice(1)))
  const unsaid = write(shared.slice(0, 1), rebase(old), ...old.slice(2, 3))
  t.deepEqual(keys(heal(unsaid, old).again), [], 'one that does not say how much follows is taken as whole')
  t.end()
})

test('healing: an original that fits into no wrapper keeps its branch from being named', (t) => {
  const deep = JSON.parse('{"type":"deep","of":'.repeat(15) + '1' + '}'.repeat(15)) as Payload
  const large = { type: 'public_note', text: 'x', more: 'y'.repeat(MAX_ENTRY_BYTES - 420) }
  const feed = write(shared, note('here'), note('and'), note('there'))
  for (const payload of [deep, large]) {
    const lost = write(shared, note('fits'))
    const parent = lost.at(-1)
    const stuck = {
      ...(lost.at(-1) as Entry),
      payload,
      bytes: new Uint8Array(MAX_ENTRY_BYTES),
      key: shared[0]?.key as EntryKey,
    }
    const branch: LostBranch = {
      head: stuck,
      after: shared.at(-1)?.comparable ?? 0,
      entries: [
        traceOf(parent as Entry),
        { ...traceOf({ ...stuck, key: parent?.parent as EntryKey }), key: stuck.key },
      ],
    }
    const plan = healing(shared.slice(0, 1).map(traceOf), [branch])
    t.deepEqual(keys(plan.again), keysOf(lost.slice(-1)), 'the others are published')
    t.deepEqual(plan.replaces, [], 'and the branch is kept')
    t.equal(plan.stuck, 1)
  }
  t.deepEqual(heal(feed, feed).again, [])
  t.end()
})

test('healing: the largest entry that an author writes can be published again', (t) => {
  const bare = chain(ada, 1, null, { payload: () => note('') })[0] as Entry
  const text = 'x'.repeat(8_192)
  const fields = { identity: ada.id, parent: null, comparable: 1_700_000_000_000_000, synod: null }
  const room = MAX_FRESH_BYTES - bare.bytes.length - 8_192 - ',"pad":""'.length
  const payload = { type: 'public_note', text, pad: '"'.repeat(Math.floor(room / 2)) }
  const large = signEntry({ ...fields, payload }, ada.signer, nodeCrypto)
  t.ok(large.bytes.length > MAX_FRESH_BYTES - 3, `${large.bytes.length} bytes`)
  t.notOk(traceOf(large).stuck)
  const comparable = Number.MAX_SAFE_INTEGER
  const again = signEntry(
    { ...fields, parent: large.key, comparable, payload: publishedAgain(large, comparable, comparable).payload },
    ada.signer,
    nodeCrypto,
  )
  t.ok(again.bytes.length <= MAX_ENTRY_BYTES, `${again.bytes.length} bytes`)
  t.deepEqual(traceOf(again).original, { key: large.key, comparable: large.comparable })
  t.deepEqual(publishedAgain(again, comparable, comparable).payload, again.payload, 'nothing is wrapped twice')
  t.end()
})

test('healing: what was written by a clock that goes before ours is published just above itself; far ahead, anew', (t) => {
  const [early] = chain(ada, 1, null) as [Entry]
  const { key, comparable, payload } = early
  const wrapped = { type: 'again', key, comparable, payload }
  const minute = 60_000_000
  const at = (next: number, now = next) => publishedAgain(early, next, now)
  t.deepEqual(at(comparable + 5), { comparable: comparable + 5, payload: wrapped })
  t.deepEqual(at(comparable - minute), { comparable: comparable + 1, payload: wrapped })
  t.deepEqual(at(comparable - 11 * minute), { comparable: comparable - 11 * minute, payload })
  t.end()
})

test('rebasing: what is kept follows once each, the replaced head is named, and so is what a rewritten rebase named', (t) => {
  const feed = write(shared, note('4'), note('5'))
  const without = rebasing(feed.slice(2).map(traceOf), feed[4] as Entry, new Set(keysOf(feed.slice(2, 3))))
  t.deepEqual(keys(without.keep), keysOf(feed.slice(3)))
  t.deepEqual(without.dropped, keysOf(feed.slice(2, 3)))
  t.deepEqual(without.replaces, keysOf([...feed.slice(-1), ...feed.slice(2, 3)]), 'what is dropped is named too')
  const again = write(feed.slice(0, 2), rebase(feed, 2), ...feed.slice(3))
  const twice = rebasing(again.slice(1).map(traceOf), again[4] as Entry, new Set(keysOf(feed.slice(1, 2))))
  t.deepEqual(keys(twice.keep), keysOf(feed.slice(3)), 'an `again` stays one of the original')
  t.deepEqual(twice.replaces, keysOf([...again.slice(-1), ...feed.slice(1, 2), ...feed.slice(-1)]))
  t.end()
})

test('rebase payloads: 64 heads each, the last says what follows, of very many the first are kept', (t) => {
  const heads = keysOf(chain(ada, 70, null))
  t.deepEqual(rebasePayloads(heads.slice(0, 1), 0), [{ type: 'rebase', replaces: heads.slice(0, 1) }])
  const [first, second] = rebasePayloads(heads, 5)
  t.deepEqual(first, { type: 'rebase', replaces: heads.slice(0, 64), kept: 6 })
  t.deepEqual(second, { type: 'rebase', replaces: heads.slice(64), kept: 5 })
  const many = Array.from({ length: 5_000 }, (_, i) => `%${i}` as EntryKey)
  t.equal(rebasePayloads(many, 0).length, 16)
  t.end()
})
