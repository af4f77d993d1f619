import test from 'tape'
import type { PlayerId } from '../../lib/base/index.ts'
import { NO_OFFER, needsTick } from '../../lib/gossip/index.ts'
import { Bench, ENTRY, author, far, headOf, near, tracking } from './bench.ts'
import type { Known } from './bench.ts'
import { playerOf } from './simulator.ts'

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
  t.deepEqual(bench.wait(59_999).asked, [])
  bench.wait(1)
  t.deepEqual(bench.sent, [[1, { type: 'stop', stream: 0 }]], 'after a minute it is asked no more: nobody else has it')
  t.deepEqual(bench.wait(14_999).asked, [], 'nor for 15 s')
  t.deepEqual(bench.wait(1).asked, [1], 'then it has another chance')
  bench.wait(60_000)
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

test('gossip core: what lies ahead of the clock keeps no lower head of the feed from being drawn', (t) => {
  const year = 365 * 24 * 3_600_000
  const run: Known = { type: 'run', stream: 0, head: headOf(9), entries: [ENTRY] }
  const bench = tracking().connect(1, near).connect(2, far).announce(1, 1, 9).announce(2, 1, 5)
  bench.hear(1, run).ingested(1, 0, { kind: 'held', retryIn: 200 * year, from: headOf(8).comparable })
  t.deepEqual(bench.asked, [2], 'another peer has a lower head: it is asked at once')
  bench.do({ type: 'changed', head: { identity: author, ...headOf(5) } }).wait(1_000)
  t.notOk(needsTick(bench.state), 'with that here no timer runs for what is years away')
  t.deepEqual(bench.announce(1, 2, 8).wait(500).asked, [], 'nothing from there on is asked for')
  t.deepEqual(bench.announce(1, 3, 7).wait(500).asked, [1], 'what the first announces below it is')
  bench.do({ type: 'changed', head: { identity: author, ...headOf(8) } })
  t.deepEqual(bench.announce(2, 2, 9).wait(500).asked, [2], 'and when the store has taken it at last, all is')
  t.end()
})

test('gossip core: the author takes its feed over from a source that brings nothing, and the store has time', (t) => {
  const at: Known = { type: 'at', stream: 0, at: headOf(1), head: headOf(9) }
  const run: Known = { type: 'run', stream: 0, head: headOf(9), entries: [ENTRY] }
  const given = () => tracking().connect(1, near).connect(3, author).announce(1, 1, 9)
  const repeats = given().hear(1, at).wait(400).hear(1, at).announce(3, 1, 5).wait(99)
  t.deepEqual(repeats.asked, [], 'not before half a second')
  t.deepEqual(repeats.wait(1).asked, [3], 'though the source has said something since')
  t.equal(repeats.state.feeds.get(author)?.penalties.has(near), true, 'which is not asked for a while')
  const slow = given().announce(3, 1, 5).hear(1, run).wait(4_999)
  t.deepEqual(slow.asked, [], 'while the store has a run of it in hand it stays')
  t.deepEqual(slow.ingested(1, 0, { kind: 'adopted' }).wait(499).asked, [], 'and after one that brought something')
  const known = given().announce(3, 1, 5).hear(1, run).wait(499).ingested(1, 0, { kind: 'known' })
  t.deepEqual(known.wait(1).asked, [3], 'not after one that was here')
  t.end()
})

test('gossip core: the only peer that has a chain may send what is here for long, where another has it not', (t) => {
  const run: Known = { type: 'run', stream: 0, head: headOf(9), entries: [ENTRY] }
  const bench = tracking().connect(1, near).connect(2, far).announce(1, 1, 9)
  for (let at = 0; at < 20; at++) {
    bench.hear(1, run).ingested(1, 0, { kind: 'known' })
    t.deepEqual(bench.wait(4_000).sent, [], `${4 * (at + 1)} s`)
  }
  t.deepEqual(bench.announce(2, 1, 8).asked, [2], 'then the other is asked')
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
    bench.hear(1, { type: 'ihave', serial: 1 + at / 500, sequence: 1, offer: NO_OFFER, full: at === 0, heads })
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
