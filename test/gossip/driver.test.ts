import test from 'tape'
import { compareHeads } from '../../lib/entry/index.ts'
import { decodeFrame, encodeFrame } from '../../lib/gossip/index.ts'
import type { Frame } from '../../lib/gossip/index.ts'
import { chain, headOfChain, identityNamed, note, rawOf } from '../helpers/chains.ts'
import { duplexPair } from '../helpers/duplex.ts'
import { GOSSIP_HELLO, gossipNode, linkNodes, untilHead, untilStore } from '../helpers/gossips.ts'
import type { GossipNode } from '../helpers/gossips.ts'

const [ann, ben, cy] = [identityNamed('ann'), identityNamed('ben'), identityNamed('cy')]

test('gossip: what A publishes reaches C through B as it is written, each entry once', async (t) => {
  const a = await gossipNode(ann)
  const b = await gossipNode(ben, { tracked: [ann.id] })
  const c = await gossipNode(cy, { tracked: [ann.id] })
  linkNodes(a, b)
  linkNodes(b, c)
  for (let at = 0; at < 20; at++) {
    const entry = await a.store.append(note(`live ${at}`))
    await untilHead(c.store, ann.id, entry)
  }
  t.equal((await c.store.head(ann.id))?.count, 20, 'C has all of it')
  t.deepEqual(
    [a, b, c].flatMap((node) => node.faults),
    [],
    'and nobody complained',
  )
  for (const node of [a, b, c]) await node.close()
})

test('gossip: 5,000 entries are caught up with over a link that is cut in the middle', async (t) => {
  const a = await gossipNode(ann)
  const b = await gossipNode(ben, { tracked: [ann.id] })
  const long = chain(ann, 5_000, null)
  for (let at = 0; at < long.length; at += 1_000) await a.store.ingest(ann.id, rawOf(long.slice(at, at + 1_000)))
  const first = linkNodes(a, b)
  await untilStore(b.store, async () => ((await b.store.head(ann.id))?.count ?? 0) >= 1_000)
  first.cut()
  await first.ended
  const before = (await b.store.head(ann.id))?.count ?? 0
  t.ok(before < 5_000, `cut after ${before} entries`)
  let received = 0
  b.store.onChange(({ entries }) => (received += entries.length))
  linkNodes(a, b)
  await untilHead(b.store, ann.id, headOfChain(long))
  t.equal((await b.store.head(ann.id))?.count, 5_000, 'the rest came over the next link')
  t.equal(received, 5_000 - before, 'and nothing but the rest')
  await a.close()
  await b.close()
})

test('gossip: a feed that two machines with one key have forked ends with one head everywhere', async (t) => {
  const shared = chain(ann, 300, null)
  const left = [...shared, ...chain(ann, 40, shared.at(-1)!, { step: 7 })]
  const right = [...shared, ...chain(ann, 700, shared.at(-1)!, { step: 11 })]
  const [a, b] = [await gossipNode(ann), await gossipNode(ann)]
  const c = await gossipNode(cy, { tracked: [ann.id] })
  const d = await gossipNode(ben, { tracked: [ann.id] })
  await a.store.ingest(ann.id, rawOf(left))
  await b.store.ingest(ann.id, rawOf(right))
  const best = compareHeads(headOfChain(left), headOfChain(right)) > 0 ? left : right
  t.equal(best, right, 'the longer branch wins here')
  linkNodes(a, c)
  linkNodes(b, d)
  await untilHead(c.store, ann.id, headOfChain(left))
  await untilHead(d.store, ann.id, headOfChain(right))
  linkNodes(c, d)
  for (const node of [a, b, c, d]) await untilHead(node.store, ann.id, headOfChain(best))
  t.deepEqual(
    await Promise.all([a, b, c, d].map(async (node) => (await node.store.head(ann.id))?.count)),
    [1_000, 1_000, 1_000, 1_000],
    'every node has the whole of it',
  )
  const [lost] = await a.store.lost(ann.id)
  t.equal(lost?.key, headOfChain(left).key, 'the losing head is kept')
  const entry = await a.store.append(note('after the fork'))
  await untilHead(b.store, ann.id, entry)
  t.pass('and the feed lives on')
  for (const node of [a, b, c, d]) await node.close()
})

test('gossip: a stranger gets the feed it may have and no other', async (t) => {
  const a = await gossipNode(ann, { tracked: [ben.id], mayServe: (_peer, feed) => feed === ann.id })
  const b = await gossipNode(cy, { tracked: [ann.id, ben.id] })
  await a.store.ingest(ben.id, rawOf(chain(ben, 3, null)))
  const entry = await a.store.append(note('open to all'))
  const raw = rawPeer(a)
  await raw.until('ihave')
  raw.push({ type: 'iwant', stream: 7, identity: ben.id, after: undefined })
  t.deepEqual(await raw.until('end'), { type: 'end', stream: 7, code: 'not-served' }, 'asking is answered with no')
  t.deepEqual(
    raw.seen.flatMap((frame) => (frame.type === 'ihave' ? frame.heads.map((head) => head.identity) : [])),
    [ann.id],
    'only the own feed is announced',
  )
  linkNodes(a, b)
  await untilHead(b.store, ann.id, entry)
  t.equal(await b.store.head(ben.id), undefined)
  await a.close()
  await b.close()
})

