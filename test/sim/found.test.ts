import test from 'tape'
import { GOSSIP_LIMITS, createGossip, step } from '../../lib/gossip/core.ts'
import type { GossipEffect, GossipEvent } from '../../lib/gossip/index.ts'
import type { Timeless } from '../../lib/gossip/looks.ts'
import { decodeFrame, encodeFrame } from '../../lib/gossip/wire.ts'
import type { Frame } from '../../lib/gossip/index.ts'
import { GOSSIP_HELLO } from '../helpers/gossips.ts'
import { makeChain } from './scenes.ts'
import { identityOf } from './signing.ts'

/** What seeds of the simulator have found, each as small as it can be told. */

test('a head that was named in a run which the asker dropped is told again', (t) => {
  // Hostile histories of 40 nodes, seeds 21 and 39: a stream was stopped while a run was on its way.
  const [ada, ben] = [identityOf('ada').id, identityOf('ben').id]
  const [one, two] = makeChain(identityOf('ada'), 2, null)
  const head = { identity: ada, comparable: two!.comparable, key: two!.key, count: 2 }
  const state = createGossip({
    epoch: '00000000000000aa',
    self: identityOf('cy').id,
    sequence: 0,
    limits: GOSSIP_LIMITS,
    mayServe: () => true,
  })
  const told: Frame[] = []
  const happens = (event: Timeless<GossipEvent>): GossipEffect[] => {
    const effects = step(state, { ...event, now: 0 })
    for (const effect of effects) {
      const frame = effect.type === 'send' ? decodeFrame(effect.bytes) : undefined
      if (frame) told.push(frame)
    }
    return effects
  }
  const says = (frame: Exclude<Frame, { type: 'optional' }>): GossipEffect[] =>
    happens({ type: 'received', link: 1, bytes: encodeFrame(frame) })
  happens({ type: 'connected', link: 1, peer: ben })
  says(GOSSIP_HELLO)
  says({ type: 'credit', bytes: 100_000 })
  happens({ type: 'changed', head: { ...head, comparable: one!.comparable, key: one!.key, count: 1 }, entries: [one!] })
  const after = { comparable: one!.comparable, key: one!.key }
  says({ type: 'iwant', stream: 0, identity: ada, after })
  happens({ type: 'changed', head, entries: [two!] })
  t.equal(told.at(-1)?.type, 'run', 'the new entry goes out in a run')
  told.length = 0
  says({ type: 'stop', stream: 0 })
  says({ type: 'heard', serial: 1 })
  const heads = told.flatMap((frame) => (frame.type === 'ihave' ? frame.heads.map(({ key }) => key) : []))
  t.deepEqual(heads, [two!.key], 'after the stop, its head is told: the run may never have been looked at')
  t.end()
})
