import test from 'tape'
import type { PlayerId } from '../../lib/base/index.ts'
import { encodeFrame } from '../../lib/gossip/index.ts'
import { Calls } from '../../lib/wire/index.ts'
import type { CallEvent } from '../../lib/wire/index.ts'
import { chain, identityNamed, rawOf } from '../helpers/chains.ts'
import { duplexPair } from '../helpers/duplex.ts'
import { GOSSIP_HELLO, gossipNode, realClock } from '../helpers/gossips.ts'

const [ann, ben, cy] = [identityNamed('ann'), identityNamed('ben'), identityNamed('cy')]

test('wire: a fault of the core at a frame, or at what has left, is told of and ends the call', async (t) => {
  for (const failing of ['connected', 'received', 'sent', 'disconnected'] as const) {
    const faults: unknown[] = []
    const steps: string[] = []
    const calls = new Calls<CallEvent, { readonly type: string }>({
      clock: realClock,
      tickEvery: 1,
      step(event) {
        steps.push(event.type)
        if (event.type === failing) throw new TypeError(failing)
        return event.type === 'received' ? [{ type: 'send', link: event.link, bytes: Uint8Array.of(1) }] : []
      },
      needsTick: () => false,
      perform: () => undefined,
      pace: () => ({ take: () => undefined }),
      onEnded: () => undefined,
      onFault: (cause, peer) => faults.push([(cause as Error).message, peer]),
    })
    const pair = duplexPair()
    const ended = calls.speak(ben.id, pair.a)
    await pair.b.push(Uint8Array.of(7))
    if (failing === 'disconnected') pair.b.end()
    await ended
    t.deepEqual(faults, [[failing, failing === 'disconnected' ? undefined : ben.id]], `${failing}: told of, once`)
    t.equal(steps.at(-1), 'disconnected', 'and the call has ended')
  }
})

test('wire: a fault of the core at a tick is told of', async (t) => {
  const told = await new Promise((resolve) => {
    const calls: Calls<CallEvent, { readonly type: string }> = new Calls({
      clock: realClock,
      tickEvery: 1,
      step(event) {
        if (event.type === 'tick') throw new TypeError('tick')
        return []
      },
      needsTick: () => true,
      perform: () => undefined,
      pace: () => ({ take: () => undefined }),
      onEnded: () => undefined,
      onFault: resolve,
    })
    calls.step({ type: 'sent', link: 1, bytes: 0 })
  })
  t.equal((told as Error).message, 'tick')
})

test('gossip: a fault of the core at a frame, and after an answer of the store, is told of', async (t) => {
  let failing: PlayerId | undefined
  const node = await gossipNode(ann, {
    tracked: [cy.id],
    mayServe(_peer, feed) {
      if (feed === failing) throw new TypeError('a fault of the core')
      return true
    },
  })
  await node.store.ingest(cy.id, rawOf(chain(cy, 3, null)))
  const told = () => node.faults.splice(0).map(({ message, cause }) => [message, (cause as Error).message])
  const FAULT = [['a step of gossip has failed', 'a fault of the core']]
  const lost = encodeFrame({ type: 'lost', heads: [] })
  const atFrame = duplexPair()
  const first = node.gossip.link(ben.id, atFrame.a)
  await atFrame.b.push(encodeFrame(GOSSIP_HELLO))
  for await (const frame of atFrame.b.source) {
    if (frame[0] !== lost[0]) continue
    failing = cy.id
    await atFrame.b.push(encodeFrame({ type: 'iwant', stream: 1, identity: cy.id, after: undefined }))
  }
  await first
  t.deepEqual(told(), FAULT, 'at a frame; the call has ended')
  // Of the peer's own feed it is asked only once the store has looked for losing heads of it.
  failing = ben.id
  const atAnswer = duplexPair()
  const second = node.gossip.link(ben.id, atAnswer.a)
  await atAnswer.b.push(encodeFrame(GOSSIP_HELLO))
  await second
  t.deepEqual(told(), FAULT, 'after an answer of the store; the call has ended')
  await node.close()
})
