import test from 'tape'
import { FollowGraph, type FollowLimits } from '../../lib/players/index.ts'
import type { Change, Store } from '../../lib/store/index.ts'
import { HandClock, chain, headOfChain, identityNamed, rawOf } from '../helpers/chains.ts'
import type { Entry, Payload } from '../../lib/entry/index.ts'
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
async function annsGraph(
  hops: number,
  limits: Partial<FollowLimits> = {},
): Promise<{
  store: Store & { remove(): Promise<void> }
  graph: FollowGraph
  /** Whether the last change moved somebody. */
  settled: () => Promise<boolean>
  says: (author: Identity, ...payloads: Payload[]) => Promise<void>
}> {
  const store = await temporaryStore(ann, new HandClock())
  const graph = new FollowGraph({ store, self: ann.id, hops, limits })
  await graph.load()
  let moved: Promise<boolean> = Promise.resolve(false)
  store.onChange((change: Change) => (moved = moved.then(async () => (await graph.observe(change)) !== undefined)))
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

/** A generator of numbers that is the same for the same seed (mulberry32). */
function numbers(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below
  }
}

const crowd = Array.from({ length: 7 }, (_, at) => identityNamed(`of the crowd ${at}`))
const CASES: readonly { readonly hops: number; readonly limits: Partial<FollowLimits> }[] = [
  { hops: 2, limits: {} },
  { hops: 3, limits: {} },
  { hops: 1, limits: { each: 2 } },
  { hops: 2, limits: { each: 2 } },
  { hops: 4, limits: { reached: 3 } },
  { hops: 3, limits: { all: 4, each: 3 } },
]

for (const [seed, { hops, limits }] of CASES.entries()) {
  test(`follows: kept true change by change is the same as read from scratch: seed ${seed}, ${hops} hops, ${JSON.stringify(limits)}`, async (t) => {
    const { store, graph, settled } = await annsGraph(hops, limits)
    const pick = numbers(seed + 1)
    const chains = new Map<Identity, Entry[]>(crowd.map((author) => [author, []]))
    const others = [...crowd, ann]
    const one = (): Identity => others[pick(others.length)]!
    const words = (author: Identity): Payload => {
      const old = chains.get(author)?.filter(({ payload }) => (payload as { type: string }).type !== 'again') ?? []
      if (old.length > 0 && pick(6) === 0) {
        const { key, comparable, payload } = old[pick(old.length)]!
        return { type: 'again', key, comparable, payload }
      }
      return pick(8) === 0 ? block(one(), pick(3) > 0) : follow(one(), pick(4) > 0)
    }
    let wrong = 0
    let moved = 0
    let changeovers = 0
    for (let round = 0; round < 120; round++) {
      if (pick(3) === 0) await store.append(pick(5) === 0 ? block(one(), pick(2) > 0) : follow(one(), pick(5) > 0))
      else {
        const author = crowd[pick(crowd.length)]!
        const chained = chains.get(author)!
        const from = pick(4) === 0 ? pick(chained.length + 1) : chained.length
        if (from < chained.length) changeovers++
        const kept = chained.slice(0, from)
        const start = (chained.at(-1)?.comparable ?? 1_700_000_000_000_000) + 1_000
        const grown = chain(author, 1 + pick(3), kept.at(-1) ?? null, { from: start, payload: () => words(author) })
        chains.set(author, [...kept, ...grown])
        await store.ingest(author.id, rawOf(grown), headOfChain(grown))
      }
      const told = await settled()
      const fresh = new FollowGraph({ store, self: ann.id, hops, limits })
      await fresh.load()
      const same = JSON.stringify([...graph.reached()].sort()) === JSON.stringify([...fresh.reached()].sort())
      if (!same || crowd.some(({ id }) => graph.blocks(id) !== fresh.blocks(id))) wrong++
      if (told) moved++
    }
    t.equal(wrong, 0)
    t.ok(moved > 10 && changeovers > 3, `${moved} rounds moved somebody, ${changeovers} changed over`)
    await store.remove()
  })
}

test('follows: a change among ten thousand costs what it moves', async (t) => {
  const { store, graph, settled } = await annsGraph(2)
  const many = Array.from({ length: 10_000 }, (_, at) => identityNamed(`one of many ${at}`).id)
  for (let at = 0; at < 9_990; at += 999)
    await Promise.all(many.slice(at, at + 999).map((identity) => store.append({ type: 'follow', identity, on: true })))
  await settled()
  t.equal(graph.reached().size, 9_991)
  const reads: string[] = []
  const counted = new FollowGraph({
    store: new Proxy(store, {
      get: (target, name) => {
        if (name === 'byType') reads.push('byType')
        const value: unknown = Reflect.get(target, name)
        return typeof value === 'function' ? (value.bind(target) as unknown) : value
      },
    }),
    self: ann.id,
    hops: 2,
  })
  await counted.load()
  reads.length = 0
  const changes: Change[] = []
  store.onChange((change) => changes.push(change))
  await store.append(follow(ben))
  await store.append(follow(ben, false))
  for (const change of changes) {
    const moved = await counted.observe(change)
    t.deepEqual([...(moved?.players ?? [])], [ben.id], 'one has moved')
  }
  t.equal(reads.length, 1, 'and one feed was read: that of whom he follows')
  await store.remove()
})
