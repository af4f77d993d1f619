import test from 'tape'
import type { Payload } from '../../lib/entry/index.ts'
import { chunkKey } from '../../lib/store/layout.ts'
import { HandClock, chain, collect, headOfChain, identityNamed, keysOf, note, rawOf } from '../helpers/chains.ts'
import { inFolder } from '../helpers/stores.ts'

const [ada, ben] = [identityNamed('ada'), identityNamed('ben')]

for (const hurt of ['a chunk', 'an entry'] as const) {
  test(`store: a losing branch goes though ${hurt} of it is damaged, and the feed goes on`, async (t) => {
    const place = inFolder.place()
    const first = await place.open(ada, new HandClock())
    const shared = chain(ben, 2, null)
    const low = chain(ben, 6, shared[1] ?? null, { step: 10 })
    const from = headOfChain(low).comparable + 1_000
    const high = chain(ben, 2, shared[1] ?? null, { from, payload: (at) => note(`high ${at}`) })
    await first.ingest(ben.id, rawOf([...shared, ...high]))
    for (let at = 0; at < 6; at += 2) await first.ingest(ben.id, rawOf(low.slice(at, at + 2)))
    t.equal((await first.lost(ben.id)).length, 1)
    await first.close()
    const db = await place.db()
    // The branch of the feed is the first one, the losing one the second.
    const key = chunkKey(0, 1, low[3]!.comparable)
    const value = (await db.get(key))!
    await db.put(key, hurt === 'a chunk' ? value.subarray(0, -1) : value.with(20, value[20]! ^ 1))
    await db.close()
    const store = await place.open(ada, new HandClock())
    const payload = (at: number): Payload => (at > 0 ? note('on') : { type: 'rebase', replaces: keysOf(low.slice(-1)) })
    const next = chain(ben, 2, high[1] ?? null, { payload })
    t.equal((await store.ingest(ben.id, rawOf(next.slice(0, 1)))).kind, 'adopted')
    t.equal((await store.ingest(ben.id, rawOf(next.slice(1)))).kind, 'adopted')
    t.deepEqual(await store.lost(ben.id), [])
    t.deepEqual(keysOf(await collect(store.read(ben.id))), keysOf([...shared, ...high, ...next]))
    for (const entry of low) t.equal(await store.get(entry.key, 'anywhere'), undefined, 'nothing of it is read')
    await store.close()
    await place.remove()
  })
}
