import test from 'tape'
import { FollowGraph } from '../../lib/players/index.ts'
import { chain, headOfChain, identityNamed, rawOf } from '../helpers/chains.ts'
import { ann, annsGraph, ben, block, cy, dee, eve, follow } from '../helpers/follow-graphs.ts'

const name = (graph: FollowGraph): [string, number][] =>
  [...graph.reached()].map(([id, hop]) => [
    [ann, ben, cy, dee, eve].findIndex((player) => player.id === id).toString(),
    hop,
  ])

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

test('follows: of several entries about one player the original time decides, also of what is published again', async (t) => {
  const { store, graph, settled, says } = await annsGraph(2)
  const said = chain(ben, 3, null, { payload: (at) => follow(at === 0 ? cy : dee, at !== 1) })
  await store.ingest(ben.id, rawOf(said))
  await store.append(follow(ben))
  await settled()
  t.deepEqual(graph.followedBy(ben.id), [cy.id, dee.id])
  const older = { type: 'again', key: said[1]!.key, comparable: said[1]!.comparable, payload: said[1]!.payload }
  const rest = chain(ben, 1, said[2]!, { payload: () => older })
  await store.ingest(ben.id, rawOf(rest))
  await settled()
  t.deepEqual(graph.followedBy(ben.id), [cy.id, dee.id], 'the older word does not undo the later one')
  const lie = { ...older, key: said[0]!.key, comparable: said[2]!.comparable + 1, payload: follow(cy, false) }
  const lies = chain(ben, 1, rest[0]!, { payload: () => lie })
  await store.ingest(ben.id, rawOf(lies))
  await settled()
  t.deepEqual(graph.followedBy(ben.id), [cy.id, dee.id], 'nor does one whose original says otherwise')
  const [lost] = chain(ben, 1, said[2]!, { payload: () => follow(cy, false) })
  const gone = { ...older, key: lost!.key, comparable: lost!.comparable, payload: lost!.payload }
  await store.ingest(ben.id, rawOf(chain(ben, 1, lies[0]!, { payload: () => gone })))
  await settled()
  t.deepEqual(graph.followedBy(ben.id), [dee.id], 'the later word does, published again or not')
  t.notOk(graph.reached().has(cy.id))
  await says(eve, follow(cy))
  await store.remove()
})

test('follows: the way to a player is told step by step', async (t) => {
  const { store, graph, settled, says } = await annsGraph(3)
  await says(dee, follow(cy))
  const later = chain(ben, 1, null, { from: 1_750_000_000_000_000, payload: () => follow(cy) })
  await store.ingest(ben.id, rawOf(later))
  await says(cy, follow(eve))
  const first = await store.append(follow(dee))
  await store.append(follow(ben))
  await settled()
  const { steps, others } = graph.wayTo(eve.id)
  t.deepEqual(
    steps.map(({ follower, player }) => [follower, player]),
    [
      [ann.id, dee.id],
      [dee.id, cy.id],
      [cy.id, eve.id],
    ],
    'of two ways the one over the oldest follow',
  )
  t.equal(steps[0]?.since, first.comparable)
  t.equal(graph.wayTo(cy.id).others, 1, 'another follows it from as near')
  t.equal(others, 0)
  t.deepEqual(graph.wayTo(identityNamed('nobody').id), { steps: [], others: 0 })
  await store.remove()
})

test('follows: of another who follows everybody only so many are remembered, those named first', async (t) => {
  const { store, graph, settled, says } = await annsGraph(2, { each: 3 })
  await store.append(follow(eve))
  const names = Array.from({ length: 5 }, (_, at) => identityNamed(`crowd ${at}`))
  await says(eve, ...names.map((player) => follow(player)))
  await settled()
  t.deepEqual(
    graph.followedBy(eve.id),
    names.slice(0, 3).map(({ id }) => id),
  )
  await store.remove()
})

test('follows: past the most that are reached the nearest are kept, those followed first', async (t) => {
  const { store, graph, settled, says } = await annsGraph(2, { reached: 3 })
  await says(ben, follow(eve))
  for (const player of [ben, cy]) await store.append(follow(player))
  await settled()
  t.deepEqual([...graph.reached().keys()].sort(), [ann, ben, cy, eve].map(({ id }) => id).sort())
  await store.append(follow(dee))
  await settled()
  t.deepEqual(
    [...graph.reached().keys()].sort(),
    [ann, ben, cy, dee].map(({ id }) => id).sort(),
    'a nearer one takes its place',
  )
  await store.append(follow(cy, false))
  await settled()
  t.ok(graph.reached().has(eve.id), 'and gives it back')
  await store.remove()
})
