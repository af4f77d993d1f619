import test from 'tape'
import { nodeCrypto } from '../../lib/keys/index.ts'
import { levelAt, openStore } from '../../lib/store/index.ts'
import type { Store } from '../../lib/store/index.ts'
import { CLEAN_KEY } from '../../lib/store/layout.ts'
import { HandClock, chain, collect, headOfChain, identityNamed, note, rawOf } from '../helpers/chains.ts'
import { codeOf } from '../helpers/hosts.ts'
import { inFolder } from '../helpers/stores.ts'

const ada = identityNamed('ada')
const ben = identityNamed('ben')
const cy = identityNamed('cy')

test('store: an epoch lasts while the store is closed as it should be', async (t) => {
  const place = inFolder.place()
  const first = await place.open(ada, new HandClock())
  const { epoch } = first
  t.match(epoch, /^[0-9a-f]{16}$/)
  await first.append(note('one'))
  await first.close()
  const second = await place.open(ada, new HandClock())
  t.equal(second.epoch, epoch, 'closed as it should be')
  await second.head(ada.id)
  await second.close()
  const third = await place.open(ada, new HandClock())
  t.equal(third.epoch, epoch, 'also where nothing was written')
  await third.append(note('two'))
  await third.close()
  // As a process that was killed leaves it.
  const db = await place.db()
  t.ok(await db.get(CLEAN_KEY))
  await db.del(CLEAN_KEY)
  await db.close()
  const fourth = await place.open(ada, new HandClock())
  t.notEqual(fourth.epoch, epoch)
  await fourth.close()
  await place.remove()
})

test('store: the first write of a store that was closed is synced, and takes the mark away', async (t) => {
  const place = inFolder.place()
  await (await place.open(ada, new HandClock())).close()
  const db = await place.db()
  t.ok(await db.get(CLEAN_KEY), 'the mark of a store that was closed')
  const { id: identity, signer } = ada
  const store = await openStore({ db, identity, signer, crypto: nodeCrypto, clock: new HandClock() })
  t.ok(await db.get(CLEAN_KEY), 'reading leaves it')
  await store.ingest(ben.id, rawOf(chain(ben, 2, null)))
  t.notOk(await db.get(CLEAN_KEY), 'writing takes it away')
  await store.close()
  const after = levelAt((db as unknown as { location: string }).location)
  t.ok(await after.get(CLEAN_KEY))
  await after.close()
  await place.remove()
})

test('store: where the first write fails the mark of a store that was closed goes with the next', async (t) => {
  const place = inFolder.place()
  await (await place.open(ada, new HandClock())).close()
  const db = await place.db()
  const { id: identity, signer } = ada
  const store = await openStore({ db, identity, signer, crypto: nodeCrypto, clock: new HandClock() })
  let full = true
  db.hooks.prewrite.add(() => {
    if (full) throw new Error('no space left on device')
  })
  const run = rawOf(chain(ben, 2, null))
  t.equal(await codeOf(store.ingest(ben.id, run)), 'STORE_WRITE')
  full = false
  t.equal((await store.ingest(ben.id, run)).kind, 'adopted')
  t.notOk(await db.get(CLEAN_KEY), 'it was not closed as it should be if it ends now')
  await store.close()
  await place.remove()
})

test('store: what changed after a number, each feed once, by the number of its last change', async (t) => {
  const place = inFolder.place()
  const store = await place.open(ada, new HandClock())
  const since = async (from: number, of: Store = store): Promise<[number, string][]> =>
    (await collect(of.changedSince(from))).map(({ sequence, head }) => [sequence, head.key])
  t.equal(store.sequence, 0)
  t.deepEqual(await since(0), [])
  const bens = chain(ben, 6, null)
  const cys = chain(cy, 2, null)
  await store.ingest(ben.id, rawOf(bens.slice(0, 2)))
  await store.ingest(cy.id, rawOf(cys))
  const { sequence } = store
  t.equal(sequence, 2)
  await store.ingest(ben.id, rawOf(bens.slice(0, 2)))
  t.equal(store.sequence, 2, 'what is known changes nothing')
  await store.ingest(ben.id, rawOf(chain(ben, 1, bens[0]!, { from: bens[0]!.comparable + 1 })))
  t.equal(store.sequence, 2, 'nor does a branch that has lost')
  await store.ingest(ben.id, rawOf(bens.slice(2)))
  t.deepEqual(await since(sequence), [[3, headOfChain(bens).key]])
  t.deepEqual(await since(0), [
    [2, headOfChain(cys).key],
    [3, headOfChain(bens).key],
  ])
  await store.close()
  const again = await place.open(ada, new HandClock())
  t.equal(again.sequence, 3)
  const own = await again.append(note('mine'))
  t.deepEqual(await since(3, again), [[4, own.key]])
  await again.close()
  await place.remove()
})
