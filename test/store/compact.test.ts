import test from 'tape'
import { jamIdOf, name } from '../../lib/base/index.ts'
import type { Entry } from '../../lib/entry/index.ts'
import { Chunk } from '../../lib/store/chunk.ts'
import { CHUNK, chunkKey } from '../../lib/store/layout.ts'
import type { Db, Store } from '../../lib/store/index.ts'
import { HandClock, chain, collect, headOfChain, identityNamed, keysOf, note, rawOf } from '../helpers/chains.ts'
import { inFolder } from '../helpers/stores.ts'
import { rejects } from '../suites/store-kit.ts'

const ada = identityNamed('ada')
const ben = identityNamed('ben')
const jam = jamIdOf(ada.id, name('j'))

/** A feed that came entry by entry, with a branch that lost. */
async function live(store: Store) {
  const root = chain(ben, 60, null, {
    payload: (at) => (at % 3 === 0 ? { type: 'comment', text: `${at}`, jam } : note(`${at}`)),
  })
  const lost = chain(ben, 5, root[29]!, { payload: (at) => note(`lost ${at}`) })
  const rest = chain(ben, 150, root[59]!, { payload: (at) => note(`${at} ${'x'.repeat(700)}`) })
  for (const { bytes } of [...root, ...lost, ...rest]) await store.ingest(ben.id, [bytes])
  return { feed: [...root, ...rest], lost }
}

test('store: compacting puts together what came entry by entry, and changes nothing that is read', async (t) => {
  const place = inFolder.place()
  const store = await place.open(ada, new HandClock())
  const { feed, lost } = await live(store)
  const views = async () => [
    keysOf(await collect(store.read(ben.id))),
    keysOf(await collect(store.byJam(jam))),
    keysOf(await collect(store.byType('public_note'))),
    keysOf(await collect(store.byType('comment', { identity: ben.id, reverse: true }))),
    keysOf(await collect(store.readLost(ben.id, headOfChain(lost)))),
  ]
  const before = await views()
  const reading = store.read(ben.id)[Symbol.asyncIterator]()
  const seen = [((await reading.next()).value as Entry).key]
  const progress: [number, number][] = []
  const done = await store.compact({ onProgress: (...step) => progress.push(step) })
  t.ok(done.before > 20, `${done.before} chunks, not yet all together`)
  t.ok(done.after < 20, `${done.after} chunks are left`)
  t.deepEqual(progress, [[210, 210]])
  t.deepEqual(await views(), before)
  for (let step = await reading.next(); !step.done; step = await reading.next()) seen.push(step.value.key)
  t.deepEqual(seen, keysOf(feed), 'who was reading reads on')
  t.deepEqual(await store.compact(), { before: done.after, after: done.after }, 'once is enough')
  for (const { key } of [feed[0]!, feed[77]!, lost[2]!]) t.equal((await store.get(key, 'anywhere'))?.key, key)
  t.equal((await store.verifyAll()).bad, 0)
  await store.ingest(ben.id, rawOf(chain(ben, 3, feed.at(-1)!)))
  t.equal((await store.head(ben.id))?.count, 213, 'and goes on')
  t.equal((await store.verifyAll()).bad, 0)
  await rejects(t, 'CANCELLED', store.compact({ signal: AbortSignal.abort() }))
  const given = rejects(t, 'CLOSED', store.compact())
  await store.close()
  await given
  await rejects(t, 'CLOSED', store.compact())
  const db = await place.db()
  t.equal(
    (await chunksOf(db, 0)).reduce((sum, size) => sum + size, 0),
    218,
  )
  await db.close()
  await place.remove()
})

/** How many entries each chunk of the feed with this number has, in their order. */
async function chunksOf(db: Db, feed: number): Promise<number[]> {
  const chunks = await db.values({ gte: chunkKey(feed, 0, 0), lt: chunkKey(feed + 1, 0, 0) }).all()
  return chunks.map((value) => Chunk.parse(value)?.size ?? NaN)
}

