import test from 'tape'
import { entryKeyOf } from '../../lib/base/index.ts'
import type { Millis, PlayerId } from '../../lib/base/index.ts'
import { GOSSIP_LIMITS, createGossip, decodeFrame, encodeFrame, needsTick, step } from '../../lib/gossip/index.ts'
import type { Frame, GossipEffect, GossipEvent, GossipLimits, LinkId } from '../../lib/gossip/index.ts'
import { playerOf } from './simulator.ts'

type Timeless<E> = E extends GossipEvent ? Omit<E, 'now'> : never
type Known = Exclude<Frame, { type: 'optional' }>

const [author, near, far] = [playerOf(1), playerOf(2), playerOf(3)]
const headOf = (count: number) => ({
  comparable: count * 10,
  key: entryKeyOf(new Uint8Array(32).fill(count)),
  count,
})
const ZEROS = '00'.repeat(8)
const HELLO = {
  type: 'hello',
  version: 2,
  epoch: '22'.repeat(8),
  knownEpoch: ZEROS,
  knownSequence: 0,
  knownOffer: ZEROS,
} as const
const ENTRY = new Uint8Array(100)

/** One core, and what it did last. */
class Bench {
  readonly state
  now: Millis = 0
  effects: GossipEffect[] = []

  constructor(limits: Partial<GossipLimits> = {}) {
    this.state = createGossip({ epoch: '11'.repeat(8), limits: { ...GOSSIP_LIMITS, ...limits }, mayServe: () => true })
  }
  do(event: Timeless<GossipEvent>): this {
    this.effects = step(this.state, { ...event, now: this.now })
    return this
  }
  connect(link: LinkId, peer: PlayerId): this {
    return this.do({ type: 'connected', link, peer }).hear(link, HELLO)
  }
  hear(link: LinkId, frame: Known): this {
    return this.do({ type: 'received', link, bytes: encodeFrame(frame) })
  }
  announce(link: LinkId, serial: number, count: number): this {
    return this.hear(link, {
      type: 'ihave',
      serial,
      sequence: serial,
      offer: '77'.repeat(8),
      full: serial === 1,
      heads: [{ identity: author, ...headOf(count) }],
    })
  }
  /** Everything sent so far has left, and so much time passes. */
  wait(time: Millis): this {
    for (const { id, unsent } of [...this.state.links.values()]) this.do({ type: 'sent', link: id, bytes: unsent })
    this.now += time
    return this.do({ type: 'tick' })
  }
  ingested(link: LinkId, stream: number, outcome: Extract<GossipEvent, { type: 'ingested' }>['outcome']): this {
    return this.do({ type: 'ingested', link, stream, identity: author, bytes: 155, outcome })
  }
  /** Frames sent by the last step, with the links they went to. */
  get sent(): [LinkId, Frame][] {
    return this.effects.flatMap((effect): [LinkId, Frame][] =>
      effect.type === 'send' ? [[effect.link, decodeFrame(effect.bytes)!]] : [],
    )
  }
  /** Whom the last step asked for a feed. */
  get asked(): LinkId[] {
    return this.sent.flatMap(([link, frame]) => (frame.type === 'iwant' ? [link] : []))
  }
  get closed(): string[] {
    return this.effects.flatMap((effect) => (effect.type === 'close' ? [effect.code] : []))
  }
}

const tracking = (limits?: Partial<GossipLimits>): Bench =>
  new Bench(limits).do({ type: 'tracked', identity: author, on: true })