test('gossip: rights that change are told: a feed is offered, then taken back', async (t) => {
  let allowed = false
  const a = await gossipNode(ann, { mayServe: (_peer, feed) => feed === ann.id || allowed })
  await a.store.ingest(ben.id, rawOf(chain(ben, 3, null)))
  const raw = rawPeer(a)
  await raw.until('ihave')
  raw.push({ type: 'heard', serial: 1 })
  allowed = true
  a.gossip.reconsider(cy.id)
  const offered = await raw.until('ihave')
  t.deepEqual(
    offered.heads.map(({ identity, count }) => [identity, count]),
    [[ben.id, 3]],
  )
  raw.push({ type: 'heard', serial: 2 })
  raw.push({ type: 'iwant', stream: 0, identity: ben.id, after: undefined })
  raw.push({ type: 'credit', bytes: 100_000 })
  t.equal((await raw.until('run')).entries.length, 3)
  allowed = false
  a.gossip.reconsider(cy.id)
  t.equal((await raw.until('end')).code, 'not-served', 'its stream ends')
  const withdrawn = await raw.until('ihave')
  t.deepEqual(
    withdrawn.heads.map(({ identity, count }) => [identity, count]),
    [[ben.id, 0]],
  )
  await a.close()
})

test('gossip: a peer that asks for everything and grants little gets no more than it granted', async (t) => {
  const a = await gossipNode(ann)
  await a.store.ingest(ann.id, rawOf(chain(ann, 3_000, null)))
  const raw = rawPeer(a)
  raw.push({ type: 'iwant', stream: 0, identity: ann.id, after: undefined })
  raw.push({ type: 'credit', bytes: 1 })
  const run = await raw.until('run')
  t.ok(encodeFrame(run).length <= 65_536, 'one frame came')
  raw.push({ type: 'iwant', stream: 1, identity: ben.id, after: undefined })
  await raw.until('end')
  t.equal(raw.seen.filter((frame) => frame.type === 'run').length, 1, 'and no second one without credit')
  raw.push({ type: 'credit', bytes: 1_000_000 })
  t.equal((await raw.until('run')).entries.length > 50, true, 'more credit, more runs')
  await a.close()
})

test('gossip: a peer that grants without end and never reads costs bounded memory', async (t) => {
  const a = await gossipNode(ann)
  const long = chain(ann, 4_000, null)
  await a.store.ingest(ann.id, rawOf(long))
  const pair = duplexPair()
  let sent = 0
  const counting = {
    ...pair.a,
    push: async (bytes: Uint8Array) => {
      sent += bytes.length
      await pair.a.push(bytes)
    },
  }
  void a.gossip.link(cy.id, counting)
  const push = (frame: Exclude<Frame, { type: 'optional' }>) => pair.b.push(encodeFrame(frame))
  await push(GOSSIP_HELLO)
  await push({ type: 'iwant', stream: 0, identity: ann.id, after: undefined })
  for (let at = 0; at < 100; at++) await push({ type: 'credit', bytes: 2 ** 32 - 1 })
  const b = await gossipNode(ben, { tracked: [ann.id] })
  linkNodes(a, b)
  await untilHead(b.store, ann.id, headOfChain(long))
  t.ok(sent < 3 * 262_144, `${sent} bytes were handed to a peer that reads none of them, of ${totalBytes(long)}`)
  await a.close()
  await b.close()
})

const totalBytes = (entries: ReturnType<typeof chain>) => entries.reduce((sum, { bytes }) => sum + bytes.length, 0)

/** A peer made of frames: says hello and tells what comes. */
function rawPeer(node: GossipNode) {
  const pair = duplexPair()
  void node.gossip.link(cy.id, pair.a)
  const frames = pair.b.source[Symbol.asyncIterator]()
  const seen: Frame[] = []
  const push = (frame: Exclude<Frame, { type: 'optional' }>): void => void pair.b.push(encodeFrame(frame))
  push(GOSSIP_HELLO)
  async function until<T extends Frame['type']>(type: T): Promise<Extract<Frame, { type: T }>> {
    for (;;) {
      const next = await frames.next()
      if (next.done === true) throw new Error(`the link ended before ${type}`)
      const frame = decodeFrame(next.value)!
      seen.push(frame)
      if (frame.type === type) return frame as Extract<Frame, { type: T }>
    }
  }
  return { push, until, seen }
}

test('gossip: a live entry passes through a node that is catching up with 20,000 old ones', async (t) => {
  const a = await gossipNode(ann)
  const old = await gossipNode(cy)
  const b = await gossipNode(ben, { tracked: [ann.id, cy.id] })
  const c = await gossipNode(identityNamed('dee'), { tracked: [ann.id] })
  const long = chain(cy, 20_000, null)
  for (let at = 0; at < long.length; at += 1_000) await old.store.ingest(cy.id, rawOf(long.slice(at, at + 1_000)))
  linkNodes(a, b)
  linkNodes(b, c)
  linkNodes(old, b)
  await untilStore(b.store, async () => (await b.store.head(cy.id)) !== undefined)
  const took: number[] = []
  let behind = 0
  for (let at = 0; at < 20; at++) {
    const since = performance.now()
    const entry = await a.store.append(note(`live ${at}`))
    await untilHead(c.store, ann.id, entry)
    took.push(performance.now() - since)
    if (((await b.store.head(cy.id))?.count ?? 0) < 20_000) behind++
  }
  took.sort((x, y) => x - y)
  t.ok(behind > 0, `${behind} of 20 live entries came while the backlog did`)
  t.comment(
    `publish until stored two links away: median ${took[10]?.toFixed(1)} ms, most ${took.at(-1)?.toFixed(1)} ms`,
  )
  await untilHead(b.store, cy.id, headOfChain(long))
  t.pass('and the backlog came too')
  for (const node of [a, b, c, old]) await node.close()
})
