import test from 'tape'
import { concat, utf8 } from '../../lib/base/index.ts'
import {
  CHUNK,
  INDEXES,
  META,
  NUMBER,
  HEAD,
  PLACE,
  CHANGED,
  numberValue,
  parseChunkKey,
} from '../../lib/store/layout.ts'
import type { Db } from '../../lib/store/index.ts'
import { HandClock, chain, collect, identityNamed, keysOf, note, rawOf } from '../helpers/chains.ts'
import { codeOf } from '../helpers/hosts.ts'
import { inFolder } from '../helpers/stores.ts'

const ada = identityNamed('ada')
const ben = identityNamed('ben')
const cleo = identityNamed('cleo')
const entries = chain(ben, 8, null)
const others = chain(cleo, 3, null)

const keysUnder = (db: Db, kind: number): Promise<Uint8Array[]> =>
  db.keys({ gte: Uint8Array.of(kind), lt: Uint8Array.of(kind + 1) }).all()

/** A store of Ada's with eight entries of Ben's, in chunks of two, the second damaged; then three of Cleo's. */
async function damaged() {
  const place = inFolder.place()
  const store = await place.open(ada, new HandClock())
  await store.append(note('mine'))
  for (let at = 0; at < 8; at += 2) await store.ingest(ben.id, rawOf(entries.slice(at, at + 2)))
  await store.ingest(cleo.id, rawOf(others))
  const { epoch } = store
  await store.close()
  const db = await place.db()
  const chunk = (await keysUnder(db, CHUNK)).find((key) => parseChunkKey(key).last === entries[3]?.comparable)
  if (!chunk) throw new Error('no chunk')
  await db.put(chunk, Uint8Array.of(1))
  await db.close()
  return { place, epoch }
}

test('discard: a damaged feed goes whole, all others stay, and it can be taken in anew', async (t) => {
  const { place, epoch } = await damaged()
  const store = await place.open(ada, new HandClock())
  t.ok((await store.verifyAll()).bad > 0)
  const gone = await store.discard(ben.id)
  t.deepEqual([gone?.count, gone?.key], [8, entries[7]?.key])
  t.equal(await store.head(ben.id), undefined)
  t.deepEqual(await collect(store.byType('public_note', { identity: ben.id })), [])
  t.equal(await store.get(entries[0]!.key), undefined)
  const clean = await store.verifyAll()
  t.deepEqual([clean.bad, clean.feeds, clean.entries], [0, 2, 4], 'nothing of it is left over')
  t.equal(await store.discard(ben.id), undefined, 'it is not here')
  t.equal((await store.ingest(ben.id, rawOf(entries.slice(0, 5)))).kind, 'adopted')
  t.equal((await store.ingest(ben.id, rawOf(entries))).kind, 'adopted', 'runs that overlap too')
  t.deepEqual(keysOf(await collect(store.read(ben.id))), keysOf(entries))
  t.deepEqual(await store.lost(ben.id), [])
  const whole = await store.verifyAll()
  t.deepEqual([whole.bad, whole.feeds, whole.entries], [0, 3, 12])
  t.equal(store.epoch, epoch, 'of this run')
  await store.close()
  const again = await place.open(ada, new HandClock())
  t.notEqual(again.epoch, epoch, 'what was told before holds no more')
  t.equal((await again.head(ben.id))?.count, 8)
  await again.close()
  await place.remove()
})

test("discard: one's own feed is never deleted", async (t) => {
  const { place } = await damaged()
  const store = await place.open(ada, new HandClock())
  t.equal(await codeOf(store.discard(ada.id)), 'DISCARD_OWN')
  t.equal((await store.head(ada.id))?.count, 1)
  await store.close()
  t.equal(await codeOf(store.discard(ben.id)), 'CLOSED')
  await place.remove()
})

test('discard: what an interrupted deletion left goes when the store is opened, before numbers are given out', async (t) => {
  const { place } = await damaged()
  const db = await place.db()
  // Cleo's feed has the highest number, 2: nothing leads to it any more, its entries are still there.
  const feed = numberValue(2)
  for (const kind of [NUMBER, HEAD, CHANGED])
    for await (const [key, value] of db.iterator({ gte: Uint8Array.of(kind), lt: Uint8Array.of(kind + 1) }))
      if ([key, value].some((bytes) => Buffer.from(bytes.slice(kind === HEAD && bytes === key ? 1 : 0)).equals(feed)))
        await db.del(key)
  await db.put(concat([Uint8Array.of(META), utf8('discard'), feed]), new Uint8Array(0))
  const before = await Promise.all([CHUNK, PLACE, ...INDEXES].map(async (kind) => (await keysUnder(db, kind)).length))
  await db.close()
  const store = await place.open(ada, new HandClock())
  await store.discard(ben.id)
  const dee = identityNamed('dee')
  await store.ingest(dee.id, rawOf(chain(dee, 1, null)))
  t.equal(await store.get(others[0]!.key, 'anywhere'), undefined)
  t.equal((await store.verifyAll()).bad, 0)
  await store.close()
  const after = await place.db()
  const left = await Promise.all([CHUNK, PLACE, ...INDEXES].map(async (kind) => (await keysUnder(after, kind)).length))
  t.ok((left[0] ?? 9) === 2 && (before[0] ?? 0) > 2, 'chunks of Ada and of Dee alone')
  t.equal(left[1], 2, 'their places')
  await after.close()
  await place.remove()
})
