import test from 'tape'
import { GOSSIP_LIMITS } from '../../lib/gossip/index.ts'
import { GOSSIP_HELLO } from '../helpers/gossips.ts'
import { Bench, ENTRY, author, fork, headOf, iwant, near, openStream, tracking } from './bench.ts'
import type { Known } from './bench.ts'

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
  closes('malformed', 'a second hello', open().hear(1, GOSSIP_HELLO))
  closes('version', 'no version in common', fresh().hear(1, { ...GOSSIP_HELLO, version: 1 }))
  const run: Known = { type: 'run', stream: 5, head: headOf(1), entries: [ENTRY] }
  closes('unasked', 'a run nobody asked for', open().hear(1, run))
  closes('unasked', 'a fork nobody asked about', open().hear(1, { type: 'fork', stream: 5 }))
  closes('unasked', 'points without a fork', openStream().hear(1, { type: 'points', stream: 3, points: [headOf(1)] }))
  closes('unasked', 'a second fork', open().announce(1, 1, 5).hear(1, fork).hear(1, fork))
  closes('unasked', 'a stream number twice', openStream().hear(1, iwant(3)))
  closes('unasked', 'hearing what was not said', open().hear(1, { type: 'heard', serial: 9 }))
  closes('unasked', 'an ihave said again', open().announce(1, 1, 5).announce(1, 1, 5))
  closes('unasked', 'one left out', open().announce(1, 1, 5).announce(1, 3, 6))
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
