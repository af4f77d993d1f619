import test from 'tape'
import { hasCode } from '../../lib/base/index.ts'
import type { Entry } from '../../lib/entry/index.ts'
import { standsFor } from '../../lib/feed/index.ts'
import { nodeCrypto } from '../../lib/keys/index.ts'
import { openStore } from '../../lib/store/index.ts'
import type { Store } from '../../lib/store/index.ts'
import { CHUNK, parseChunkKey } from '../../lib/store/layout.ts'
import { HandClock, chain, collect, headOfChain, identityNamed, keysOf, note, rawOf } from '../helpers/chains.ts'
import { inFolder, temporaryStore } from '../helpers/stores.ts'

const ada = identityNamed('ada')
const readAll = (store: Store): Promise<Entry[]> => collect(store.read(ada.id))
const originalsOf = async (store: Store) =>
  (await readAll(store))
    .filter(({ payload }) => typeof payload === 'string' || payload.type !== 'rebase')
    .map((entry) => standsFor(entry).key)

test('heal: what another copy wrote by a clock that goes before ours is published again, not written anew', async (t) => {
  const [early, late] = [new HandClock(), new HandClock()]
  const here = await temporaryStore(ada, early)
  const there = await temporaryStore(ada, late)
  late.now += 2_000_000
  for (const text of ['one', 'two']) await there.append(note(text))
  const theirs = await readAll(there)
  const own = await here.append(note('here'))
  // The first of two entries has come, and its branch waits for the other.
  await here.ingest(ada.id, rawOf(theirs.slice(0, 1)), headOfChain(theirs))
  t.equal((await here.head(ada.id))?.key, own.key)
  await here.own.heal()
  t.deepEqual(await originalsOf(here), [own.key, ...keysOf(theirs.slice(0, 1))], 'by its own key')
  t.deepEqual(await here.lost(ada.id), [])
  await here.ingest(ada.id, rawOf(theirs), headOfChain(theirs))
  early.now += 1_000_000
  await here.own.heal()
  t.deepEqual((await originalsOf(here)).sort(), keysOf([own, ...theirs]).sort(), 'each original once')
  t.equal((await here.verifyAll()).bad, 0)
  await here.remove()
  await there.remove()
})

test('heal: a damaged losing branch is left out and stays; the others are healed, and the owner is told', async (t) => {
  const place = inFolder.place()
  const clock = new HandClock()
  const first = await place.open(ada, clock)
  const own = await first.append(note('own'))
  const from = own.comparable - 1_000_000
  const [broken, short, whole] = ['broken', 'short', 'whole'].map((text, i) =>
    chain(ada, 3, null, { from: from + i, payload: (at) => note(`${text} ${at}`) }),
  ) as [Entry[], Entry[], Entry[]]
  for (const entries of [broken, short, whole])
    for (const { bytes } of entries) await first.ingest(ada.id, [bytes], headOfChain(entries))
  t.equal((await first.lost(ada.id)).length, 3)
  await first.close()
  const db = await place.db()
  const chunkOf = async (entry: Entry): Promise<Uint8Array> => {
    const keys = await db.keys({ gte: Uint8Array.of(CHUNK), lt: Uint8Array.of(CHUNK + 1) }).all()
    const key = keys.find((each) => parseChunkKey(each).last === entry.comparable)
    if (!key) throw new Error('no chunk')
    return key
  }
  await db.put(await chunkOf(broken[1]!), Uint8Array.of(1))
  await db.del(await chunkOf(short[0]!))
  const faults: unknown[] = []
  const parts = { identity: ada.id, signer: ada.signer, crypto: nodeCrypto, clock }
  const store = await openStore({ ...parts, db, onFault: (error) => faults.push(error) })
  const healed = await store.own.heal()
  t.deepEqual(healed, { kept: 3, dropped: [], named: keysOf(whole.slice(-1)), stuck: 6 })
  t.deepEqual(await originalsOf(store), [own.key, ...keysOf(whole)])
  t.deepEqual(
    keysOf(await store.lost(ada.id)).sort(),
    keysOf([broken[2]!, short[2]!]).sort(),
    'what cannot be read is not named, so that peers keep it',
  )
  t.equal(faults.length, 2)
  t.ok(faults.every((error) => hasCode(error, 'STORE_CORRUPT')))
  t.equal((await store.own.heal()).stuck, 6, 'and it is said again')
  await store.close()
  await place.remove()
})