test('gossip core: every breach of the protocol closes the link with its code', (t) => {
  const closes = (code: string, what: string, bench: Bench) => {
    t.deepEqual(bench.closed, [code], `${what}: ${code}`)
    const last = bench.sent.at(-1)?.[1]
    t.deepEqual(last, { type: 'close', code }, 'and the peer is told')
    t.equal(bench.state.links.size, 0)
  }
  const fresh = () => new Bench().do({ type: 'connected', link: 1, peer: near })
  const open = () => tracking().connect(1, near)
  closes('malformed', 'bytes that are no frame', open().do({ type: 'received', link: 1, bytes: Uint8Array.of(200) }))
  closes('malformed', 'anything before hello', fresh().hear(1, { type: 'credit', bytes: 1 }))
  closes('malformed', 'a second hello', open().hear(1, HELLO))
  closes('version', 'no version in common', fresh().hear(1, { ...HELLO, version: 1 }))
  const run: Known = { type: 'run', stream: 5, head: headOf(1), entries: [ENTRY] }
  closes('unasked', 'a run nobody asked for', open().hear(1, run))
  closes('unasked', 'a fork nobody asked about', open().hear(1, { type: 'fork', stream: 5 }))
  closes('unasked', 'points without a fork', openStream().hear(1, { type: 'points', stream: 3, points: [headOf(1)] }))
  closes('unasked', 'a second fork', open().announce(1, 1, 5).hear(1, fork).hear(1, fork))
  closes('unasked', 'a stream number twice', openStream().hear(1, iwant(3)))
  closes('unasked', 'hearing what was not said', open().hear(1, { type: 'heard', serial: 9 }))
  closes('silent', 'no hello in time', fresh().wait(GOSSIP_LIMITS.greetWithin))
  const small = tracking({ window: 100 }).connect(1, near).announce(1, 1, 5)
  const asked: Known = { type: 'run', stream: 0, head: headOf(5), entries: [ENTRY] }
  closes('over-credit', 'more than was granted', small.hear(1, asked).hear(1, asked))
  const backlog = new Bench({ maxBacklog: 140 }).connect(1, near)
  closes(
    'too-slow',
    'a peer that does not read',
    backlog.do({ type: 'changed', head: { identity: author, ...headOf(1) } }),
  )
  t.end()
})

const fork: Known = { type: 'fork', stream: 0 }
const iwant = (stream: number): Known => ({ type: 'iwant', stream, identity: author, after: undefined })
const openStream = (): Bench =>
  new Bench()
    .connect(1, near)
    .do({ type: 'changed', head: { identity: author, ...headOf(1) } })
    .hear(1, iwant(3))

test('gossip core: a goodbye is no breach, and runs of a stopped stream are dropped', (t) => {
  const bench = tracking().connect(1, near).announce(1, 1, 5)
  t.deepEqual(bench.asked, [1])
  bench.do({ type: 'tracked', identity: author, on: false })
  t.deepEqual(bench.sent, [[1, { type: 'stop', stream: 0 }]])
  bench.hear(1, { type: 'run', stream: 0, head: headOf(5), entries: [ENTRY] })
  t.deepEqual(bench.effects, [], 'what was under way is dropped without a word')
  bench.hear(1, { type: 'end', stream: 0, code: 'stopped' })
  bench.hear(1, { type: 'run', stream: 0, head: headOf(5), entries: [ENTRY] })
  t.deepEqual(bench.closed, ['unasked'], 'after the end it is a breach')
  const leaving = tracking().connect(1, near).hear(1, { type: 'close', code: 'bye' })
  t.deepEqual(leaving.closed, ['bye'])
  t.end()
})

test("gossip core: a feed is drawn from one peer, the author's link first", (t) => {
  const bench = tracking().connect(1, near).connect(2, far).connect(3, author)
  t.deepEqual(bench.announce(1, 1, 5).asked, [1], 'the first to announce it is asked')
  t.deepEqual(bench.announce(2, 1, 5).asked, [], 'the second is not')
  t.deepEqual(bench.announce(3, 1, 5).asked, [], 'nor the author, while the first may deliver')
  bench.do({ type: 'changed', head: { identity: author, ...headOf(5) } })
  bench.announce(3, 2, 6)
  t.deepEqual(bench.asked, [3], 'with the next entry the author is asked')
  t.ok(
    bench.sent.some(([link, frame]) => link === 1 && frame.type === 'stop'),
    'and the first no more',
  )
  t.end()
})

test('gossip core: the source changes when another has had a higher head for half a second', (t) => {
  const bench = tracking().connect(1, near).connect(2, far).announce(1, 1, 5)
  bench.do({ type: 'changed', head: { identity: author, ...headOf(5) } })
  t.deepEqual(bench.announce(2, 1, 6).asked, [], 'not at once: the source may have it in a moment')
  t.ok(needsTick(bench.state))
  t.deepEqual(bench.wait(499).asked, [])
  t.deepEqual(bench.wait(1).asked, [2])
  bench.do({ type: 'changed', head: { identity: author, ...headOf(6) } }).wait(1_000)
  t.notOk(needsTick(bench.state), 'with all of it here no timer runs')
  t.end()
})

