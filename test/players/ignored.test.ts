import test from 'tape'
import type { Payload } from '../../lib/entry/index.ts'
import { box, type Identity } from '../../lib/keys/index.ts'
import { Ignored } from '../../lib/players/index.ts'
import { HandClock, chain, headOfChain, identityNamed, rawOf } from '../helpers/chains.ts'
import { temporaryStore } from '../helpers/stores.ts'

const [ann, ben, cy] = ['ann', 'ben', 'cy'].map(identityNamed) as [Identity, Identity, Identity]
const ignore = ({ id }: Identity, on = true, reader = ann): Payload =>
  box({ type: 'ignore', identity: id, on }, [reader.id])

test("ignored: said in entries that only oneself can read; others' say nothing here", async (t) => {
  const clock = new HandClock()
  const store = await temporaryStore(ann, clock)
  const ignored = new Ignored({ store, identity: ann })
  await ignored.load()
  const turned: string[][] = []
  let folded: Promise<unknown> = Promise.resolve()
  store.onChange((change) => (folded = folded.then(async () => turned.push([...(await ignored.observe(change))]))))
  const said = await store.append(ignore(ben))
  await store.append(ignore(cy, true, ben))
  await store.append(box({ type: 'private_note', text: 'to myself' }, [ann.id]))
  await store.ingest(ben.id, rawOf(chain(ben, 1, null, { payload: () => ignore(cy) })))
  await folded
  t.deepEqual(ignored.list(), [ben.id], 'not what another wrote, nor what one cannot read')
  t.equal(ignored.since(ben.id), said.comparable)
  t.notOk(ignored.has(cy.id))
  const fresh = new Ignored({ store, identity: ann })
  await fresh.load()
  t.deepEqual(fresh.list(), [ben.id], 'read from the store, the same')
  await store.append(ignore(ben, false))
  await folded
  t.notOk(ignored.has(ben.id))
  t.deepEqual(turned, [[ben.id], [], [], [], [ben.id]], 'who turned')
  await store.remove()
})

test('ignored: after a changeover what only the losing branch said is gone, what is published again counts', async (t) => {
  const store = await temporaryStore(ann, new HandClock())
  const ignored = new Ignored({ store, identity: ann })
  const first = chain(ann, 2, null, { payload: (at) => ignore(at === 0 ? ben : cy) })
  await store.ingest(ann.id, rawOf(first))
  await ignored.load()
  t.deepEqual(ignored.list(), [ben.id, cy.id])
  let turned: ReadonlySet<string> = new Set()
  let folded: Promise<unknown> = Promise.resolve()
  store.onChange((change) => (folded = folded.then(async () => (turned = await ignored.observe(change)))))
  const { key, comparable, payload } = first[1]!
  const anew = chain(ann, 1, null, {
    from: 1_700_000_000_900_000,
    payload: () => ({ type: 'again', key, comparable, payload }),
  })
  await store.ingest(ann.id, rawOf(anew), headOfChain(anew))
  await folded
  t.deepEqual(ignored.list(), [cy.id])
  t.equal(ignored.since(cy.id), comparable, 'since its original')
  t.deepEqual([...turned], [ben.id])
  await store.remove()
})

test('ignored: an again whose original is in the feed undoes nothing, whatever time it claims', async (t) => {
  const store = await temporaryStore(ann, new HandClock())
  const ignored = new Ignored({ store, identity: ann })
  await ignored.load()
  let folded: Promise<unknown> = Promise.resolve()
  store.onChange((change) => (folded = folded.then(() => ignored.observe(change))))
  const said = chain(ann, 2, null, { payload: (at) => ignore(at === 0 ? ben : cy) })
  const { key, comparable } = said[1]!
  const lie: Payload = { type: 'again', key, comparable: comparable + 1, payload: ignore(ben, false) }
  await store.ingest(ann.id, rawOf([...said, ...chain(ann, 1, said[1]!, { payload: () => lie })]))
  await folded
  t.deepEqual(ignored.list(), [ben.id, cy.id])
  const fresh = new Ignored({ store, identity: ann })
  await fresh.load()
  t.deepEqual(fresh.list(), [ben.id, cy.id], 'nor read from the store')
  await store.remove()
})
