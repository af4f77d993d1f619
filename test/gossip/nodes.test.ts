import test from 'tape'
import { compareHeads } from '../../lib/entry/index.ts'
import { connectLocal } from '../../lib/host/index.ts'
import { gossipContract } from '../../plugins/gossip/index.ts'
import { chain, headOfChain, identityNamed, note, rawOf } from '../helpers/chains.ts'
import { untilHead, untilStore } from '../helpers/gossips.ts'
import { Teardown, codeOf } from '../helpers/hosts.ts'
import { dataNode } from '../helpers/nodes.ts'

const [ann, ben, cy] = [identityNamed('ann'), identityNamed('ben'), identityNamed('cy')]

test('gossip over sockets: what A publishes is stored on C, who is connected to B alone', async (t) => {
  const teardown = new Teardown()
  const [a, b, c] = [await dataNode(teardown, ann), await dataNode(teardown, ben), await dataNode(teardown, cy)]
  await b.follow(a)
  await b.follow(c)
  await c.follow(a)
  await b.dial(a)
  await c.dial(b)
  const took: number[] = []
  for (let at = 0; at < 30; at++) {
    const since = performance.now()
    const entry = await a.feeds.publish(note(`live ${at}`))
    await untilHead(c.store, ann.id, entry)
    took.push(performance.now() - since)
  }
  took.sort((x, y) => x - y)
  t.equal((await c.store.head(ann.id))?.count, 30, 'every entry came')
  t.comment(
    `publish until stored two links away: median ${took[15]?.toFixed(1)} ms, most ${took.at(-1)?.toFixed(1)} ms`,
  )
  t.deepEqual(
    c.gossip.status().map(({ peer, owedFeeds, owedEntries }) => [peer, owedFeeds, owedEntries]),
    [[ben.id, 0, 0]],
  )
  await teardown.run()
})

test('gossip over sockets: a connection lost while catching up with 5,000 entries is taken up again', async (t) => {
  const teardown = new Teardown()
  const [a, b] = [await dataNode(teardown, ann), await dataNode(teardown, ben)]
  const long = chain(ann, 5_000, null)
  for (let at = 0; at < long.length; at += 1_000) await a.store.ingest(ann.id, rawOf(long.slice(at, at + 1_000)))
  await b.follow(a)
  await b.dial(a)
  await untilStore(b.store, async () => ((await b.store.head(ann.id))?.count ?? 0) >= 500)
  await b.host.connectionTo(ann.id)?.close()
  const before = (await b.store.head(ann.id))?.count ?? 0
  t.ok(before < 5_000, `lost after ${before} entries`)
  let added = 0
  b.store.onChange(({ head, entries }) => (added += head.identity === ann.id ? entries.length : 0))
  const since = performance.now()
  await b.dial(a)
  await untilHead(b.store, ann.id, headOfChain(long))
  t.equal(added, 5_000 - before, 'only what was lacking was stored')
  const rate = (5_000 - before) / ((performance.now() - since) / 1000)
  t.comment(`${rate.toFixed(0)} entries a second, checked and indexed`)
  await teardown.run()
})

test('gossip over sockets: two nodes with one key end with one head, as does whoever follows', async (t) => {
  const teardown = new Teardown()
  const [a, b] = [await dataNode(teardown, ann), await dataNode(teardown, ann)]
  const c = await dataNode(teardown, cy)
  await c.follow(a)
  await c.dial(a)
  await untilStore(c.store, async () => c.host.connectionTo(ann.id) !== undefined)
  for (let at = 0; at < 5; at++) await a.feeds.publish(note(`on one machine ${at}`))
  const left = await a.feeds.publish(note('left'))
  await untilHead(c.store, ann.id, left)
  const right = await b.feeds.publish(note('right'))
  t.ok(compareHeads(right, left) > 0, 'the second machine wrote last')
  await c.host.connectionTo(ann.id)?.close()
  await c.dial(b)
  await untilHead(c.store, ann.id, right)
  t.equal((await c.store.head(ann.id))?.count, 1, 'the follower went over to the higher head')
  await c.host.connectionTo(ann.id)?.close()
  await c.dial(a)
  await untilHead(a.store, ann.id, right)
  t.equal((await a.store.lost(ann.id))[0]?.key, left.key, 'and so did the first machine, which keeps what lost')
  await teardown.run()
})

test('gossip over sockets: a stranger gets our own feed alone, until he is followed', async (t) => {
  const teardown = new Teardown()
  const [b, d] = [await dataNode(teardown, ben), await dataNode(teardown, cy)]
  await b.store.ingest(ann.id, rawOf(chain(ann, 3, null)))
  const a = await dataNode(teardown, ann)
  await b.follow(a)
  await d.follow(a)
  await d.follow(b)
  await d.dial(b)
  const own = await b.feeds.publish(note('for everyone'))
  await untilHead(d.store, ben.id, own)
  t.equal(await d.store.head(ann.id), undefined, 'the feed of somebody else did not come')
  await b.follow(d)
  await untilStore(d.store, async () => (await d.store.head(ann.id))?.count === 3)
  t.pass('followed, he gets what he may know, over the same connection')
  await teardown.run()
})

test('gossip over sockets: only the side that dialled opens gossip, and once', async (t) => {
  const teardown = new Teardown()
  const [a, b] = [await dataNode(teardown, ann), await dataNode(teardown, ben)]
  await b.follow(a)
  await a.follow(b)
  await b.dial(a)
  await untilStore(b.store, async () => (await b.store.head(ann.id)) !== undefined)
  const twice = b.host.connectionTo(ann.id)!.remote(gossipContract).gossip.link()
  t.equal(await codeOf(twice.source[Symbol.asyncIterator]().next()), 'LINK_UNWANTED', 'not twice')
  const wrong = a.host.connectionTo(ben.id)!.remote(gossipContract).gossip.link()
  t.equal(
    await codeOf(wrong.source[Symbol.asyncIterator]().next()),
    'LINK_UNWANTED',
    'not by the side that was dialled',
  )
  const local = teardown.add(await connectLocal(a.socketPath), (it) => it.close())
  const client = local.remote(gossipContract)
  t.equal(await codeOf(client.gossip.link().source[Symbol.asyncIterator]().next()), 'LINK_UNWANTED', 'not locally')
  t.deepEqual(
    (await client.gossip.status()).map(({ player }) => player),
    [ben.id],
    'a local client sees the state',
  )
  await teardown.run()
})
