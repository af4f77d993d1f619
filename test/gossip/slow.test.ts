import test from 'tape'
import { NO_OFFER, encodeFrame } from '../../lib/gossip/index.ts'
import type { PlayerId } from '../../lib/base/index.ts'
import { Bench, ENTRY, author, far, headOf, near, tracking } from './bench.ts'
import type { Known } from './bench.ts'
import { playerOf } from './simulator.ts'

/** One entry of a feed, on the way to a head. */
const run = (count: number, stream = 0): Known => ({ type: 'run', stream, head: headOf(count), entries: [ENTRY] })

/** As much as fits in a frame. */
const large = (stream = 0): Known => ({
  type: 'run',
  stream,
  head: headOf(200),
  entries: Array.from({ length: 6 }, () => new Uint8Array(10_000)),
})
const LARGE_BYTES = encodeFrame(large()).length

test('gossip core: entries that no signature verifies keep no source in place', (t) => {
  const bench = tracking().connect(1, near).connect(2, far).announce(1, 1, 90).announce(2, 1, 50)
  for (let at = 0; at < 12; at++) {
    bench.hear(1, run(90)).ingested(1, 0, { kind: 'staged', tail: headOf(91), unverified: true })
    // More of them is in the store's hands all the time.
    bench.hear(1, run(90))
    t.deepEqual(bench.wait(400).asked, [], `${400 * (at + 1)} ms`)
    bench.ingested(1, 0, { kind: 'staged', tail: headOf(92), unverified: true }).hear(1, run(90))
  }
  t.deepEqual(bench.wait(200).asked, [2], 'after 5 s another is asked')
  t.end()
})

test('gossip core: a chain that is kept aside and verified is progress', (t) => {
  const bench = tracking().connect(1, near).connect(2, far).announce(1, 1, 90).announce(2, 1, 90)
  for (let at = 0; at < 20; at++) {
    bench
      .hear(1, large())
      .hear(1, large())
      .do({
        type: 'ingested',
        link: 1,
        stream: 0,
        identity: author,
        bytes: 2 * LARGE_BYTES,
        outcome: { kind: 'staged', tail: headOf(80) },
      })
    t.deepEqual(bench.wait(1_000).asked, [], `${at + 1} s`)
  }
  t.end()
})

/** One more entry comes from a peer and is taken in. */
function trickle(bench: Bench, link: number, stream: number, identity: PlayerId, count: number): void {
  bench.hear(link, run(200, stream))
  bench.do({ type: 'changed', head: { identity, ...headOf(count) } })
  const bytes = encodeFrame(run(200)).length
  bench.do({ type: 'ingested', link, stream, identity, bytes, outcome: { kind: 'adopted' } })
}

test('gossip core: who brings an entry now and then is left for another that has more, and that one is not', (t) => {
  const bench = tracking().connect(1, near).connect(2, far).announce(1, 1, 200).announce(2, 1, 200)
  let count = 0
  for (let at = 0; at < 5; at++) {
    trickle(bench, 1, 0, author, ++count)
    t.deepEqual(bench.wait(1_000).asked, [], `${at + 1} s`)
  }
  trickle(bench, 1, 0, author, ++count)
  t.deepEqual(bench.wait(1_000).asked, [2], 'it is left')
  for (let at = 0; at < 30; at++) {
    trickle(bench, 2, 0, author, ++count)
    t.deepEqual(bench.wait(1_000).asked, [], 'the other is as slow: no use in going back')
  }
  t.end()
})

/** So many entries of a feed come that together have that many bytes, and are taken in. */
function bring(bench: Bench, link: number, stream: number, count: number, bytes: number): void {
  const frame: Known = { type: 'run', stream, head: headOf(200), entries: [new Uint8Array(bytes)] }
  bench.hear(link, frame)
  bench.do({ type: 'changed', head: { identity: author, ...headOf(count) } })
  const size = encodeFrame(frame).length
  bench.do({ type: 'ingested', link, stream, identity: author, bytes: size, outcome: { kind: 'adopted' } })
}