test('store: of what comes entry by entry the end is put together now and then', async (t) => {
  const place = inFolder.place()
  const store = await place.open(ada, new HandClock())
  const feed = chain(ben, 167, null, { payload: (at) => note(`${at} ${'x'.repeat(at > 60 ? 0 : 900)}`) })
  for (const { bytes } of feed.slice(0, 31)) await store.ingest(ben.id, [bytes])
  const reading = store.read(ben.id)[Symbol.asyncIterator]()
  await reading.next()
  const changes: number[] = []
  store.onChange(({ entries }) => changes.push(entries.length))
  for (const { bytes } of feed.slice(31, 160)) await store.ingest(ben.id, [bytes])
  await store.ingest(ben.id, rawOf(feed.slice(160)))
  for (let at = 0; at < 70; at++) await store.append(note(`${at}`))
  let seen = 1
  while (!(await reading.next()).done) seen++
  t.equal(seen, 31, 'who was reading reads on')
  t.deepEqual(new Set(changes), new Set([1, 7]), 'nobody is told of it')
  t.deepEqual(keysOf(await collect(store.read(ben.id))), keysOf(feed))
  t.deepEqual(keysOf(await collect(store.byType('public_note', { identity: ben.id, reverse: true }))), keysOf(feed))
  t.equal((await store.verifyAll()).bad, 0)
  await store.close()
  const db = await place.db()
  const others = await chunksOf(db, 0)
  t.equal(
    others.reduce((sum, size) => sum + size, 0),
    167,
  )
  t.ok(others.length < 15 && !others.includes(1), `of one's peers: ${others.join(' ')}`)
  const own = await chunksOf(db, 1)
  t.deepEqual(own.slice(-6), [1, 1, 1, 1, 1, 1], `of one's own: ${own.join(' ')}`)
  t.ok(own.length <= 8)
  await db.close()
  await place.remove()
})

test('store: what is damaged at the end of a feed keeps nothing from coming after it', async (t) => {
  const place = inFolder.place()
  const feed = chain(ben, 40, null)
  let store = await place.open(ada, new HandClock())
  for (const { bytes } of feed.slice(0, 30)) await store.ingest(ben.id, [bytes])
  await store.close()
  const db = await place.db()
  const [key] = await db.keys({ gte: Uint8Array.of(CHUNK), lt: Uint8Array.of(CHUNK + 1) }).all()
  if (!key) throw new Error('no chunk')
  await db.put(key, Uint8Array.of(1))
  await db.close()
  store = await place.open(ada, new HandClock())
  for (const { bytes } of feed.slice(30)) t.equal((await store.ingest(ben.id, [bytes])).kind, 'adopted')
  t.equal((await store.head(ben.id))?.count, 40)
  t.ok((await store.verifyAll()).faults.some(({ code }) => code === 'STORE_CORRUPT'))
  const late = identityNamed('late')
  for (const { bytes } of chain(late, 25, null)) await store.ingest(late.id, [bytes])
  await rejects(t, 'STORE_CORRUPT', store.compact())
  await store.close()
  const after = await place.db()
  const [damaged, whole] = [await chunksOf(after, 0), await chunksOf(after, 1)]
  t.ok(damaged.includes(NaN), 'what is damaged stays for `verify --all` to name')
  t.deepEqual(whole, [25], 'and keeps no other feed from being put together')
  await after.close()
  await place.remove()
})

test('store: sizes tell entries, losing branches, places and indexes apart', async (t) => {
  const place = inFolder.place()
  const store = await place.open(ada, new HandClock())
  const empty = await store.sizes()
  t.deepEqual([empty.feeds, empty.entries, empty.losing], [0, 0, 0])
  await live(store)
  await store.compact()
  const { feeds, entries, losing, bytes } = await store.sizes()
  t.deepEqual([feeds, entries, losing], [1, 210, 1])
  for (const kind of ['entries', 'losing', 'places', 'indexes'] as const) t.ok((bytes?.[kind] ?? 0) > 0, kind)
  t.ok((bytes?.entries ?? 0) > (bytes?.losing ?? 0))
  await store.close()
  await place.remove()
})
