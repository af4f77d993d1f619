import test from 'tape'
import { HandClock, chain, collect, identityNamed, keysOf, rawOf } from '../helpers/chains.ts'
import { temporaryStore } from '../helpers/stores.ts'

const [ada, ben] = [identityNamed('ada'), identityNamed('ben')]

test('store: what goes on from a held entry whose time has come brings that one in', async (t) => {
  const clock = new HandClock()
  const store = await temporaryStore(ada, clock)
  const entries = chain(ben, 3, null, { from: clock.now + 11 * 60_000_000 })
  t.equal((await store.ingest(ben.id, rawOf(entries.slice(0, 1)))).kind, 'held')
  t.equal((await store.ingest(ben.id, rawOf(entries.slice(1, 2)))).kind, 'held', 'after what is held')
  t.equal(await store.head(ben.id), undefined)
  clock.now += 2 * 60_000_000
  // Before anybody has looked for what is due.
  t.equal((await store.ingest(ben.id, rawOf(entries.slice(2)))).kind, 'adopted')
  t.deepEqual(keysOf(await collect(store.read(ben.id))), keysOf(entries))
  t.deepEqual(
    (await store.releaseDue()).map(({ kind }) => kind),
    ['known'],
  )
  t.equal(store.nextDue(), undefined)
  await store.remove()
})
