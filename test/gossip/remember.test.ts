import test from 'tape'
import type { PlayerId } from '../../lib/base/index.ts'
import { remember } from '../../lib/gossip/index.ts'
import { Simulation, playerOf } from './simulator.ts'
import type { SimNode } from './simulator.ts'

const FEEDS = 10_000
const players: readonly PlayerId[] = Array.from({ length: FEEDS }, (_, at) => playerOf(at + 10))

/** Two nodes that track the same feeds; the first has an entry of each, and they have spoken until nothing moved. */
function acquainted(feeds: readonly PlayerId[]): { sim: Simulation; a: SimNode; b: SimNode } {
  const sim = new Simulation(1, 65_536)
  const [a, b] = [sim.add(1, playerOf(1)), sim.add(2, playerOf(2))]
  for (const node of [a, b])
    for (const identity of [a.identity, b.identity, ...feeds]) sim.step(node, { type: 'tracked', identity, on: true })
  for (const identity of [a.identity, ...feeds]) a.feeds.append(identity, 1_000, 'first')
  b.feeds.append(b.identity, 1_000, 'first')
  speak(sim, a, b)
  return { sim, a, b }
}

/** A link until nothing moves; the bytes of both ways. */
function speak(sim: Simulation, a: SimNode, b: SimNode): number {
  const before = sim.bytes
  sim.connect(a, b)
  sim.run(sim.now + 600_000)
  sim.cut(() => true)
  sim.run(sim.now + 600_000)
  return sim.bytes - before
}

const lacking = (a: SimNode, b: SimNode, feeds: readonly PlayerId[]): number =>
  feeds.filter((identity) => a.feeds.head(identity)?.key !== b.feeds.head(identity)?.key).length

test('gossip: reconnecting with 10,000 idle feeds costs a greeting, after a restart too', (t) => {
  const { sim, a, b } = acquainted(players)
  t.equal(lacking(a, b, players), 0, 'all of them have come')
  const idle = speak(sim, a, b)
  t.ok(idle <= 2_048, `${idle} bytes both ways, greeting and all`)
  const some = players.slice(0, 3)
  for (const identity of some) a.feeds.append(identity, Math.floor(sim.now * 1_000), 'second')
  const few = speak(sim, a, b)
  t.equal(lacking(a, b, some), 0, 'what has changed meanwhile comes')
  t.ok(few <= 4_096, `for ${few} bytes, entries included`)
  t.ok(speak(sim, a, b) <= 2_048, 'and next time again nothing')
  a.restart(101, remember(a.state))
  b.restart(102, remember(b.state))
  a.feeds.append(players[7]!, Math.floor(sim.now * 1_000), 'after the restart')
  const anew = speak(sim, a, b)
  t.equal(lacking(a, b, players), 0, 'after both were restarted the changes come')
  t.ok(anew <= 4_096, `for ${anew} bytes`)
  b.restart(202)
  const full = speak(sim, a, b)
  t.ok(full > FEEDS * 80, `a node that has forgotten is told all anew: ${full} bytes`)
  t.deepEqual(sim.quarrels, [])
  t.end()
})

test('gossip: a feed that comes or goes while two nodes are apart costs itself, not 10,000 heads', (t) => {
  const { sim, a, b } = acquainted(players)
  const idle = speak(sim, a, b)
  const names = Array.from({ length: 12 }, (_, at) => playerOf(6_000_000 + at))
  const add = (identity: PlayerId): void => {
    for (const node of [a, b]) sim.step(node, { type: 'tracked', identity, on: true })
    a.feeds.append(identity, Math.floor(sim.now * 1_000), 'first')
  }
  const [one, ...more] = names
  add(one!)
  const added = speak(sim, a, b)
  t.equal(lacking(a, b, [one!]), 0, 'a feed that is added comes')
  t.ok(added < 2_048, `for ${added} bytes, where nothing new costs ${idle}`)
  for (const identity of more) add(identity)
  const many = speak(sim, a, b)
  t.equal(lacking(a, b, names), 0, 'eleven more come')
  t.ok(many < 12_288, `for ${many} bytes`)
  a.secret.add(players[3]!)
  const less = speak(sim, a, b)
  t.ok(less <= idle, `one that is offered no more costs nothing: ${less} bytes`)
  a.feeds.append(players[3]!, Math.floor(sim.now * 1_000), 'second')
  for (const at of [5, 6]) a.feeds.append(players[at]!, Math.floor(sim.now * 1_000), 'second')
  a.restart(101, remember(a.state))
  b.restart(102, remember(b.state))
  a.secret.delete(players[3]!)
  const back = speak(sim, a, b)
  t.equal(lacking(a, b, players), 0, 'one that is offered again comes, after both were restarted too')
  t.ok(back < 4_096, `for ${back} bytes, three entries included`)
  t.deepEqual(sim.quarrels, [])
  t.end()
})

