import test from 'tape'
import type { PlayerId } from '../../lib/base/index.ts'
import { signEntry } from '../../lib/entry/index.ts'
import type { Entry } from '../../lib/entry/index.ts'
import type { SimNode } from './node.ts'
import { boast } from './hostile.ts'
import type { Spoken } from './hostile.ts'
import { Scene, note } from './scenes.ts'
import { identityOf, simCrypto } from './signing.ts'

/** Peers that announce a head which nobody has, and answer in words that bring nothing. */

type Answer = (entry: Entry, stream: number) => Spoken
const HIGHEST = Number.MAX_SAFE_INTEGER
const lie = ({ key }: Entry) => ({ comparable: HIGHEST, key, count: 1_000_000 })
let forgeries = 0
/** Bytes of another one each time, in the author's name and with a signature that does not hold. */
function forgedAfter({ identity, key, comparable }: Entry): Uint8Array {
  const fields = { identity, parent: key, comparable: comparable + ++forgeries, synod: null, payload: note('forged') }
  const bytes = signEntry(fields, identityOf('ada').signer, simCrypto).bytes.slice()
  const at = bytes.length - 64
  bytes[at] = (bytes[at] ?? 0) ^ 1
  return bytes
}
const ANSWERS: readonly (readonly [string, Answer])[] = [
  ['says where it is', (entry, stream) => ({ type: 'at', stream, at: entry, head: lie(entry) })],
  ['sends what is here', (entry, stream) => ({ type: 'run', stream, head: lie(entry), entries: [entry.bytes] })],
  [
    'sends what nobody has signed',
    (entry, stream) => ({ type: 'run', stream, head: lie(entry), entries: [forgedAfter(entry)] }),
  ],
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

/** Whether a feed is not drawn from a peer where another has it. */
function isShunned({ state }: SimNode, { identity }: SimNode, feed: PlayerId): boolean {
  if (state.feeds.get(feed)?.penalties.has(identity.id) === true) return true
  const { leastBytes } = state.settings.limits
  return (state.gave.get(identity.id)?.bytes ?? Infinity) < leastBytes
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
    t.ok(isShunned(listener, mallory, id), 'whoever boasts is not asked for a while, or no more where another has it')
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

test('a peer that has many feeds and brings an entry of each now and then holds none back', (t) => {
  const names = Array.from({ length: 30 }, (_, at) => `author ${at}`)
  const scene = new Scene(14, ...names)
  const { world } = scene
  const authors = names.map((name) => scene.node(name))
  const feeds = authors.map(({ identity }) => identity.id)
  const [relay, listener] = [scene.node('relay'), scene.node('listener')]
  const mallory = world.addHostile(identityOf('mallory'), (frame) => (frame.type === 'run' ? [] : [frame]))
  for (const id of feeds) mallory.track(id, 'wanted')
  for (const author of authors) {
    world.link(author, relay)
    for (let at = 0; at < 20; at++) author.append(note(`entry ${at}`))
  }
  scene.pass(5)
  // It has all of them, over a line of its own.
  for (const author of authors) world.link(author, mallory)
  scene.pass(5)
  world.link(listener, mallory)
  let next = 0
  const trickle = (): void => {
    for (const link of mallory.state.links.values()) {
      if (link.peer !== listener.identity.id) continue
      const id = feeds[next++ % feeds.length]
      const serve = id && link.serveOf.get(id)
      const head = id && mallory.headOf(id)
      const after = id && listener.headOf(id)?.comparable
      const [entry] = id ? mallory.store.read(id, after || 0, 1) : []
      if (serve && head && entry)
        mallory.say(link.id, {
          type: 'run',
          stream: serve.stream,
          head: { ...head, count: 20 },
          entries: [entry.bytes],
        })
    }
    world.timeline.after(150, trickle)
  }
  trickle()
  scene.pass(1)
  world.link(relay, listener)
  scene.pass(15)
  const lacking = authors.filter(({ identity: { id }, store }) => listener.headOf(id)?.key !== store.head(id)?.key)
  t.equal(lacking.length, 0, 'all is here after a quarter of a minute')
  t.end()
})
