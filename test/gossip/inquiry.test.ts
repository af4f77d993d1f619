import test from 'tape'
import type { Entry } from '../../lib/entry/index.ts'
import { chain, headOfChain, identityNamed, rawOf } from '../helpers/chains.ts'
import { gossipNode, linkNodes, untilHead } from '../helpers/gossips.ts'
import type { GossipNode } from '../helpers/gossips.ts'
import { Bench, author, far, headOf, near, tracking } from './bench.ts'

const [ann, ben, cy] = [identityNamed('ann'), identityNamed('ben'), identityNamed('cy')]
const entries = chain(ann, 6, null)
const head = headOfChain(entries)

/** A node that has some of Ann's feed. */
async function holding(who: typeof ben, some: readonly Entry[]): Promise<GossipNode> {
  const node = await gossipNode(who, { tracked: [ann.id] })
  if (some.length > 0) await node.store.ingest(ann.id, rawOf(some))
  return node
}

test('gossip: asked anew, a peer that was told of a feed says that it has it, and the link stays', async (t) => {
  const [a, b] = [await holding(ben, entries), await holding(cy, [])]
  const pair = linkNodes(a, b)
  let ended = false
  void pair.ended.then(() => (ended = true))
  await untilHead(b.store, ann.id, head)
  t.deepEqual(a.gossip.holders(ann.id, head), [], 'it never said so: it was sent all of it')
  t.deepEqual(await a.gossip.askHolders(ann.id, head), [cy.id])
  t.deepEqual(await b.gossip.askHolders(ann.id, head), [ben.id])
  t.notOk(ended)
  const more = chain(ann, 2, entries.at(-1)!)
  await a.store.ingest(ann.id, rawOf(more))
  await untilHead(b.store, ann.id, headOfChain(more))
  t.deepEqual([...a.faults, ...b.faults], [])
  for (const node of [a, b]) await node.close()
})

test('gossip: a feed that was deleted is drawn anew over the links that are up, as often as one likes', async (t) => {
  const [a, b] = [await holding(ben, entries), await holding(cy, [])]
  const pair = linkNodes(a, b)
  let ended = false
  void pair.ended.then(() => (ended = true))
  await untilHead(b.store, ann.id, head)
  for (const node of [a, b, a]) {
    const other = node === a ? cy.id : ben.id
    t.deepEqual(await node.gossip.askHolders(ann.id, head), [other])
    await node.store.discard(ann.id)
    node.gossip.forget(ann.id)
    await untilHead(node.store, ann.id, head)
  }
  t.notOk(ended, 'over the same link')
  t.deepEqual([...a.faults, ...b.faults], [])
  for (const node of [a, b]) await node.close()
})

test('gossip: who has less, or nothing, is no holder, and both are soon known', async (t) => {
  const a = await holding(ben, entries)
  const b = await gossipNode(cy)
  await b.store.ingest(ann.id, rawOf(entries.slice(0, 3)))
  const c = await gossipNode(ann)
  linkNodes(a, b)
  linkNodes(a, c)
  t.deepEqual(await a.gossip.askHolders(ann.id, head), [], 'asked before they have greeted')
  t.deepEqual(await a.gossip.askHolders(ann.id, head), [], 'and after')
  for (const node of [a, b, c]) await node.close()
})

test('gossip core: of a feed that was deleted no peer is told any more, and what one announced since is asked for', (t) => {
  const bench = tracking().connect(1, near).connect(2, far)
  bench.do({ type: 'changed', head: { identity: author, ...headOf(5) } })
  bench.do({ type: 'forgotten', identity: author })
  const counts = bench.sent.flatMap(([link, frame]) =>
    frame.type === 'ihave' ? frame.heads.map(({ count }) => [link, count]) : [],
  )
  t.deepEqual(counts, [
    [1, 0],
    [2, 0],
  ])
  const probed = bench.sent.flatMap(([link, frame]) => (frame.type === 'iwant' ? [[link, frame.after]] : []))
  t.deepEqual(probed, [
    [1, undefined],
    [2, undefined],
  ])
  t.deepEqual(bench.closed, [])
  t.deepEqual(bench.announce(1, 1, 5).asked, [1])
  t.end()
})

test('gossip core: an inquiry ends with each answer, or with the link', (t) => {
  const bench = new Bench().connect(1, near).connect(2, far)
  bench.do({ type: 'changed', head: { identity: author, ...headOf(5) } })
  bench.do({ type: 'inquired', identity: author, on: true })
  const open = (): unknown[] => [...(bench.state.inquiries.get(author)?.keys() ?? [])]
  t.deepEqual(open(), [1, 2])
  bench.announce(1, 1, 4)
  t.deepEqual(open(), [2])
  bench.connect(3, near)
  t.deepEqual(open(), [2, 3], 'who connects meanwhile is asked too')
  const stream = bench.state.inquiries.get(author)?.get(3) ?? -1
  bench.hear(3, { type: 'end', stream, code: 'not-served' })
  t.deepEqual(open(), [2])
  bench.do({ type: 'inquired', identity: author, on: false })
  t.equal(bench.state.inquiries.size, 0)
  t.end()
})
