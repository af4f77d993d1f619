import test from 'tape'
import { hex, jamIdOf, name as checkedName } from '../../lib/base/index.ts'
import type { Payload } from '../../lib/entry/index.ts'
import { buildScore, MAX_ADMITS, scoreHash } from '../../lib/jam/index.ts'
import { nodeCrypto } from '../../lib/keys/index.ts'
import { LiveJam } from '../../plugins/jams/index.ts'
import type { JamChange } from '../../plugins/jams/live.ts'
import { HandClock, chain, headOfChain, identityNamed, keysOf, rawOf } from '../helpers/chains.ts'
import { temporaryStore } from '../helpers/stores.ts'

const [ann, ben, cy] = [identityNamed('ann'), identityNamed('ben'), identityNamed('cy')]
const jam = jamIdOf(ann.id, checkedName('friday'))
const admit = (identity: string): Payload => ({ type: 'jam', jam, action: 'admit', identity })
const tag = (at: number): Payload => ({ type: 'tag', jam, name: 'mood', value: at, at, on: 'now' })
const hashOf = (live: LiveJam): string =>
  hex(scoreHash(buildScore(jam, live.published()), (bytes) => nodeCrypto.sha256(bytes)))

/** A jam that ann started, followed as its store changes. */
async function followed(): Promise<{
  store: Awaited<ReturnType<typeof temporaryStore>>
  live: LiveJam
  changes: JamChange[]
  folded: () => Promise<unknown>
}> {
  const store = await temporaryStore(ann, new HandClock())
  await store.append({ type: 'jam', jam, action: 'start', tempo: 120, meter: '4/4', engine: 0 })
  await store.append({ type: 'jam', jam, action: 'end', at: 100_000 })
  const live = await loaded(store)
  const changes: JamChange[] = []
  let last: Promise<unknown> = Promise.resolve()
  store.onChange((change) => (last = last.then(async () => changes.push(await live.observe(change)))))
  return { store, live, changes, folded: () => last }
}

async function loaded(store: ConstructorParameters<typeof LiveJam>[1]): Promise<LiveJam> {
  const live = new LiveJam(jam, store)
  await live.load()
  return live
}

test('a live jam: of what a stranger says little is kept, and all of it counts once he is let in', async (t) => {
  const { store, live, changes, folded } = await followed()
  const says = chain(ben, 400, null, { payload: (at) => (at === 399 ? admit(cy.id) : tag(at)) })
  await store.ingest(ben.id, rawOf(says))
  await store.ingest(cy.id, rawOf(chain(cy, 300, null, { payload: tag })))
  await folded()
  const before = live.entries().length
  t.ok(before < 2 + 2 * 300, `${before} of 702 are kept`)
  t.equal((await loaded(store)).entries().length, before)

  await store.append(admit(ben.id))
  await folded()
  t.equal(live.entries().length, 703, 'his and those whom he lets in')
  const told = changes.flatMap(({ entries }) => entries.map(({ key }) => key))
  t.deepEqual([told.length, new Set(told).size], [701, 701], 'each told once')
  t.deepEqual(
    live.refused().filter(({ code }) => code === 'JAM_TOO_LARGE'),
    [],
  )
  t.equal(hashOf(live), hashOf(await loaded(store)), 'whenever he was')
  await store.remove()
})

test('a live jam: what is too much of a member goes, also where it was sent ahead', async (t) => {
  const { store, live, changes, folded } = await followed()
  await store.append(admit(ben.id))
  await folded()
  const size = (): number => live.ledger.members.everyone.size
  const admits = chain(ben, MAX_ADMITS + 2, null, {
    payload: (at) => admit(identityNamed(`guest ${at % 30} of ${Math.floor(at / 1_000)}`).id),
  })
  const last = admits.at(-1)!
  t.equal(live.ahead(last), 'taken')
  t.equal(size(), 3, 'a guest more')
  await store.ingest(ben.id, rawOf(admits))
  await folded()
  t.deepEqual(
    changes.flatMap(({ withdrawn }) => withdrawn),
    [last.key],
    'in its feed it stands after too many',
  )
  t.equal(live.entries().length, 3 + MAX_ADMITS)
  t.deepEqual(
    live.refused().map(({ code }) => code),
    ['JAM_TOO_LARGE', 'JAM_TOO_LARGE'],
  )
  t.equal(hashOf(live), hashOf(await loaded(store)))

  const anew = chain(ben, 2, null, { from: 1_700_000_005_000_000, payload: (at) => admit(identityNamed(`${at}`).id) })
  await store.ingest(ben.id, rawOf(anew), headOfChain(anew))
  await folded()
  t.equal(live.entries().length, 5, 'another feed has its own room')
  t.deepEqual(
    changes
      .at(-1)
      ?.entries.map(({ key }) => key)
      .sort(),
    keysOf(anew).sort(),
  )
  t.deepEqual([size(), live.refused()], [4, []])
  await store.remove()
})
