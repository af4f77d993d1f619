import test from 'tape'
import type { PlayerId } from '../../lib/base/index.ts'
import { GOSSIP_LIMITS } from '../../lib/gossip/index.ts'
import type { GossipEvent } from '../../lib/gossip/index.ts'
import { Bench, author, entryOf, headOf, near, openStream } from './bench.ts'
import type { Timeless } from './bench.ts'
import { playerOf } from './simulator.ts'

test('gossip core: heads that change while nobody listens are told once', (t) => {
  const bench = new Bench().connect(1, near)
  for (let count = 1; count <= 50; count++) bench.do({ type: 'changed', head: { identity: author, ...headOf(count) } })
  t.deepEqual(bench.sent, [], 'with four unheard nothing more is sent')
  bench.hear(1, { type: 'heard', serial: 4 })
  const told = bench.sent.flatMap(([, frame]) => (frame.type === 'ihave' ? frame.heads : []))
  t.deepEqual(
    told.map((head) => head.count),
    [50],
    'then the last head alone',
  )
  t.end()
})

test('gossip core: at a changeover a stream goes on from the common ancestor, and older answers are dropped', (t) => {
  const change = (count: number, ancestor?: number): Timeless<GossipEvent> => ({
    type: 'changed',
    head: { identity: author, ...headOf(count) },
    ...(ancestor !== undefined && { changeover: { ancestor: headOf(ancestor) } }),
  })
  const bench = new Bench().connect(1, near).do(change(8))
  bench.hear(1, { type: 'iwant', stream: 3, identity: author, after: headOf(6) })
  const asked = bench.effects.find((effect) => effect.type === 'find')
  bench.hear(1, { type: 'credit', bytes: 1_000 })
  bench.do({ type: 'found', link: 1, stream: 3, turn: asked?.turn ?? -1, at: headOf(6) })
  const reading = bench.effects.find((effect) => effect.type === 'read')
  t.equal(reading?.after?.key, headOf(6).key, 'it reads on after what the peer has')
  bench.do(change(9, 4))
  const { comparable, key } = headOf(4)
  t.deepEqual(
    bench.sent.map(([, frame]) => frame),
    [{ type: 'at', stream: 3, at: { comparable, key }, head: headOf(9) }],
    'the peer is told where the chains part',
  )
  bench.do({ type: 'run', link: 1, stream: 3, turn: reading?.turn ?? -1, entries: [entryOf(author, 7)] })
  t.deepEqual(bench.sent, [], 'what was read of the old chain is not sent')
  const again = bench.effects.find((effect) => effect.type === 'read')
  t.equal(again?.after?.key, headOf(4).key, 'the new chain is read from the ancestor')
  const early = new Bench().connect(1, near).do(change(8))
  early.hear(1, { type: 'iwant', stream: 3, identity: author, after: headOf(2) })
  early.do(change(9, 4))
  t.deepEqual(
    early.effects.flatMap((effect) => (effect.type === 'find' ? [effect.turn] : [])),
    [2],
    'a position still being looked for is looked for again',
  )
  early.do({ type: 'found', link: 1, stream: 3, turn: 1, at: headOf(2) })
  t.deepEqual(early.effects, [], 'and the older answer counts for nothing')
  t.end()
})

test('gossip core: looks into the store for one peer are few at a time, whatever it asks', (t) => {
  const bench = new Bench().connect(1, near).do({ type: 'changed', head: { identity: author, ...headOf(9) } })
  let looks = 0
  for (let stream = 0; stream < 10_000; stream++) {
    bench.hear(1, { type: 'iwant', stream, identity: author, after: headOf(2) })
    looks += bench.effects.filter((effect) => effect.type === 'find').length
    bench.hear(1, { type: 'stop', stream })
  }
  t.equal(looks, GOSSIP_LIMITS.maxLooks, '10,000 wants, each stopped at once: a few looks that were not answered')
  const [link] = [...bench.state.links.values()]
  t.deepEqual([link?.serves.size, link?.toLook.size], [0, 0], 'and nothing is left of them')
  t.end()
})

test('gossip core: a run that was read while the credit ran out waits for more', (t) => {
  const bench = openStream()
  bench.hear(1, { type: 'credit', bytes: 100 })
  const reading = bench.effects.find((effect) => effect.type === 'read')
  const other = playerOf(9)
  bench.do({ type: 'changed', head: { identity: other, ...headOf(1) } })
  bench.hear(1, { type: 'iwant', stream: 4, identity: other, after: headOf(1) })
  bench.do({ type: 'changed', head: { identity: other, ...headOf(2) }, entries: [entryOf(other, 2)] })
  t.deepEqual(
    bench.sent.map(([, frame]) => frame.type),
    ['run'],
    'a fresh entry of another feed goes first',
  )
  bench.do({ type: 'run', link: 1, stream: 3, turn: reading?.turn ?? -1, entries: [entryOf(author, 1)] })
  t.deepEqual(bench.sent, [], 'what was read is not sent without credit')
  bench.hear(1, { type: 'credit', bytes: 1_000 })
  const again = bench.effects.find((effect) => effect.type === 'read')
  t.equal(again?.stream, 3, 'but read again with it')
  t.end()
})

test('gossip core: where the rights of few feeds change, few are looked at, and their streams end', (t) => {
  const FEEDS = 1_000
  const feeds = Array.from({ length: FEEDS }, (_, at) => playerOf(100 + at))
  const hidden = new Set<PlayerId>()
  let asked = 0
  const mayServe = (_peer: PlayerId, feed: PlayerId): boolean => {
    asked++
    return !hidden.has(feed)
  }
  const bench = new Bench({}, { mayServe })
  for (const identity of feeds) bench.do({ type: 'changed', head: { identity, ...headOf(1) } })
  bench.connect(1, near)
  for (const serial of [1, 2]) bench.hear(1, { type: 'heard', serial })
  const [one, two] = feeds
  bench.hear(1, { type: 'iwant', stream: 3, identity: one!, after: headOf(1) })
  const reconsider = (...changed: PlayerId[]): void => {
    asked = 0
    bench.do({ type: 'reconsider', peer: near, feeds: changed })
  }
  hidden.add(one!)
  const told = (): unknown[] =>
    bench.sent.map(([, frame]) =>
      frame.type === 'ihave' ? frame.heads.map(({ identity, count }) => [identity, count]) : frame,
    )
  reconsider(one!, playerOf(5))
  t.deepEqual(told(), [{ type: 'end', stream: 3, code: 'not-served' }, [[one, 0]]], 'the feed is taken back')
  t.ok(asked < 5, `${asked} questions`)
  hidden.delete(one!)
  reconsider(one!, two!)
  t.deepEqual(told(), [[[one, 1]]], 'and offered again; of what is as it was nothing is said')
  t.ok(asked < 5, `${asked} questions`)
  hidden.add(two!)
  bench.do({ type: 'reconsider', peer: near })
  t.deepEqual(told(), [[[two, 0]]], 'without feeds all are looked at')
  t.ok(asked >= FEEDS)
  t.end()
})
