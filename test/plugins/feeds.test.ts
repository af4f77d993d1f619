import test from 'tape'
import type { PlayerId } from '../../lib/base/index.ts'
import { chain, headOfChain, identityNamed, rawOf } from '../helpers/chains.ts'
import { untilHead } from '../helpers/gossips.ts'
import { Teardown } from '../helpers/hosts.ts'
import { dataNode } from '../helpers/nodes.ts'

const [ann, ben, cy] = [identityNamed('ann'), identityNamed('ben'), identityNamed('cy')]

test('feeds: of a player who is tracked for its own asking, 256 entries come, and the rest once there is a reason', async (t) => {
  const teardown = new Teardown()
  const [a, b] = [await dataNode(teardown, ann), await dataNode(teardown, ben)]
  const long = chain(ben, 900, null)
  await b.store.ingest(ben.id, rawOf(long))
  const asking: PlayerId[] = []
  a.feeds.addInterest('asks', () => asking, 'request')
  await b.dial(a)
  asking.push(ben.id)
  a.feeds.interestChanged()
  t.equal(a.feeds.tracked.mostEntries(ben.id), 256)
  await untilHead(a.store, ben.id, headOfChain(long.slice(0, 256)))
  await a.feeds.publish({ type: 'follow', identity: cy.id, on: true })
  t.equal((await a.store.head(ben.id))?.count, 256)
  t.equal(await a.host.connectionTo(ben.id)?.role(), 'stranger', 'asking makes nobody more')
  const folded = new Promise<void>((resolve) => {
    const stop = a.feeds.onFolded(({ entries }) => {
      if (!entries.some(({ payload }) => typeof payload === 'object' && payload['identity'] === ben.id)) return
      stop()
      resolve()
    })
  })
  await a.follow(b)
  await folded
  t.equal(a.feeds.tracked.mostEntries(ben.id), Infinity)
  await untilHead(a.store, ben.id, headOfChain(long))
  t.equal((await a.store.head(ben.id))?.count, 900)
  t.equal(await a.host.connectionTo(ben.id)?.role(), 'tracked')
  await teardown.run()
})

test('feeds: listeners are told of what is tracked only where something is another', async (t) => {
  const teardown = new Teardown()
  const a = await dataNode(teardown, ann)
  let told = 0
  a.feeds.tracked.onChange(() => told++)
  const members = [ben.id]
  const take = a.feeds.addInterest('jam', () => members)
  t.equal(told, 1)
  for (let at = 0; at < 10; at++) a.feeds.interestChanged()
  t.equal(told, 1, 'asked again with the same answer: nothing to tell')
  members.push(cy.id)
  a.feeds.interestChanged()
  t.equal(told, 2)
  take()
  t.equal(told, 3)
  t.deepEqual(a.feeds.tracked.list(), [ann.id], 'a reason taken back counts no more')
  await teardown.run()
})
