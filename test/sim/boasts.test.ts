import test from 'tape'
import type { Entry } from '../../lib/entry/index.ts'
import type { SimNode } from './node.ts'
import { boast } from './hostile.ts'
import type { Spoken } from './hostile.ts'
import { Scene, note } from './scenes.ts'
import { identityOf } from './signing.ts'

/** Peers that announce a head which nobody has, and answer in words that bring nothing. */

type Answer = (entry: Entry, stream: number) => Spoken
const HIGHEST = Number.MAX_SAFE_INTEGER
const lie = ({ key }: Entry) => ({ comparable: HIGHEST, key, count: 1_000_000 })
const ANSWERS: readonly (readonly [string, Answer])[] = [
  ['says where it is', (entry, stream) => ({ type: 'at', stream, at: entry, head: lie(entry) })],
  ['sends what is here', (entry, stream) => ({ type: 'run', stream, head: lie(entry), entries: [entry.bytes] })],
  ['ends what it was asked for', (_entry, stream) => ({ type: 'end', stream, code: 'superseded' })],
]

/** Mallory beside a listener: has the feed by herself, and answers each 400 ms whoever asks her for it. */
function boasting(scene: Scene, ada: SimNode, listener: SimNode, answer: Answer): SimNode {
  const { world } = scene
  const { id } = ada.identity
  const mallory = world.addHostile(identityOf('mallory'), boast(id))
  mallory.track(id, 'wanted')
  world.link(ada, mallory)
  world.link(listener, mallory)
  const again = (): void => {
    const [entry] = mallory.store.read(id)
    for (const link of mallory.state.links.values()) {
      const serve = link.serveOf.get(id)
      if (entry && serve && link.peer === listener.identity.id) mallory.say(link.id, answer(entry, serve.stream))
    }
    world.timeline.after(400, again)
  }
  again()
  return mallory
}

for (const [what, answer] of ANSWERS) {
  test(`a peer that announces the highest head there can be and ${what}: the author beside it`, (t) => {
    const scene = new Scene(11, 'ada')
    const [ada, listener] = [scene.node('ada'), scene.node('listener')]
    const { id } = ada.identity
    scene.world.link(ada, listener)
    const mallory = boasting(scene, ada, listener, answer)
    ada.append(note('first'))
    scene.pass(10)
    let missed = 0
    for (let at = 0; at < 60; at++) {
      const entry = ada.append(note(`entry ${at}`))
      scene.pass(1)
      if (listener.headOf(id)?.key !== entry?.key) missed++
    }
    t.equal(missed, 0, 'each entry comes from its author within a second')
    t.ok(listener.state.feeds.get(id)?.penalties.has(mallory.identity.id), 'whoever boasts is not asked for a while')
    t.deepEqual(scene.world.quarrels, [])
    t.end()
  })

  test(`a peer that announces the highest head there can be and ${what}: another that is honest beside it`, (t) => {
    const scene = new Scene(12, 'ada')
    const [ada, relay, listener] = [scene.node('ada'), scene.node('relay'), scene.node('listener')]
    const { id } = ada.identity
    scene.world.link(ada, relay)
    const mallory = boasting(scene, ada, listener, answer)
    ada.append(note('first'))
    scene.pass(3)
    scene.world.link(relay, listener)
    scene.pass(10)
    let missed = 0
    for (let at = 0; at < 20; at++) {
      const entry = ada.append(note(`entry ${at}`))
      scene.pass(7)
      if (listener.headOf(id)?.key !== entry?.key) missed++
    }
    t.equal(missed, 0, 'each entry comes within seven seconds')
    t.ok(listener.state.feeds.get(id)?.penalties.has(mallory.identity.id), 'whoever boasts is not asked for a while')
    t.end()
  })
}

test('an author whose clock was at the end of time goes on', (t) => {
  const scene = new Scene(13, 'ada')
  const [ada, listener] = [scene.node('ada'), scene.node('listener')]
  const { id } = ada.identity
  scene.world.link(ada, listener)
  ada.append(note('in time'))
  scene.pass(5)
  const backup = ada.backup()
  ada.skew = HIGHEST - ada.micros()
  ada.append(note('ahead'))
  scene.pass(5)
  t.ok((listener.state.feeds.get(id)?.heldUntil ?? 0) > scene.world.now + 1e9, 'what is ahead is held')
  t.equal(listener.state.waiting.size, 0, 'and no tick looks at it')
  ada.stop()
  ada.restore(backup)
  ada.own.silent = false
  ada.skew = 0
  ada.start()
  scene.world.reconnect()
  const entry = ada.append(note('the clock has been set'))
  scene.pass(10)
  t.equal(listener.headOf(id)?.key, entry?.key, 'what it writes after comes at once')
  t.end()
})
