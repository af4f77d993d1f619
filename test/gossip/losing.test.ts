import test from 'tape'
import type { EntryKey } from '../../lib/base/index.ts'
import type { HeadPosition } from '../../lib/entry/index.ts'
import { GOSSIP_LIMITS, createGossip, encodeFrame, step } from '../../lib/gossip/index.ts'
import type { Frame } from '../../lib/gossip/index.ts'
import { chain, headOfChain, identityNamed, rawOf } from '../helpers/chains.ts'
import { GOSSIP_HELLO, gossipNode, linkNodes, untilHead, untilTaken } from '../helpers/gossips.ts'
import type { GossipNode } from '../helpers/gossips.ts'

const [ann, ben, cy] = [identityNamed('ann'), identityNamed('ben'), identityNamed('cy')]

const lostKeys = async (node: GossipNode): Promise<EntryKey[]> =>
  (await node.store.lost(ann.id)).map((head) => head.key)
/** Resolves once an author keeps a losing head of its feed. */
const untilLost = (author: GossipNode, { key }: HeadPosition): Promise<void> =>
  untilTaken(author, async () => (await lostKeys(author)).includes(key))

test('gossip: an author is told of losing heads that others keep, and draws what it lacks of them', async (t) => {
  const shared = chain(ann, 300, null)
  const left = chain(ann, 400, shared.at(-1)!, { step: 7 })
  const right = chain(ann, 700, shared.at(-1)!, { step: 11 })
  const author = await gossipNode(ann)
  const keeper = await gossipNode(ben, { tracked: [ann.id] })
  await keeper.store.ingest(ann.id, rawOf(shared))
  await keeper.store.ingest(ann.id, rawOf(left))
  await keeper.store.ingest(ann.id, rawOf(right), headOfChain(right))
  t.deepEqual(await lostKeys(keeper), [headOfChain(left).key], 'one branch has lost')
  await author.store.ingest(ann.id, rawOf([...shared, ...right]))
  linkNodes(author, keeper)
  await untilLost(author, headOfChain(left))
  t.deepEqual(await lostKeys(author), [headOfChain(left).key], 'the author keeps it too')
  const entries: EntryKey[] = []
  for await (const entry of author.store.readLost(ann.id, headOfChain(left))) entries.push(entry.key)
  t.deepEqual(
    entries,
    left.map((entry) => entry.key),
    'with all that leads to it',
  )
  t.deepEqual([...author.faults, ...keeper.faults], [], 'and nobody complained')
  await author.close()
  await keeper.close()
})

test('gossip: a fork that loses while the link is up is told of, too', async (t) => {
  const shared = chain(ann, 20, null)
  const left = chain(ann, 5, shared.at(-1)!, { step: 7 })
  const right = chain(ann, 9, shared.at(-1)!, { step: 11 })
  const author = await gossipNode(ann)
  const keeper = await gossipNode(ben, { tracked: [ann.id] })
  await author.store.ingest(ann.id, rawOf([...shared, ...right]))
  await keeper.store.ingest(ann.id, rawOf([...shared, ...left]))
  linkNodes(author, keeper)
  await untilHead(keeper.store, ann.id, headOfChain(right))
  await untilLost(author, headOfChain(left))
  t.pass('what lost at the changeover comes')
  await author.close()
  await keeper.close()
})

test('gossip: after a restore the own higher head comes from whoever has it', async (t) => {
  const long = chain(ann, 500, null)
  const author = await gossipNode(ann)
  const keeper = await gossipNode(ben, { tracked: [ann.id] })
  await author.store.ingest(ann.id, rawOf(long.slice(0, 100)))
  await keeper.store.ingest(ann.id, rawOf(long))
  linkNodes(author, keeper)
  await untilHead(author.store, ann.id, headOfChain(long))
  t.equal((await author.store.head(ann.id))?.count, 500, 'all of it')
  for (const node of [author, keeper]) await node.close()
})

test('gossip core: a losing head is drawn from another where the peer that was asked breaks the protocol', (t) => {
  const settings = { epoch: '11'.repeat(8), self: ann.id, limits: GOSSIP_LIMITS, mayServe: () => true }
  const state = createGossip(settings)
  const [lost] = chain(ann, 1, null).map(({ comparable, key }) => ({ comparable, key }))
  const hear = (link: number, bytes: Uint8Array) => step(state, { type: 'received', link, bytes, now: 0 })
  const frame = (each: Exclude<Frame, { type: 'optional' }>) => encodeFrame(each)
  for (const [link, peer] of [
    [1, ben.id],
    [2, cy.id],
  ] as const) {
    step(state, { type: 'connected', link, peer, now: 0 })
    hear(link, frame(GOSSIP_HELLO))
    const looked = hear(link, frame({ type: 'lost', heads: [lost!] }))
    t.ok(
      looked.some((effect) => effect.type === 'lack' && effect.link === link),
      'it is looked whether it is here',
    )
    step(state, { type: 'lacking', link, positions: [lost!], now: 0 })
  }
  t.equal(state.goals.get(lost!.key)?.link, 1, 'the first is asked')
  const effects = hear(1, Uint8Array.of(200))
  t.ok(
    effects.some((effect) => effect.type === 'close'),
    'it is hung up on',
  )
  t.ok(
    effects.some((effect) => effect.type === 'lack' && effect.link === 2),
    'and the other is about to be asked',
  )
  t.end()
})
