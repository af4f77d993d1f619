import { CLEAR, makeChain, note } from './scenes.ts'
import { identityOf } from './signing.ts'
import { World } from './world.ts'

/** Bytes of the first exchange of two nodes that have the same feeds, and of the next connections. */
export interface Idle {
  readonly first: number
  readonly again: number
  /** Where one of the two has been started anew in between. */
  readonly restarted: number
  /** Where one has lost power in between. */
  readonly crashed: number
  /** Where, while they were apart, one feed grew by an entry. */
  readonly grown: number
  /** Where one of the two got a feed more, that both draw, and one was started anew. */
  readonly added: number
}

/** Two nodes that draw the same feeds, all idle, and lose each other several times. */
export function measureIdle(feeds: number): Idle {
  const world = new World({ seed: 1, quality: CLEAR })
  const [a, b] = [world.add(identityOf('ada')), world.add(identityOf('ben'))]
  for (let at = 0; at < feeds; at++) {
    const identity = identityOf(`idle ${at}`)
    const run = makeChain(identity, 1, null).map((entry) => entry.bytes)
    for (const node of [a, b]) {
      node.track(identity.id, 'wanted')
      node.store.ingest(identity.id, run)
    }
  }
  b.track(a.identity.id, 'wanted')
  a.append(note('something old'))
  world.timeline.runUntil(60_000)
  const costOf = (between: () => unknown): number => {
    world.part(() => true)
    world.timeline.runUntil(world.now + 10_000)
    between()
    const before = world.traffic.bytes
    world.heal()
    world.timeline.runUntil(world.now + 30_000)
    return world.traffic.bytes - before
  }
  world.link(a, b)
  world.timeline.runUntil(world.now + 30_000)
  return {
    first: world.traffic.bytes,
    again: costOf(() => undefined),
    restarted: costOf(() => {
      a.stop()
      a.start()
    }),
    crashed: costOf(() => {
      a.crash()
      a.start()
    }),
    grown: costOf(() => a.append(note('something new'))),
    added: costOf(() => {
      const identity = identityOf('one more')
      for (const node of [a, b]) node.track(identity.id, 'wanted')
      const run = makeChain(identity, 1, null).map((entry) => entry.bytes)
      a.store.ingest(identity.id, run)
      a.stop()
      a.start()
    }),
  }
}
