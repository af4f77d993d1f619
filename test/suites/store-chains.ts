import { jamIdOf, name } from '../../lib/base/index.ts'
import { compareHeads } from '../../lib/entry/index.ts'
import type { Payload } from '../../lib/entry/index.ts'
import { MAX_CHANGE_ENTRIES, MAX_LOST } from '../../lib/store/index.ts'
import type { Change } from '../../lib/store/index.ts'
import { Chunk } from '../../lib/store/chunk.ts'
import { CHUNK } from '../../lib/store/layout.ts'
import { chain, collect, headOfChain, keysOf, note, rawOf } from '../helpers/chains.ts'
import type { StoreKind } from '../helpers/stores.ts'
import { ada, ben, cy, feedOf, fork, storesOf } from './store-kit.ts'
import type { Tape } from './store-kit.ts'

/** What any store does with several chains of one feed: which is the feed, and what is kept of the others. */
export function storeChainsSuite(test: Tape, kind: StoreKind): void {
  const withStore = storesOf(test, kind)

  withStore('of two chains the higher head is the feed, in either order', async (t, store, clock, place) => {
    const { low, high, root } = fork()
    const elsewhere = kind.place()
    const other = await elsewhere.open(cy, clock)
    await store.ingest(ben.id, rawOf([...root, ...low]))
    const over = await store.ingest(ben.id, rawOf(high))
    t.equal(over.kind, 'adopted')
    t.deepEqual(over.kind === 'adopted' && over.replaced, headOfChain(low))
    await other.ingest(ben.id, rawOf([...root, ...high]))
    t.deepEqual(await other.ingest(ben.id, rawOf(low)), { kind: 'staged', tail: headOfChain(low) })
    for (const each of [store, other]) {
      t.deepEqual(keysOf(await feedOf(each)), keysOf([...root, ...high]))
      t.deepEqual(await each.lost(ben.id), [headOfChain(low)])
      t.deepEqual(keysOf(await collect(each.readLost(ben.id, headOfChain(low)))), keysOf(low))
      const onLost = [...root, ...low, ...high].map((entry) => each.has(ben.id, entry, headOfChain(low)))
      t.deepEqual(
        await Promise.all(onLost),
        [...root, ...low, ...high].map((entry) => !high.includes(entry)),
      )
      t.notOk(await each.has(ben.id, root[0]!, headOfChain(high)), 'the feed is no chain that lost')
      t.notOk(await each.has(cy.id, root[0]!, headOfChain(low)), 'nor is it of another identity')
      t.equal((await each.verifyAll()).bad, 0)
    }
    await other.close()
    await elsewhere.remove()
    await store.close()
    const again = await place.open(ada, clock)
    t.deepEqual(keysOf(await feedOf(again)), keysOf([...root, ...high]), 'also after opening again')
    const more = chain(ben, 3, high.at(-1) ?? null)
    await again.ingest(ben.id, rawOf(more))
    t.deepEqual(await again.head(ben.id), { identity: ben.id, ...headOfChain(more), count: 3 + high.length + 3 })
    await again.close()
  })

  withStore('a chain that is announced takes over whole, with every index', async (t, store) => {
    const jam = jamIdOf(ben.id, name('j'))
    const inJam = (text: string): Payload => ({ type: 'comment', text, jam })
    const root = chain(ben, 3, null, { payload: (at) => inJam(`root ${at}`) })
    const old = chain(ben, 3, root[2] ?? null, { payload: (at) => inJam(`old ${at}`) })
    const fresh = chain(ben, 9, root[2] ?? null, { payload: (at) => inJam(`new ${at}`), step: 5000 })
    await store.ingest(ben.id, rawOf([...root, ...old]))
    const changes: Change[] = []
    store.onChange((change) => changes.push(change))
    const views = async (): Promise<string[][]> => [
      keysOf(await feedOf(store)),
      keysOf(await collect(store.byJam(jam))),
      keysOf(await collect(store.byType('comment', { reverse: true }))),
      keysOf(await collect(store.byType('comment', { identity: ben.id, reverse: true }))),
    ]
    const before = keysOf([...root, ...old])
    for (const at of [0, 3, 6]) {
      const result = await store.ingest(ben.id, rawOf(fresh.slice(at, at + 3)), headOfChain(fresh))
      t.equal(result.kind, at < 6 ? 'staged' : 'adopted')
      const expected = at < 6 ? before : keysOf([...root, ...fresh])
      for (const view of await views()) t.deepEqual(view, expected)
      t.equal((await store.get(fresh[0]!.key)) !== undefined, at === 6)
      t.equal((await store.get(fresh[0]!.key, 'anywhere'))?.key, fresh[0]!.key)
    }
    t.deepEqual(changes.length, 1)
    t.deepEqual(keysOf(changes[0]?.entries ?? []), keysOf(fresh))
    t.deepEqual(changes[0]?.changeover, { lost: headOfChain(old), ancestor: headOfChain(root) })
    t.notOk(await store.has(ben.id, headOfChain(old)))
    t.ok(await store.has(ben.id, headOfChain(fresh)))
    t.notOk(await store.has(cy.id, headOfChain(fresh)), 'a position belongs to its identity')
  })

  withStore(
    'a chain that waits for its announced head takes over once that is known to be reached',
    async (t, store) => {
      const { low, high, root } = fork()
      await store.ingest(ben.id, rawOf([...root, ...low]))
      const far = { comparable: headOfChain(high).comparable + 1, key: headOfChain(high).key }
      t.equal((await store.ingest(ben.id, rawOf(high), far)).kind, 'staged')
      t.deepEqual(await store.lost(ben.id), [headOfChain(high)])
      t.equal((await store.ingest(ben.id, rawOf(high), headOfChain(high))).kind, 'adopted', 'though all of it is known')
      t.deepEqual(await store.lost(ben.id), [headOfChain(low)])
    },
  )

  withStore('a chain from a second first entry', async (t, store) => {
    const first = chain(ben, 4, null)
    const second = chain(ben, 2, null, { from: first[3]!.comparable + 1 })
    const changes: Change[] = []
    store.onChange((change) => changes.push(change))
    await store.ingest(ben.id, rawOf(first))
    await store.ingest(ben.id, rawOf(second))
    t.deepEqual(keysOf(await feedOf(store)), keysOf(second))
    t.equal((await store.head(ben.id))?.count, 2)
    t.deepEqual(changes[1]?.changeover, { lost: headOfChain(first) }, 'shares no ancestor')
  })

  withStore('a large changeover brings only so many entries along', async (t, store) => {
    const old = chain(ben, 1, null)
    await store.ingest(ben.id, rawOf(old))
    const fresh = chain(ben, MAX_CHANGE_ENTRIES + 5, null, { from: old[0]!.comparable + 1 })
    const result = await store.ingest(ben.id, rawOf(fresh))
    t.deepEqual(result.kind === 'adopted' && [result.entries.length, result.more], [MAX_CHANGE_ENTRIES, true])
    const rest = await collect(store.read(ben.id, { after: fresh[MAX_CHANGE_ENTRIES - 1]!.comparable }))
    t.deepEqual(keysOf(rest), keysOf(fresh.slice(MAX_CHANGE_ENTRIES)))
  })

  withStore(
    'losing chains are kept up to a bound, the lowest dropped with all its rows',
    async (t, store, clock, place) => {
      const root = chain(ben, 5, null)
      await store.ingest(ben.id, rawOf(root))
      const forks = Array.from({ length: MAX_LOST + 4 }, (_, i) =>
        chain(ben, 3, root[i % 4] ?? null, {
          from: root[4]!.comparable + 1 + i * 10,
          step: 1,
          payload: () => note(`fork ${i}`),
        }),
      )
      for (const each of forks) await store.ingest(ben.id, rawOf(each))
      const best = forks.map(headOfChain).sort((a, b) => compareHeads(b, a))
      t.deepEqual(await store.head(ben.id).then((head) => head?.key), best[0]?.key)
      t.deepEqual(keysOf(await store.lost(ben.id)), keysOf(best.slice(1, MAX_LOST + 1)))
      for (const entry of forks[0]!) t.equal(await store.get(entry.key, 'anywhere'), undefined, 'dropped')
      t.equal((await store.verifyAll()).bad, 0)
      await store.close()
      const db = await place.db()
      let left = 0
      for await (const value of db.values({ gte: Uint8Array.of(CHUNK), lt: Uint8Array.of(CHUNK + 1) }))
        left += Chunk.parse(value)?.size ?? NaN
      await db.close()
      t.equal(left, 3 * (MAX_LOST + 1) + 4, 'entries of the feed, of the kept chains, and what those share')
    },
  )

  withStore('chains that never arrive are bounded too', async (t, store) => {
    const root = chain(ben, 2, null)
    await store.ingest(ben.id, rawOf(root))
    const far = { ...headOfChain(root), comparable: 1_799_999_999_999_999 }
    for (let i = 0; i < 9; i++) {
      const each = chain(ben, 2, root[0]!, { from: root[1]!.comparable + 10 * (i + 1), step: 1 })
      t.equal((await store.ingest(ben.id, rawOf(each), far)).kind, 'staged')
    }
    t.equal((await store.lost(ben.id)).length, 4)
    t.equal((await store.head(ben.id))?.key, root[1]!.key)
  })
}