test('gossip: what was announced and is offered no more is asked for once, and the peer says no', (t) => {
  const feeds = players.slice(0, 50)
  const { sim, a, b } = acquainted(feeds)
  const [kept] = feeds
  sim.connect(a, b)
  sim.run(sim.now + 600_000)
  a.feeds.append(kept!, Math.floor(sim.now * 1_000), 'second')
  sim.cut(() => true)
  sim.run(sim.now + 600_000)
  a.secret.add(kept!)
  speak(sim, a, b)
  t.equal(lacking(a, b, feeds), 1, 'it does not come')
  t.equal(b.state.waiting.size, 0, 'and is not waited for')
  t.deepEqual(sim.quarrels, [])
  t.end()
})

test('gossip: what another set of feeds is offered, or is tracked since, is not missed', (t) => {
  const feeds = players.slice(0, 50)
  const { sim, a, b } = acquainted(feeds)
  const [hidden, fresh] = [playerOf(5_000_001), playerOf(5_000_002)]
  a.secret.add(hidden)
  for (const identity of [hidden, fresh]) a.feeds.append(identity, Math.floor(sim.now * 1_000), 'first')
  sim.step(b, { type: 'tracked', identity: hidden, on: true })
  speak(sim, a, b)
  t.equal(b.feeds.head(hidden), undefined, 'what may not be served does not come')
  t.equal(b.feeds.head(fresh), undefined, 'nor what is not tracked')
  a.secret.delete(hidden)
  const bytes = speak(sim, a, b)
  t.equal(lacking(a, b, [hidden]), 0, 'what may be served since comes')
  t.ok(bytes < 1_024, `without a full exchange: ${bytes} bytes`)
  sim.step(b, { type: 'tracked', identity: fresh, on: true })
  const asked = speak(sim, a, b)
  t.equal(lacking(a, b, [fresh]), 0, 'what is tracked since is asked for')
  t.ok(asked < 2_048, `without one: ${asked} bytes`)
  sim.connect(a, b)
  sim.run(sim.now + 600_000)
  const late = playerOf(5_000_003)
  a.feeds.append(late, Math.floor(sim.now * 1_000), 'first')
  sim.run(sim.now + 600_000)
  sim.step(b, { type: 'tracked', identity: late, on: true })
  sim.run(sim.now + 600_000)
  t.equal(lacking(a, b, [late]), 0, 'tracked while the link is up, too')
  t.deepEqual(sim.quarrels, [])
  t.end()
})

test('gossip: what is told before a feed of the last run is tracked again is not missed', (t) => {
  const feeds = players.slice(0, 50)
  const { sim, a, b } = acquainted(feeds)
  const late = feeds[0]!
  const kept = remember(b.state)
  sim.step(b, { type: 'tracked', identity: late, on: false })
  b.restart(102, kept)
  a.feeds.append(late, Math.floor(sim.now * 1_000), 'second')
  speak(sim, a, b)
  t.equal(lacking(a, b, [late]), 1, 'it does not come while the feed is not tracked')
  sim.step(b, { type: 'tracked', identity: late, on: true })
  speak(sim, a, b)
  t.equal(lacking(a, b, feeds), 0, 'once it is, over another link, it does')
  t.deepEqual(sim.quarrels, [])
  t.end()
})

test('gossip: a cut in the middle of an exchange loses nothing, whatever may be served meanwhile', (t) => {
  const feeds = players.slice(0, 2_000)
  for (let seed = 1; seed <= 20; seed++) {
    const sim = new Simulation(seed)
    const [a, b] = [sim.add(1, playerOf(1)), sim.add(2, playerOf(2))]
    for (const node of [a, b]) for (const identity of feeds) sim.step(node, { type: 'tracked', identity, on: true })
    for (const identity of feeds) a.feeds.append(identity, 1_000, 'first')
    for (let cut = 0; cut < 6; cut++) {
      sim.connect(a, b)
      sim.run(sim.now + 50 + sim.random() * 800)
      const changed = feeds[sim.pick(feeds.length)]!
      sim.step(b, { type: 'tracked', identity: changed, on: false })
      sim.step(b, { type: 'tracked', identity: changed, on: true })
      a.feeds.append(feeds[sim.pick(feeds.length)]!, Math.floor(sim.now * 1_000), `while up ${cut}`)
      sim.cut(() => true)
      a.feeds.append(feeds[sim.pick(feeds.length)]!, Math.floor(sim.now * 1_000), `while down ${cut}`)
      if (cut < 5) for (let at = 0; at < 20; at++) a.secret.add(feeds[sim.pick(feeds.length)]!)
      for (const identity of [...a.secret]) if (cut === 5 || sim.random() < 0.5) a.secret.delete(identity)
      if (cut % 2 === 1) b.restart(100 + cut, remember(b.state))
    }
    speak(sim, a, b)
    if (lacking(a, b, feeds) > 0 || sim.quarrels.length > 0)
      t.fail(`seed ${seed}: ${lacking(a, b, feeds)} feeds differ; ${sim.quarrels.join('; ')}`)
  }
  t.pass('in 20 histories with 6 cuts each')
  t.end()
})
