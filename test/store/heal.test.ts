import test from 'tape'
import type { Entry } from '../../lib/entry/index.ts'
import { standsFor } from '../../lib/feed/index.ts'
import type { Store } from '../../lib/store/index.ts'
import { HandClock, collect, headOfChain, identityNamed, keysOf, note, rawOf } from '../helpers/chains.ts'
import { temporaryStore } from '../helpers/stores.ts'

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
