import test from 'tape'
import type { EntryKey } from '../../lib/base/index.ts'
import type { HeadPosition } from '../../lib/entry/index.ts'
import { GOSSIP_LIMITS, createGossip, encodeFrame, step } from '../../lib/gossip/index.ts'
import type { Frame } from '../../lib/gossip/index.ts'
import { chain, headOfChain, identityNamed, rawOf } from '../helpers/chains.ts'
import { GOSSIP_HELLO, gossipNode, linkNodes, untilHead, untilTaken } from '../helpers/gossips.ts'
import type { GossipNode } from '../helpers/gossips.ts'
import { Bench, author as self, far, headOf, near } from './bench.ts'

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
    const looks = looked.filter((effect) => effect.type === 'lack')
    t.equal(looks.length, link === 1 ? 1 : 0, link === 1 ? 'it is looked whether it is here' : 'not while it is drawn')
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

const placeOf = (count: number): HeadPosition => ({ comparable: headOf(count).comparable, key: headOf(count).key })
const places = (from: number, count = 8): HeadPosition[] => Array.from({ length: count }, (_, at) => placeOf(from + at))
/** An author's core that a peer tells of losing heads. */
const told = (heads: readonly HeadPosition[]): Bench =>
  new Bench({}, { self }).connect(1, near).hear(1, { type: 'lost', heads })
/** The store has none of what it is asked for; own positions are there at once. Gives the streams that are asked for. */
function lacksAll(bench: Bench, link = 1): number[] {
  const looks = bench.effects.flatMap((effect) => (effect.type === 'lack' && effect.link === link ? [effect] : []))
  const streams: number[] = []
  for (const { positions } of looks) {
    bench.do({ type: 'lacking', link, positions })
    for (const effect of bench.effects) {
      if (effect.type !== 'sample') continue
      bench.do({ type: 'sampled', link, stream: effect.stream, points: [] })
      for (const [, frame] of bench.sent) if (frame.type === 'iwantlost') streams.push(frame.stream)
    }
  }
  return streams
}
const looksOf = (bench: Bench): number => bench.effects.filter(({ type }) => type === 'lack').length

test('gossip core: of a peer that floods with losing heads one look is under way and 8 are drawn', (t) => {
  const bench = told(places(1))
  t.equal(looksOf(bench), 1, 'the store is asked')
  const first = bench.effects
  let more = 0
  for (let at = 0; at < 1_000; at++) more += looksOf(bench.hear(1, { type: 'lost', heads: places(1 + (at % 200)) }))
  t.equal(more, 0, 'and not again before it has answered')
  bench.hear(1, { type: 'lost', heads: places(1) }).effects = first
  const streams = lacksAll(bench)
  t.equal(streams.length, 8, '8 are asked for')
  let asked = 0
  const tell = (from: number): void => {
    for (bench.hear(1, { type: 'lost', heads: places(from) }); looksOf(bench) > 0;) asked += lacksAll(bench).length
  }
  tell(20)
  for (const [at, stream] of streams.entries()) {
    bench.hear(1, { type: 'end', stream, code: at % 2 === 0 ? 'failed' : 'complete' })
    asked += lacksAll(bench).length
    tell(40 + 8 * at)
  }
  t.equal(asked, 0, 'no others, as none of the first has come')
  t.equal(bench.state.links.get(1)?.lost.tried.size, 8, 'and no more is remembered')
  bench.wait(GOSSIP_LIMITS.penalty)
  t.equal(lacksAll(bench).length, 8, 'until their time is over')
  t.end()
})