test('gossip core: who announces and does not deliver is left for a while, longer each time', (t) => {
  const bench = tracking().connect(1, near).announce(1, 1, 5)
  t.deepEqual(bench.wait(4_999).asked, [])
  bench.wait(1)
  t.deepEqual(bench.sent, [[1, { type: 'stop', stream: 0 }]], 'after 5 s it is asked no more')
  t.deepEqual(bench.wait(14_999).asked, [], 'nor for 15 s')
  t.deepEqual(bench.wait(1).asked, [1], 'then it has another chance')
  bench.wait(5_000)
  t.deepEqual(bench.wait(29_999).asked, [], 'the second time 30 s')
  t.deepEqual(bench.wait(1).asked, [1])
  t.end()
})

test('gossip core: a head announced and withheld does not keep the feed from others that deliver', (t) => {
  const bench = tracking().connect(1, near).connect(2, far).announce(1, 1, 9)
  bench.announce(2, 1, 5)
  bench.wait(5_000)
  t.deepEqual(bench.asked, [2])
  t.end()
})

test('gossip core: a lost link is made up for by another at once', (t) => {
  const bench = tracking().connect(1, near).connect(2, far).announce(1, 1, 5).announce(2, 1, 5)
  t.deepEqual(bench.do({ type: 'disconnected', link: 1 }).asked, [2])
  t.end()
})

test('gossip core: what the store answers decides what is asked next', (t) => {
  const run: Known = { type: 'run', stream: 0, head: headOf(5), entries: [ENTRY] }
  const given = () => tracking().connect(1, near).announce(1, 1, 5).hear(1, run)
  t.deepEqual(given().ingested(1, 0, { kind: 'refused', orphan: true }).asked, [1], 'an orphan: from the own head')
  t.deepEqual(given().ingested(1, 0, { kind: 'refused', orphan: false }).asked, [], 'a breach: not this peer')
  const staged = given().ingested(1, 0, { kind: 'staged', tail: headOf(3) })
  staged.do({ type: 'disconnected', link: 1 }).connect(2, far).announce(2, 1, 5)
  const frame = staged.sent.find(([, each]) => each.type === 'iwant')?.[1]
  t.equal(frame?.type === 'iwant' && frame.after?.key, headOf(3).key, 'staged: after what is kept aside')
  const held = given().ingested(1, 0, { kind: 'held', retryIn: 60_000 })
  t.deepEqual(held.wait(59_999).asked, [], 'ahead of the clock: not before its time')
  t.deepEqual(held.wait(1).asked, [1], 'then again')
  t.end()
})

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
  const stale = { identity: author, parent: null, synod: null, payload: 'x.box', bytes: ENTRY, ...headOf(7) }
  bench.do({ type: 'run', link: 1, stream: 3, turn: reading?.turn ?? -1, entries: [stale] })
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

test('gossip core: of a feed that is drawn within a bound, no entry past it reaches the store', (t) => {
  const bench = new Bench().do({ type: 'tracked', identity: author, on: true, most: 3 }).connect(1, near)
  t.deepEqual(bench.announce(1, 1, 9).asked, [1])
  const run = (entries: number): Known => ({
    type: 'run',
    stream: 0,
    head: headOf(9),
    entries: Array.from({ length: entries }, () => ENTRY),
  })
  const handed = (): number[] =>
    bench.effects.flatMap((effect) => (effect.type === 'ingest' ? [effect.entries.length] : []))
  bench.hear(1, run(2))
  t.deepEqual(handed(), [2])
  bench.hear(1, run(4))
  t.deepEqual(handed(), [1], 'the run is cut')
  bench.hear(1, run(4))
  t.deepEqual(handed(), [], 'and the next is dropped')
  bench.do({ type: 'changed', head: { identity: author, ...headOf(3) } })
  t.ok(
    bench.sent.some(([, frame]) => frame.type === 'stop'),
    'once they are here the stream is stopped',
  )
  t.notOk(needsTick(bench.state), 'and nothing is waited for')
  bench.hear(1, { type: 'end', stream: 0, code: 'stopped' })
  t.deepEqual(bench.announce(1, 2, 12).asked, [], 'nor asked for')
  bench.do({ type: 'tracked', identity: author, on: true })
  t.deepEqual(bench.asked, [1], 'without the bound the rest is')
  t.end()
})