test('gossip core: one bad stretch is forgotten, and who had it is tried again', (t) => {
  const bench = tracking().connect(1, near).connect(2, far).announce(1, 1, 200).announce(2, 1, 200)
  let count = 0
  for (let at = 0; at < 5; at++) {
    bring(bench, 1, 0, ++count, 6_000)
    bench.wait(1_000)
  }
  bring(bench, 1, 0, ++count, 6_000)
  t.deepEqual(bench.wait(1_000).asked, [2], 'it is left for another')
  let asked: number[] = []
  let seconds = 0
  // The other brings no more than that, and owes all the time.
  for (; seconds < 120 && asked.length === 0; seconds++) {
    bring(bench, 2, 0, ++count, 4_000)
    asked = bench.wait(1_000).asked
  }
  t.deepEqual(asked, [1], 'then it is tried again')
  t.ok(seconds >= 30 && seconds <= 60, `after ${seconds} s`)
  t.end()
})

test('gossip core: whoever was slow and comes again is no better than one of whom nothing is known', (t) => {
  const bench = tracking().connect(1, near).connect(2, far).announce(1, 1, 200).announce(2, 1, 200)
  let count = 0
  for (let at = 0; at < 6; at++) {
    trickle(bench, 1, 0, author, ++count)
    bench.wait(1_000)
  }
  bench.do({ type: 'disconnected', link: 1 }).connect(3, near).announce(3, 1, 200)
  for (let at = 0; at < 6; at++) {
    trickle(bench, 2, 0, author, ++count)
    t.deepEqual(bench.wait(1_000).asked, [], `${at + 1} s: the other is as slow`)
  }
  t.end()
})

for (const [what, outcome] of [
  ['nobody has signed', { kind: 'staged', tail: headOf(91), unverified: true }],
  ['is here already', { kind: 'known' }],
] as const) {
  test(`gossip core: what ${what} counts as nothing brought, however much of it the store has in hand`, (t) => {
    const bench = tracking().connect(1, near).connect(2, far).announce(1, 1, 200).announce(2, 1, 200)
    const taken = (): Bench =>
      bench.do({ type: 'ingested', link: 1, stream: 0, identity: author, bytes: LARGE_BYTES, outcome })
    bench.hear(1, large()).hear(1, large())
    let count = 0
    for (let at = 0; at < 6; at++) {
      bring(bench, 1, 0, ++count, 100)
      bench.hear(1, large())
      taken()
      bench.wait(1_000)
    }
    t.ok((bench.state.gave.get(near)?.bytes ?? Infinity) < 2_000, 'of the measured stretch only what was new counts')
    t.end()
  })
}

test('gossip core: a peer that announces many feeds and brings some holds back none that another has', (t) => {
  const FEEDS = 600
  const feeds = Array.from({ length: FEEDS }, (_, at) => playerOf(100 + at))
  const bench = new Bench({ maxAsking: FEEDS })
  for (const identity of feeds) bench.do({ type: 'tracked', identity, on: true })
  const heads = feeds.map((identity) => ({ identity, ...headOf(200) }))
  const ihave: Known = { type: 'ihave', serial: 1, sequence: 1, offer: NO_OFFER, full: true, heads }
  bench.connect(1, near).hear(1, ihave).connect(2, far).hear(2, ihave)
  // It brings as much as can be asked of it, of all feeds by turns: a little of each every six seconds.
  const moved = new Set<PlayerId>()
  for (let at = 0; at < 120; at++) {
    for (let turn = 0; turn < 10; turn++) {
      const stream = (10 * at + turn) % FEEDS
      const identity = feeds[stream]
      if (!identity || moved.has(identity)) continue
      bench.hear(1, large(stream))
      bench.do({ type: 'changed', head: { identity, ...headOf(1) } })
      bench.do({ type: 'ingested', link: 1, stream, identity, bytes: LARGE_BYTES, outcome: { kind: 'adopted' } })
    }
    bench.wait(100)
    for (const [link, frame] of bench.sent) {
      if (link !== 2 || frame.type !== 'iwant') continue
      moved.add(frame.identity)
      bench.do({ type: 'changed', head: { identity: frame.identity, ...headOf(200) } })
    }
  }
  t.equal(moved.size, FEEDS, 'after twelve seconds all have come from the other')
  t.end()
})