test('gossip core: an author whose keeper tells of others meanwhile never asks for more than the keeper takes', (t) => {
  const author = new Bench({}, { self }).connect(1, near)
  const keeper = new Bench().connect(1, self).do({ type: 'losing', link: 1, heads: [] })
  const closed: string[] = []
  for (const from of [1, 9, 17]) {
    keeper.wait(1_000).do({ type: 'losing', link: 1, heads: places(from) })
    for (const [, frame] of keeper.sent) {
      if (frame.type === 'optional') continue
      author.hear(1, frame)
      for (const { type } of author.effects.filter((effect) => effect.type === 'lack')) {
        t.equal(type, 'lack', `told of the heads from ${from} on`)
        author.do({ type: 'lacking', link: 1, positions: places(from) })
        for (const effect of author.effects) {
          if (effect.type !== 'sample') continue
          author.do({ type: 'sampled', link: 1, stream: effect.stream, points: [] })
          for (const [, asked] of author.sent) if (asked.type !== 'optional') keeper.hear(1, asked)
          closed.push(...keeper.closed)
        }
      }
    }
  }
  t.equal(keeper.state.links.get(1)?.serves.size, 8, '8 are sent')
  t.deepEqual(closed, [], 'and nobody is hung up on')
  t.end()
})

test('gossip core: a losing head that did not come is asked for again while the link is up', (t) => {
  const { penalty, stallAfter, stallAlone } = GOSSIP_LIMITS
  const ways: [string, (bench: Bench, stream: number) => unknown][] = [
    ['the store cannot take it', (bench, stream) => hold(bench, stream)],
    ['nothing comes', (bench) => bench.wait(stallAlone)],
    ['the keeper fails', (bench, stream) => bench.hear(1, { type: 'end', stream, code: 'failed' })],
    ['it is said to have come', (bench, stream) => bench.hear(1, { type: 'end', stream, code: 'complete' })],
  ]
  const hold = (bench: Bench, stream: number): Bench =>
    bench
      .hear(1, { type: 'run', stream, head: { ...placeOf(1), count: 1 }, entries: [new Uint8Array(100)] })
      .ingested(1, stream, { kind: 'held', retryIn: 5_000 })
  for (const [what, fail] of ways) {
    const bench = told(places(1, 1))
    const [stream] = lacksAll(bench)
    fail(bench, stream!)
    lacksAll(bench)
    t.equal(bench.state.goals.size, 0, `${what}: it is left`)
    t.deepEqual(lacksAll(bench.wait(penalty - 1)), [], 'not at once')
    const [second] = lacksAll(bench.wait(1))
    t.ok(second !== undefined, 'asked for again after 15 s')
    bench.hear(1, { type: 'end', stream: second!, code: 'failed' })
    t.deepEqual(lacksAll(bench.wait(penalty)), [])
    t.equal(lacksAll(bench.wait(penalty)).length, 1, 'then after 30 s')
  }
  const come = told(places(1, 1))
  come
    .hear(1, { type: 'end', stream: lacksAll(come)[0]!, code: 'complete' })
    .do({ type: 'lacking', link: 1, positions: [] })
  t.equal(come.state.links.get(1)?.lost.tried.size, 0, 'one that has come is not')
  const keptTwice = (): [Bench, number] => {
    const bench = told(places(1, 1))
      .connect(2, far)
      .hear(2, { type: 'lost', heads: places(1, 1) })
      .do({ type: 'lacking', link: 1, positions: places(1, 1) })
      .do({ type: 'lacking', link: 2, positions: places(1, 1) })
    const [asked] = [...bench.state.goals.values()]
    return [bench.do({ type: 'sampled', link: 1, stream: asked!.stream, points: [] }), asked!.stream]
  }
  const [failing, failed] = keptTwice()
  failing.hear(1, { type: 'end', stream: failed, code: 'failed' })
  t.equal(lacksAll(failing, 2).length, 1, 'another keeper is asked at once')
  const [silent] = keptTwice()
  t.deepEqual(lacksAll(silent.wait(stallAfter - 1), 2), [], 'of one that says nothing a while is waited')
  t.equal(lacksAll(silent.wait(1), 2).length, 1, 'no longer where there is another')
  const alone = told(places(1, 1))
  lacksAll(alone)
  alone.wait(stallAlone - 1)
  t.equal(alone.state.goals.size, 1, 'an only keeper may be on a slow line')
  t.end()
})
