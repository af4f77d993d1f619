import test from 'tape'
import type { Entry } from '../../lib/entry/index.ts'
import type { Store } from '../../lib/store/index.ts'
import { HandClock, chain, collect, headOfChain, identityNamed, keysOf, note, rawOf } from '../helpers/chains.ts'
import { temporaryStore } from '../helpers/stores.ts'

const ada = identityNamed('ada')

/** Sends the whole feed of one store to another, in runs of two. */
async function send(from: Store, to: Store): Promise<void> {
  const entries: Entry[] = await collect(from.read(ada.id))
  for (let at = 0; at < entries.length; at += 2)
    await to.ingest(ada.id, rawOf(entries.slice(at, at + 2)), headOfChain(entries))
}

for (const order of ['the winner sends first', 'the loser sends first'] as const) {
  test(`store: two nodes with one key, apart and together again; ${order}`, async (t) => {
    const clocks = [new HandClock(), new HandClock()] as const
    const here = await temporaryStore(ada, clocks[0])
    const there = await temporaryStore(ada, clocks[1])
    const shared = await here.append(note('before'))
    await send(here, there)
    clocks[1].now += 1000
    for (let i = 0; i < 5; i++) await here.append(note(`here ${i}`))
    for (let i = 0; i < 3; i++) await there.append(note(`there ${i}`))
    const lost = await here.head(ada.id)
    const won = await collect(there.read(ada.id))
    if (order === 'the winner sends first') {
      await send(there, here)
      await send(here, there)
    } else {
      await send(here, there)
      await send(there, here)
    }
    for (const store of [here, there]) {
      t.deepEqual(keysOf(await collect(store.read(ada.id))), keysOf(won), 'one feed, the one with the higher head')
      t.equal((await store.verifyAll()).bad, 0)
    }
    t.deepEqual(await here.lost(ada.id), [{ comparable: lost?.comparable, key: lost?.key }], 'what lost is kept')
    t.equal(won[0]?.key, shared.key)
    const next = await here.append(note('after'))
    t.equal(next.parent, won.at(-1)?.key, 'and both go on from its head')
    await send(here, there)
    t.deepEqual(await there.head(ada.id), await here.head(ada.id))
    await there.remove()
    await here.remove()
  })
}

test('store: what the feed shares with a branch that is arriving brings no changeover', async (t) => {
  const store = await temporaryStore(identityNamed('ben'), new HandClock())
  const shared = chain(ada, 4, null)
  const old = chain(ada, 4, shared[3] as Entry)
  await store.ingest(ada.id, rawOf([...shared, ...old]), headOfChain(old))
  const from = headOfChain(old).comparable + 1000
  const next = chain(ada, 10, shared[3] as Entry, { from, payload: (at) => note(`next ${at}`) })
  t.equal((await store.ingest(ada.id, rawOf(next.slice(0, 3)), headOfChain(next))).kind, 'staged')
  for (const run of [shared, [...shared, ...old]]) {
    t.equal((await store.ingest(ada.id, rawOf(run), headOfChain(old))).kind, 'known')
    t.equal((await store.head(ada.id))?.key, headOfChain(old).key, 'no half of a branch is the feed')
  }
  t.equal((await store.ingest(ada.id, rawOf(next.slice(3)), headOfChain(next))).kind, 'adopted')
  await store.remove()
})

test('store: of five branches that wait for their announced heads the one that came first goes', async (t) => {
  const store = await temporaryStore(identityNamed('ben'), new HandClock())
  const feed = chain(ada, 4, null)
  await store.ingest(ada.id, rawOf(feed))
  const branches = [0, 1, 2, 3, 4].map((nth) =>
    chain(ada, 2, feed[1] as Entry, { from: 1_750_000_000_000_000 - nth, payload: () => note(`branch ${nth}`) }),
  )
  for (const branch of branches)
    t.equal((await store.ingest(ada.id, rawOf(branch.slice(0, 1)), headOfChain(branch))).kind, 'staged')
  const [first, ...others] = branches
  t.deepEqual(keysOf(await store.lost(ada.id)), keysOf(others.flatMap((branch) => branch.slice(0, 1))))
  t.equal(await store.get(first?.[0]?.key as Entry['key'], 'anywhere'), undefined)
  t.equal((await store.verifyAll()).bad, 0)
  await store.remove()
})

test('store: what waits for a signature waits on while another branch of the feed comes', async (t) => {
  const store = await temporaryStore(identityNamed('ben'), new HandClock())
  const feed = chain(ada, 4, null)
  const tail = chain(ada, 3, feed[3] as Entry, { spoiled: (at) => at < 2 })
  const aside = chain(ada, 1, feed[1] as Entry, { step: 5, payload: () => note('aside') })
  await store.ingest(ada.id, rawOf(feed))
  t.equal((await store.ingest(ada.id, rawOf(tail.slice(0, 2)))).kind, 'staged')
  t.equal((await store.ingest(ada.id, rawOf(aside))).kind, 'staged', 'a branch that loses')
  t.equal((await store.ingest(ada.id, rawOf(tail.slice(2)))).kind, 'adopted', 'the signature vouches for all three')
  t.deepEqual(keysOf(await collect(store.read(ada.id))), keysOf([...feed, ...tail]))
  await store.remove()
})
