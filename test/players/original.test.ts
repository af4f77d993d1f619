import test from 'tape'
import { hasCode } from '../../lib/base/index.ts'
import type { Entry, Payload } from '../../lib/entry/index.ts'
import { Directory, isBelieved } from '../../lib/players/index.ts'
import { CHUNK, parseChunkKey } from '../../lib/store/layout.ts'
import { HandClock, chain, collect, identityNamed, note, rawOf } from '../helpers/chains.ts'
import { inFolder, temporaryStore } from '../helpers/stores.ts'

const ann = identityNamed('ann')
const ben = identityNamed('ben')
const cy = identityNamed('cy')
const called = (name: string): Payload => ({ type: 'identification', name })
const again = ({ key }: Pick<Entry, 'key'>, comparable: number, payload: Payload): Payload => ({
  type: 'again',
  key,
  comparable,
  payload,
})

test('again: of several of one lost original the first in the feed counts, whatever times they claim', async (t) => {
  const clock = new HandClock()
  const place = inFolder.place()
  const store = await place.open(ann, clock)
  const told = new Directory(store)
  await told.load([])
  let folded: Promise<unknown> = Promise.resolve()
  store.onChange((change) => (folded = folded.then(() => told.observe(change))))
  const [lost] = chain(ben, 1, null, { payload: () => called('ben') })
  const [opening] = chain(ben, 1, null, { from: 1_700_000_000_500_000, payload: () => note('hello') })
  if (!lost || !opening) throw new Error('no entries')
  const { comparable } = lost
  // One claims an earlier time and one a later than the first.
  const claims = [comparable, comparable - 1_000, comparable + 1_000]
  const agains = chain(ben, 3, opening, { payload: (at) => again(lost, claims[at]!, called(`ben ${at}`)) })
  await store.ingest(ben.id, rawOf([opening]))
  for (const { bytes } of agains) await store.ingest(ben.id, [bytes])
  await folded
  t.equal(told.nameOf(ben.id), 'ben 0', 'as they come')
  t.deepEqual(await Promise.all(agains.map((entry) => isBelieved(store, entry))), [true, false, false])
  t.equal((await store.get(lost.key, 'feed', ben.id))?.key, agains[0]?.key)
  t.equal((await store.get(lost.key, 'feed', ben.id))?.key, agains[0]?.key, 'and when it is known already')
  await store.close()
  const anew = await place.open(ann, clock)
  const read = new Directory(anew)
  await read.load([])
  t.equal(read.nameOf(ben.id), 'ben 0', 'after a restart the same')
  await anew.close()
  await place.remove()
})

test("again: of another player's key it says what its author says, once, whether or not that player's feed is here", async (t) => {
  const original = chain(cy, 1, null, { payload: () => called('cy') })
  const [{ comparable } = { comparable: 0 }] = original
  const agains = chain(ben, 2, null, {
    from: comparable + 5_000,
    payload: (at) => again(original[0]!, comparable + at, called(`ben ${at}`)),
  })
  for (const feeds of [[], [cy]]) {
    const store = await temporaryStore(ann, new HandClock())
    if (feeds.length > 0) await store.ingest(cy.id, rawOf(original))
    await store.ingest(ben.id, rawOf(agains))
    const directory = new Directory(store)
    await directory.load([])
    t.equal(directory.nameOf(ben.id), 'ben 0', 'the first alone')
    t.equal(directory.nameOf(cy.id), feeds.length > 0 ? 'cy' : undefined, 'nothing of the other')
    t.equal((await store.get(original[0]!.key, 'feed', ben.id))?.key, agains[0]?.key)
    await store.remove()
  }
})

test('again: where the original is in the feed and cannot be read, it does not count, and the home opens', async (t) => {
  const place = inFolder.place()
  const store = await place.open(ann, new HandClock())
  const [first] = chain(ben, 1, null, { payload: () => called('ben') })
  if (!first) throw new Error('no entry')
  const lie = chain(ben, 1, first, { payload: () => again(first, first.comparable, called('liar')) })
  await store.ingest(ben.id, [first.bytes])
  await store.ingest(ben.id, rawOf(lie))
  await store.close()
  const db = await place.db()
  const chunks = await collect(db.keys({ gte: Uint8Array.of(CHUNK), lt: Uint8Array.of(CHUNK + 1) }))
  const damaged = chunks.find((key) => parseChunkKey(key).last === first.comparable)
  if (!damaged) throw new Error('no chunk')
  await db.put(damaged, Uint8Array.of(1))
  await db.close()
  const anew = await place.open(ann, new HandClock())
  const failed: unknown = await anew.get(first.key, 'feed', ben.id).catch((error: unknown) => error)
  t.ok(hasCode(failed, 'STORE_CORRUPT'))
  const directory = new Directory(anew)
  await directory.load([])
  t.equal(directory.nameOf(ben.id), undefined)
  await anew.close()
  await place.remove()
})

test('again: where the original lies on a branch that lost and cannot be read there, it counts as everywhere', async (t) => {
  const place = inFolder.place()
  const store = await place.open(ann, new HandClock())
  const opening = chain(ben, 1, null, { payload: () => note('hello') })
  const lost = chain(ben, 1, opening[0]!, { payload: () => called('ben') })
  const { comparable } = lost[0]!
  const healed = chain(ben, 1, opening[0]!, {
    from: comparable + 5_000,
    payload: () => again(lost[0]!, comparable, called('ben')),
  })
  for (const run of [opening, lost, healed]) await store.ingest(ben.id, rawOf(run))
  t.deepEqual(await store.lost(ben.id), [{ comparable, key: lost[0]?.key }])
  await store.close()
  const db = await place.db()
  const chunks = await collect(db.keys({ gte: Uint8Array.of(CHUNK), lt: Uint8Array.of(CHUNK + 1) }))
  for (const key of chunks.filter((key) => parseChunkKey(key).last === comparable)) await db.put(key, Uint8Array.of(1))
  await db.close()
  const anew = await place.open(ann, new HandClock())
  const failed: unknown = await anew.get(lost[0]!.key, 'anywhere').catch((error: unknown) => error)
  t.ok(hasCode(failed, 'STORE_CORRUPT'), 'the original itself')
  t.equal((await anew.get(lost[0]!.key, 'feed', ben.id))?.key, healed[0]?.key)
  t.equal((await anew.get(lost[0]!.key))?.key, healed[0]?.key)
  const directory = new Directory(anew)
  await directory.load([])
  t.equal(directory.nameOf(ben.id), 'ben')
  await anew.close()
  await place.remove()
})
