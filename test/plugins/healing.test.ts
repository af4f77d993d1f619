import test from 'tape'
import type { EntryKey } from '../../lib/base/index.ts'
import { readPayload } from '../../lib/entry/index.ts'
import { standsFor } from '../../lib/feed/index.ts'
import type { Store } from '../../lib/store/index.ts'
import { Healing } from '../../plugins/feeds/healing.ts'
import { HandClock, chain, collect, headOfChain, identityNamed, keysOf, note, rawOf } from '../helpers/chains.ts'
import { memoryLog } from '../helpers/hosts.ts'
import { temporaryStore } from '../helpers/stores.ts'

const ada = identityNamed('ada')
const originals = async (store: Store): Promise<EntryKey[]> =>
  (await collect(store.read(ada.id)))
    .filter((entry) => readPayload(entry).kind !== 'rebase')
    .map((entry) => standsFor(entry).key)

test('healing: what another machine wrote with the key is kept, after a wait, and the owner is told', async (t) => {
  const clock = new HandClock()
  const store = await temporaryStore(ada, clock)
  const log = memoryLog()
  const healing = new Healing({ store, clock, random: () => 0.5, log })
  const shared = await store.append(note('shared'))
  clock.now += 1_000_000
  const here = keysOf([await store.append(note('here')), await store.append(note('here too'))])
  const elsewhere = chain(ada, 3, shared)
  await store.ingest(ada.id, rawOf(elsewhere), headOfChain(elsewhere))
  t.equal((await store.lost(ada.id)).length, 1)
  await healing.look()
  t.match(healing.health().words[0] ?? '', /used in two places: 1 branch of your feed lost/)
  t.equal((await store.head(ada.id))?.count, 3, 'not at once')
  clock.now += 60_000_000
  await healing.look()
  t.deepEqual(await originals(store), [shared.key, ...here, ...keysOf(elsewhere)])
  t.deepEqual(await store.lost(ada.id), [])
  const { lost, healed, words } = healing.health()
  t.equal(lost, 0)
  t.equal(healed?.entries, 3)
  t.match(words[0] ?? '', /another machine, or this home was restored: 3 entries of it were kept/)
  t.ok(
    log.lines.some(({ level, message }) => level === 'warn' && message.includes('3 entries')),
    'in the log too',
  )
  const head = await store.head(ada.id)
  clock.now += 600_000_000
  await healing.look()
  t.deepEqual(await store.head(ada.id), head, 'nothing more to do')
  await store.remove()
})

test('healing: where the other branch wins, one goes on from it and publishes one`s own again', async (t) => {
  const clock = new HandClock()
  const store = await temporaryStore(ada, clock)
  const healing = new Healing({ store, clock, random: () => 0, log: memoryLog() })
  const shared = await store.append(note('shared'))
  const here = await store.append(note('here'))
  const elsewhere = chain(ada, 2, shared, { from: clock.now + 5_000_000 })
  clock.now += 10_000_000
  await store.ingest(ada.id, rawOf(elsewhere), headOfChain(elsewhere))
  t.deepEqual(await originals(store), [shared.key, ...keysOf(elsewhere)])
  await healing.look()
  clock.now += 1_000_000
  await healing.look()
  t.deepEqual(await originals(store), [shared.key, ...keysOf(elsewhere), here.key])
  await store.remove()
})
