import test from 'tape'
import type { Entry } from '../../lib/entry/index.ts'
import { nodeCrypto } from '../../lib/keys/index.ts'
import type { Identity } from '../../lib/keys/index.ts'
import type { Store } from '../../lib/store/index.ts'
import { Epoch } from '../../lib/store/epoch.ts'
import { Feeds } from '../../lib/store/feeds.ts'
import type { FeedState } from '../../lib/store/feeds.ts'
import { FOLD_ABOVE, foldBranches } from '../../lib/store/fold.ts'
import { HandClock, chain, collect, headOfChain, identityNamed, keysOf, note, rawOf } from '../helpers/chains.ts'
import { inFolder } from '../helpers/stores.ts'
import type { StorePlace } from '../helpers/stores.ts'

const ada = identityNamed('ada')
const ben = identityNamed('ben')
const readAll = (store: Store): Promise<Entry[]> => collect(store.read(ada.id))
/** How often the author rewrites its feed; 3,000 times, on demand, takes minutes. */
const TIMES = Number(process.env['REBASES'] ?? 2 * FOLD_ABOVE)

/** What a database knows of ada's feed besides its entries, while no store is open on it. */
async function withFeeds<T>(place: StorePlace, task: (feeds: Feeds, state: FeedState) => Promise<T>): Promise<T> {
  const db = await place.db()
  try {
    const feeds = await Feeds.open(db, await Epoch.open(db))
    return await task(feeds, await feeds.load(ada.id))
  } finally {
    await db.close()
  }
}

/** Opens a store, hands it out, closes it. */
async function opened<T>(place: StorePlace, identity: Identity, task: (store: Store) => Promise<T>): Promise<T> {
  const store = await place.open(identity, new HandClock(1_900_000_000_000_000))
  try {
    return await task(store)
  } finally {
    await store.close()
  }
}

test('fold: an author who rewrites its feed for ever is followed by old and fresh peers', async (t) => {
  const clock = new HandClock()
  const places = [inFolder.place(), inFolder.place(), inFolder.place()] as const
  const [author, old, fresh] = places
  const here = await author.open(ada, clock)
  const peer = await old.open(ben, clock)
  const sent: Entry[][] = []
  const stop = here.onChange(({ entries }) => sent.push([...entries]))
  for (let at = 0; at < TIMES; at++) {
    clock.now += 1_000
    const [, dropped] = await Promise.all([here.append(note(`stays ${at}`)), here.append(note(`goes ${at}`))])
    await here.own.rebase(new Set([dropped.key]))
    for (const entries of sent.splice(0)) await peer.ingest(ada.id, rawOf(entries), await here.head(ada.id))
  }
  stop()
  t.equal((await here.head(ada.id))?.count, 2 * TIMES, 'an entry that stays and a rebase each time')
  t.deepEqual(await peer.head(ada.id), await here.head(ada.id), 'who was there all the time has it')
  const feed = await readAll(here)
  const late = await fresh.open(identityNamed('cy'), clock)
  for (let at = 0; at < feed.length; at += 1_000)
    await late.ingest(ada.id, rawOf(feed.slice(at, at + 1_000)), headOfChain(feed))
  t.deepEqual(await late.head(ada.id), await here.head(ada.id), 'so has who comes now')
  for (const store of [here, peer, late]) {
    t.deepEqual(keysOf(await readAll(store)), keysOf(feed))
    t.deepEqual(await store.lost(ada.id), [])
    t.equal((await store.verifyAll()).bad, 0)
    await store.close()
  }
  for (const place of places) {
    const { branches } = await withFeeds(place, async (_, state) => state)
    t.ok(
      branches.size <= FOLD_ABOVE + 1,
      `${branches.size} branches in memory and in the row that says which there are`,
    )
    await place.remove()
  }
})

/** A database of three long stretches, each hanging on the end of the one before, and a losing branch on the second. */
async function threeStretches(): Promise<{ place: StorePlace; feed: Entry[]; lost: Entry[] }> {
  const place = inFolder.place()
  const entries = chain(ada, 7_499, null, { step: 10 })
  const at = (index: number): Entry => entries[index] as Entry
  const aside = (index: number): Entry[] =>
    chain(ada, 1, at(index), { from: at(index).comparable + 1, payload: () => note(`aside ${index}`) })
  // What goes on from the end of a stretch and is named leaves the next stretch on the end of what stays.
  const gone = [...aside(1_999), ...aside(6_499)]
  const last = chain(ada, 1, at(7_498), { payload: () => ({ type: 'rebase', replaces: keysOf(gone) }) })
  const lost = aside(3_000)
  await opened(place, ben, async (store) => {
    const stretches = [
      entries.slice(0, 2_000),
      gone.slice(0, 1),
      entries.slice(2_000, 4_500),
      entries.slice(4_500, 6_500),
      gone.slice(1),
    ]
    for (const run of [...stretches, entries.slice(6_500), last, lost]) await store.ingest(ada.id, rawOf(run))
  })
  return { place, feed: [...entries, ...last], lost }
}

test('fold: long branches go over in batches, each of which leaves the feed and what hangs on it whole', async (t) => {
  const { place, feed, lost } = await threeStretches()
  const check = (label: string) =>
    opened(place, ben, async (store) => {
      t.deepEqual(keysOf(await readAll(store)), keysOf(feed), label)
      const heads = await store.lost(ada.id)
      const kept = heads.find(({ key }) => key === lost.at(-1)?.key)
      t.deepEqual(keysOf(kept ? await collect(store.readLost(ada.id, kept)) : []), keysOf(lost), 'and the branch on it')
      t.equal((await store.verifyAll()).bad, 0)
      t.equal((await collect(store.byType('public_note'))).length, feed.length - 1, 'each is listed once')
    })
  await check('before')
  const sizes: number[] = []
  for (let turn = 0; turn < 2; turn++) {
    const { branches } = await withFeeds(place, async (feeds, state) =>
      foldBranches({ feeds, crypto: nodeCrypto }, state, 1),
    )
    sizes.push(branches.size)
    await check(`after turn ${turn}: ${branches.size} branches`)
  }
  t.deepEqual(sizes, [4, 3], "the feed's own branch stays one, and so does the losing one")
  await place.remove()
})