test('gossip core: a feed that flips for ever costs a changeover in a while, and ends at its highest head', (t) => {
  const bench = tracking().connect(1, near)
  const HOURS = 3
  let changeovers = 0
  let count = 0
  let stream: number | undefined
  const isOpen = (): boolean => stream !== undefined
  /** Answers what was asked or stopped. */
  const follow = (): void => {
    for (const [, frame] of bench.sent) {
      if (frame.type === 'iwant') stream = frame.stream
      if (frame.type !== 'stop') continue
      if (stream === frame.stream) stream = undefined
      bench.hear(1, { type: 'end', stream: frame.stream, code: 'stopped' })
    }
  }
  /** The peer's chain is another each time, from the start: it goes on from there, and the store takes it. */
  const flip = (): void => {
    if (stream === undefined) return
    bench.hear(1, { type: 'at', stream, at: undefined, head: headOf(count) })
    follow()
    if (!isOpen()) return
    changeovers++
    bench.do({ type: 'changed', head: { identity: author, ...headOf(count) }, changeover: { ancestor: undefined } })
  }
  bench.announce(1, 1, 1)
  follow()
  for (let time = 0; time < HOURS * 3_600_000; time += 1_000) {
    if (bench.state.heads.get(author)?.count === count || count === 0) count++
    flip()
    bench.wait(1_000)
    follow()
  }
  t.ok(changeovers >= 8, 'some are taken at once')
  t.ok(changeovers <= 8 + HOURS * 61, `${changeovers} changeovers in ${HOURS} hours`)
  bench.wait(3_600_000)
  follow()
  flip()
  t.equal(bench.state.heads.get(author)?.count, count, 'the last one is taken in the end')
  t.end()
})

test('gossip core: of one peer few feeds at a time are asked for, and all in the end', (t) => {
  const FEEDS = 2_000
  const feeds = Array.from({ length: FEEDS }, (_, at) => playerOf(100 + at))
  const bench = new Bench({ maxAsking: 100 })
  for (const identity of feeds) bench.do({ type: 'tracked', identity, on: true })
  bench.connect(1, near)
  const asked: PlayerId[] = []
  const open: { stream: number; identity: PlayerId }[] = []
  let most = 0
  const follow = (): void => {
    for (const [, frame] of bench.sent) {
      if (frame.type !== 'iwant') continue
      open.push(frame)
      asked.push(frame.identity)
    }
    most = Math.max(most, open.length)
  }
  for (let at = 0; at < FEEDS; at += 500) {
    const heads = feeds.slice(at, at + 500).map((identity) => ({ identity, ...headOf(1) }))
    bench.hear(1, { type: 'ihave', serial: 1 + at / 500, sequence: 1, offer: ZEROS, full: at === 0, heads })
    follow()
  }
  for (let next = open.shift(); next; next = open.shift()) {
    bench.hear(1, { type: 'run', stream: next.stream, head: headOf(1), entries: [ENTRY] })
    const { identity, stream } = next
    follow()
    bench.do({ type: 'changed', head: { identity, ...headOf(1) } })
    follow()
    bench.do({ type: 'ingested', link: 1, stream, identity, bytes: 155, outcome: { kind: 'adopted' } })
    follow()
  }
  t.equal(most, 100, 'never more than a hundred wait for an answer')
  t.equal(asked.length, FEEDS, 'each feed is asked for once')
  t.equal(new Set(asked).size, FEEDS)
  t.notOk(bench.state.waiting.size > 0, 'and nothing is waited for')
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
  const fresh = { identity: other, parent: headOf(1).key, synod: null, payload: 'x.box', bytes: ENTRY, ...headOf(2) }
  bench.do({ type: 'changed', head: { identity: other, ...headOf(2) }, entries: [fresh] })
  t.deepEqual(
    bench.sent.map(([, frame]) => frame.type),
    ['run'],
    'a fresh entry of another feed goes first',
  )
  const entry = { identity: author, parent: null, synod: null, payload: 'x.box', bytes: ENTRY, ...headOf(1) }
  bench.do({ type: 'run', link: 1, stream: 3, turn: reading?.turn ?? -1, entries: [entry] })
  t.deepEqual(bench.sent, [], 'what was read is not sent without credit')
  bench.hear(1, { type: 'credit', bytes: 1_000 })
  const again = bench.effects.find((effect) => effect.type === 'read')
  t.equal(again?.stream, 3, 'but read again with it')
  t.end()
})
