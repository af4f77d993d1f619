import test from 'tape'
import { CLEAR, note } from './scenes.ts'
import type { SimNode } from './node.ts'
import { identityOf } from './signing.ts'
import { World } from './world.ts'

/** 300 KB, in frames that take longer than a source is given where others have the feed. */
const ENTRIES = 30
const SIZE = 10_000

/** Lines that carry 10 KB a second. */
const slowWorld = (seed: number): World => new World({ seed, quality: { ...CLEAR, rate: [10, 10] } })

const { id } = identityOf('ada')
function node(world: World, name: string): SimNode {
  const made = world.add(identityOf(name))
  made.track(id, 'wanted')
  return made
}
function write(ada: SimNode): void {
  for (let at = 0; at < ENTRIES; at++) ada.append(note(`${at} `.padEnd(SIZE, 'x')))
}
function pass(world: World, seconds: number): void {
  world.timeline.runUntil(world.now + seconds * 1_000)
}

test('a backlog comes over a slow line from the only source there is', (t) => {
  const world = slowWorld(21)
  const [ada, listener] = [node(world, 'ada'), node(world, 'listener')]
  write(ada)
  world.link(ada, listener)
  pass(world, 60)
  t.equal(listener.headOf(id)?.key, ada.headOf(id)?.key, 'within a minute, of which the line is busy for half')
  t.deepEqual(world.quarrels, [])
  t.end()
})

test('a backlog comes over slow lines where two have it', (t) => {
  const world = slowWorld(22)
  const [ada, relay, other, listener] = ['ada', 'relay', 'other', 'listener'].map((name) => node(world, name)) as [
    SimNode,
    SimNode,
    SimNode,
    SimNode,
  ]
  write(ada)
  world.link(ada, relay)
  pass(world, 60)
  world.link(ada, other)
  pass(world, 60)
  world.link(relay, listener)
  world.link(other, listener)
  pass(world, 180)
  t.equal(listener.headOf(id)?.key, ada.headOf(id)?.key)
  t.deepEqual(world.quarrels, [])
  t.end()
})
