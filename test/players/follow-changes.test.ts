import test from 'tape'
import { FollowGraph, type FollowLimits } from '../../lib/players/index.ts'
import type { Change } from '../../lib/store/index.ts'
import { chain, headOfChain, identityNamed, rawOf } from '../helpers/chains.ts'
import type { Entry, Payload } from '../../lib/entry/index.ts'
import type { Identity } from '../../lib/keys/index.ts'
import { ann, annsGraph, ben, block, follow } from '../helpers/follow-graphs.ts'

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
