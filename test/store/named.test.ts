import test from 'tape'
import type { Entry, Payload } from '../../lib/entry/index.ts'
import { HandClock, chain, headOfChain, identityNamed, keysOf, note, rawOf } from '../helpers/chains.ts'
import { temporaryStore } from '../helpers/stores.ts'

const [ada, ben] = [identityNamed('ada'), identityNamed('ben')]
const again = ({ key, comparable, payload }: Entry): Payload => ({ type: 'again', key, comparable, payload })

test('named: what a rebase replaces is kept until all that it keeps has come', async (t) => {
  const store = await temporaryStore(ada, new HandClock())
  const old = chain(ben, 6, null)
  await store.ingest(ben.id, rawOf(old))
  const payloads = [{ type: 'rebase', replaces: keysOf(old.slice(-1)), kept: 3 } as Payload, ...old.slice(3).map(again)]
  const from = headOfChain(old).comparable + 1_000
  const next = chain(ben, 4, old[1] ?? null, { from, payload: (at) => payloads[at] ?? '.box' })
  for (const [at, entry] of next.entries()) {
    // Nobody announces the head, so what has come takes over, and is shorter than what it replaces.
    t.equal((await store.ingest(ben.id, rawOf([entry]))).kind, 'adopted')
    t.equal((await store.lost(ben.id)).length, at < 3 ? 1 : 0, `${at} of 3 have come`)
    t.equal((await store.get(old[5]!.key, 'anywhere'))?.key, at < 3 ? old[5]?.key : next[3]?.key, 'nothing is lost')
  }
  t.equal((await store.verifyAll()).bad, 0)
  await store.remove()
})

test('named: a branch that waits for its announced head goes once the feed has named what of it is here', async (t) => {
  const store = await temporaryStore(ada, new HandClock())
  const feed = chain(ben, 4, null)
  await store.ingest(ben.id, rawOf(feed))
  const aside = chain(ben, 2, feed[1] ?? null, { from: feed[1]!.comparable + 5, payload: (at) => note(`aside ${at}`) })
  await store.ingest(ben.id, rawOf(aside.slice(0, 1)), { ...headOfChain(aside), comparable: 1_790_000_000_000_000 })
  t.deepEqual(keysOf(await store.lost(ben.id)), keysOf(aside.slice(0, 1)))
  const payloads: Payload[] = [again(aside[0]!), { type: 'rebase', replaces: keysOf(aside.slice(0, 1)) }]
  const next = chain(ben, 2, feed[3] ?? null, { payload: (at) => payloads[at] ?? '.box' })
  await store.ingest(ben.id, rawOf(next))
  t.deepEqual(await store.lost(ben.id), [])
  t.equal((await store.get(aside[0]!.key))?.key, next[0]?.key)
  const far = { ...headOfChain(aside), comparable: 1_790_000_000_000_000 }
  t.equal((await store.ingest(ben.id, rawOf(aside.slice(0, 1)), far)).kind, 'staged', 'somebody sends it once more')
  t.equal((await store.lost(ben.id)).length, 1, 'it may go on beyond what is named')
  t.equal((await store.ingest(ben.id, rawOf(next))).kind, 'known')
  t.deepEqual(await store.lost(ben.id), [], 'what the feed has is not waited for')
  t.equal((await store.verifyAll()).bad, 0)
  await store.remove()
})
