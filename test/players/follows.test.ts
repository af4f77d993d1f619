import test from 'tape'
import { FollowGraph } from '../../lib/players/index.ts'
import type { Change, Store } from '../../lib/store/index.ts'
import { HandClock, chain, headOfChain, identityNamed, rawOf } from '../helpers/chains.ts'
import type { Payload } from '../../lib/entry/index.ts'
import type { Identity } from '../../lib/keys/index.ts'
import { temporaryStore } from '../helpers/stores.ts'

const [ann, ben, cy, dee, eve] = ['ann', 'ben', 'cy', 'dee', 'eve'].map(identityNamed) as [
  Identity,
  Identity,
  Identity,
  Identity,
  Identity,
]
const follow = ({ id }: Identity, on = true): Payload => ({ type: 'follow', identity: id, on })
const block = ({ id }: Identity, on = true): Payload => ({ type: 'block', identity: id, on })
const name = (graph: FollowGraph): [string, number][] =>
  [...graph.reached()].map(([id, hop]) => [
    [ann, ben, cy, dee, eve].findIndex((player) => player.id === id).toString(),
    hop,
  ])

/** Ann's store, with a graph that is told of every change. */
async function annsGraph(hops: number): Promise<{
  store: Store & { remove(): Promise<void> }
  graph: FollowGraph
  /** Whether the last change moved somebody. */
  settled: () => Promise<boolean>
  says: (author: Identity, ...payloads: Payload[]) => Promise<void>
}> {
  const store = await temporaryStore(ann, new HandClock())
  const graph = new FollowGraph({ store, self: ann.id, hops })
  await graph.load()
  let moved: Promise<boolean> = Promise.resolve(false)
  store.onChange((change: Change) => (moved = moved.then(() => graph.observe(change))))
  return {
    store,
    graph,
    settled: () => moved,
    async says(author, ...payloads) {
      const entries = chain(author, payloads.length, null, { payload: (at) => payloads[at] ?? follow(author) })
      for (let at = 0; at < entries.length; at += 1_000)
        await store.ingest(author.id, rawOf(entries.slice(at, at + 1_000)))
      await moved
    },
  }
}

test('follows: who is reached within hops, nearest first, and again after the store is read anew', async (t) => {
  const { store, graph, settled, says } = await annsGraph(2)
  t.deepEqual(name(graph), [['0', 0]], 'oneself')
  await says(ben, follow(cy))
  t.deepEqual(name(graph), [['0', 0]], 'whom strangers follow is not reached')
  await says(cy, follow(dee))
  await store.append(follow(ben))
  t.equal(await settled(), true, 'a follow of our own moves somebody')
  t.deepEqual(
    name(graph),
    [
      ['0', 0],
      ['1', 1],
      ['2', 2],
    ],
    'two hops, and no third',
  )
  await store.append({ type: 'public_note', text: 'nothing of this' })
  t.equal(await settled(), false, 'a note moves nobody')
  const again = new FollowGraph({ store, self: ann.id, hops: 2 })
  await again.load()
  t.deepEqual(name(again), name(graph), 'read from the store, the same')
  await store.append(follow(ben, false))
  await settled()
  t.deepEqual(name(graph), [['0', 0]], 'unfollowed, he and whom he follows are out of reach')
  await store.remove()
})

test('follows: a blocked player is reached by no way, until unblocked', async (t) => {
  const { store, graph, settled, says } = await annsGraph(2)
  await says(ben, follow(cy))
  await store.append(follow(ben))
  await store.append(block(cy))
  await settled()
  t.ok(graph.blocks(cy.id))
  t.deepEqual(
    name(graph),
    [
      ['0', 0],
      ['1', 1],
    ],
    'not by a hop',
  )
  await store.append(follow(cy))
  await settled()
  t.notOk(graph.reached().has(cy.id), 'nor by a follow')
  await says(eve, block(ann))
  t.notOk(graph.blocks(ann.id), "another's block says nothing here")
  await store.append(block(cy, false))
  await settled()
  t.equal(graph.reached().get(cy.id), 1, 'unblocked, the follow counts')
  await store.remove()
})

test('follows: a changeover takes back what only the losing chain said, of that player alone', async (t) => {
  const { store, graph, settled, says } = await annsGraph(2)
  await says(ben, follow(cy), follow(dee))
  await store.append(follow(ben))
  await settled()
  t.deepEqual([graph.follows(ben.id, cy.id), graph.follows(ben.id, dee.id)], [true, true])
  const other = chain(ben, 3, null, { from: 1_700_000_000_500_000, payload: () => follow(eve) })
  await store.ingest(ben.id, rawOf(other), headOfChain(other))
  t.equal(await settled(), true)
  t.deepEqual(graph.followedBy(ben.id), [eve.id], 'what the feed says now')
  t.equal(graph.reached().get(eve.id), 2)
  t.notOk(graph.reached().has(cy.id))
  t.equal(graph.reached().get(ben.id), 1, 'our own follows stand')
  await store.remove()
})

test('follows: of a stranger who follows everybody, only so many are remembered', async (t) => {
  const { store, graph, says } = await annsGraph(1)
  const names = Array.from({ length: 10_050 }, (_, at) => identityNamed(`crowd ${at}`).id)
  await says(eve, ...names.map((id): Payload => ({ type: 'follow', identity: id, on: true })))
  t.equal(graph.followedBy(eve.id).length, 10_000)
  await store.remove()
})
