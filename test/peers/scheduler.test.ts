import fc from 'fast-check'
import test from 'tape'
import type { PlayerId } from '../../lib/base/index.ts'
import { MAX_ADDRESSES, MAX_HEARD, MAX_OF_PLAYER, MAX_TOLD } from '../../lib/peers/addresses.ts'
import { Scheduler, type PeerEffect, type PeerEvent, type Reason } from '../../lib/peers/index.ts'
import { identityNamed } from '../helpers/chains.ts'
import { dialledBy, World } from './world.ts'

const players = Array.from({ length: 40 }, (_, at) => identityNamed(`peer ${at}`).id)
const [self, ann, ben, cy] = players as [PlayerId, PlayerId, PlayerId, PlayerId]
const at = (player: PlayerId, port = 1): string => `${port}~${player}`
const scheduler = (settings = { links: 4, heard: 2 }): Scheduler => new Scheduler({ self, random: () => 0.5, settings })
const learn = (player: PlayerId, reason: Reason, now = 0, port = 1): PeerEvent => ({
  type: 'learn',
  address: at(player, port),
  player,
  reason,
  now,
})
const dials = dialledBy
/** Lets time pass look by look. */
function pass(core: Scheduler, from: number, to: number, step = 1_000): PeerEffect[] {
  const effects: PeerEffect[] = []
  for (let now = from; now <= to; now += step) effects.push(...core.handle({ type: 'look', now, wall: 1e12 + now }))
  return effects
}

test('scheduler: an address is dialled as soon as it is known; oneself never', (t) => {
  const core = scheduler()
  t.deepEqual(dials(core.handle(learn(ann, 'asked'))), [at(ann)])
  t.deepEqual(core.handle(learn(self, 'asked')), [])
  t.deepEqual(core.handle(learn(ann, 'told', 0, 2)), [], 'a player is dialled at one address at a time')
  t.end()
})

test('scheduler: failures double the wait, up to five minutes, and every address of a player gets its turn', (t) => {
  const core = scheduler()
  let now = 0
  core.handle(learn(ann, 'asked', now))
  const waits: number[] = []
  for (let failure = 0; failure < 12; failure++) {
    const failed = now
    core.handle({ type: 'dialled', address: at(ann), error: 'nobody there', now })
    const [waiting] = core.waiting(now)
    t.equal(waiting?.failures, failure + 1)
    t.equal(waiting?.error, 'nobody there')
    now += waiting?.nextIn ?? 0
    const early = [...pass(core, failed, now - 1), ...core.handle({ type: 'look', now: now - 1, wall: 1e12 + now - 1 })]
    t.deepEqual(dials(early), [], 'not before its time')
    t.deepEqual(dials(core.handle({ type: 'look', now, wall: 1e12 + now })), [at(ann)])
    waits.push(now - failed)
  }
  t.deepEqual(waits.slice(0, 4), [1_000, 2_000, 4_000, 8_000])
  t.equal(waits.at(-1), 300_000)
  core.handle({ type: 'dialled', address: at(ann), error: 'nobody there', now })
  t.deepEqual(dials(core.handle(learn(ann, 'told', now, 2))), [at(ann, 2)])
  t.end()
})

test('scheduler: a link that ended soon is a failure, one that lasted is none', (t) => {
  const core = scheduler()
  core.handle(learn(ann, 'asked'))
  core.handle({ type: 'linked', player: ann, address: at(ann), now: 10 })
  core.handle({ type: 'dialled', address: at(ann), now: 10 })
  core.handle({ type: 'ended', player: ann, now: 20 })
  t.equal(core.waiting(20)[0]?.failures, 1)
  pass(core, 1_020, 2_020)
  core.handle({ type: 'linked', player: ann, address: at(ann), now: 2_020 })
  core.handle({ type: 'dialled', address: at(ann), now: 2_020 })
  core.handle({ type: 'ended', player: ann, now: 100_000 })
  t.equal(core.waiting(100_000)[0]?.failures, 0)
  t.end()
})

test('scheduler: after sleep and on another network all is dialled at once, and links are asked whether they live', (t) => {
  const sleeps: [string, PeerEvent[]][] = [
    ['the monotonic clock stood still', [{ type: 'look', now: 101_000, wall: 1e12 + 4_000_000 }]],
    ['it went on', [{ type: 'look', now: 3_700_000, wall: 1e12 + 3_700_000 }]],
    ['another network', [{ type: 'network', now: 101_000 }]],
  ]
  for (const [why, events] of sleeps) {
    const core = scheduler()
    core.handle(learn(ann, 'asked'))
    pass(core, 0, 100_000)
    for (let failure = 0; failure < 9; failure++)
      core.handle({ type: 'dialled', address: at(ann), error: 'gone', now: 100_000 })
    t.ok((core.waiting(100_000)[0]?.nextIn ?? 0) > 60_000, 'it waits for long')
    const effects = events.flatMap((event) => core.handle(event))
    t.ok(
      effects.some((effect) => effect.do === 'probe'),
      `${why}: links are asked`,
    )
    t.deepEqual(dials(effects), [at(ann)], `${why}: dialled at once`)
  }
  const core = scheduler()
  t.ok(core.handle({ type: 'network', now: 0 }).length > 0)
  t.deepEqual(core.handle({ type: 'network', now: 1_000 }), [], 'not each second')
  t.end()
})

test('scheduler: room is for the better known; strangers of the local network get a part of it', (t) => {
  const core = scheduler({ links: 4, heard: 2 })
  const link = (player: PlayerId): PeerEffect[] => [
    ...core.handle({ type: 'linked', player, address: at(player), now: 5_000 }),
    ...core.handle({ type: 'dialled', address: at(player), now: 5_000 }),
  ]
  for (const player of players.slice(1, 6)) core.handle(learn(player, 'heard'))
  for (const player of players.slice(1, 6)) core.handle({ type: 'dialled', address: at(player), error: 'no', now: 0 })
  const first = dials(pass(core, 2_000, 4_000))
  t.equal(first.length, 2, 'two strangers')
  const linked = players.filter((player) => first.includes(at(player)))
  for (const player of linked) link(player)
  core.handle(learn(players[10]!, 'follows', 5_000))
  core.handle(learn(players[11]!, 'follows', 5_000))
  link(players[10]!)
  link(players[11]!)
  t.deepEqual(dials(core.handle(learn(players[12]!, 'follows', 6_000))), [], 'then it is full')
  t.deepEqual(dials(core.handle(learn(players[13]!, 'asked', 6_000))), [at(players[13]!)], 'but for those asked for')
  link(players[13]!)

  const effects: PeerEffect[] = []
  for (let now = 10_000; now <= 810_000; now += 10_000) {
    effects.push(...core.handle({ type: 'useful', player: linked[0]!, now }), ...pass(core, now, now))
    if (effects.length > 0) now = 900_000
  }
  t.deepEqual(
    effects.filter((effect) => effect.do === 'hangUp'),
    [{ do: 'hangUp', player: linked[1] }],
    'one that brought nothing makes room, once a minute; one that is useful stays',
  )
  t.deepEqual(dials(core.handle({ type: 'ended', player: linked[1]!, now: 620_000 })), [], 'four links are left')
  const after = core.handle({ type: 'ended', player: players[10]!, now: 620_100 })
  t.deepEqual(dials(after), [at(players[12]!)], 'with room again who waited longest is dialled')
  t.end()
})

test('scheduler: whoever comes in by itself does not shut this node in', (t) => {
  const core = scheduler({ links: 4, heard: 2 })
  for (const player of players.slice(5, 25)) core.handle({ type: 'linked', player, now: 0 })
  t.deepEqual(dials(core.handle(learn(ann, 'follows'))), [at(ann)])
  t.deepEqual(dials(core.handle(learn(ben, 'follows'))), [at(ben)])
  t.deepEqual(dials(core.handle(learn(cy, 'follows'))), [], 'half of the room')
  t.end()
})

test('scheduler: addresses are bounded, and what goes is named', (t) => {
  const core = scheduler({ links: 0, heard: 0 })
  const crowd = Array.from({ length: MAX_ADDRESSES + 50 }, (_, n) => identityNamed(`crowd ${n}`).id)
  const dropped = (event: PeerEvent): unknown[] =>
    core.handle(event).flatMap((effect) => (effect.do === 'dropped' ? [effect.address] : []))
  for (const [n, player] of crowd.entries()) {
    const gone = dropped(learn(player, 'heard'))
    if (n < MAX_HEARD) t.deepEqual(gone, [])
    else if (gone.length !== 1) t.fail('more strangers than may be')
  }
  t.equal(core.waiting(0).length, MAX_HEARD)
  for (const player of crowd) core.handle(learn(player, 'follows'))
  t.equal(core.waiting(0).length, MAX_ADDRESSES)
  t.deepEqual(dropped(learn(ann, 'tracked')), [at(ann)], 'a poorer reason makes no room')
  t.equal(dropped(learn(ann, 'asked')).length, 1, 'a better one does')
  t.equal(core.waiting(0).length, MAX_ADDRESSES)
  const other = scheduler({ links: 0, heard: 0 })
  for (let port = 1; port < 30; port++) other.handle(learn(ben, 'asked', 0, port))
  t.equal(other.waiting(0).length, MAX_OF_PLAYER)
  for (let port = 1; port < 30; port++) other.handle(learn(cy, 'told', 0, port))
  const told = other.waiting(0).filter(({ player }) => player === cy)
  t.deepEqual(
    told.map(({ address }) => address),
    [at(cy, 28), at(cy, 29)],
    `of what a player told, the last ${MAX_TOLD}`,
  )
  t.end()
})

test('scheduler: who names new places all the time is dialled as seldom as who names one', (t) => {
  const naming: [string, (port: number, now: number) => PeerEvent][] = [
    ['told', (port, now) => learn(ann, 'told', now, port)],
    [
      'published',
      (port, now) => {
        const addresses = Array.from({ length: MAX_OF_PLAYER }, (_, more) => at(ann, port + more))
        return { type: 'published', players: new Map([[ann, { addresses, reason: 'follows' }]]), now }
      },
    ],
  ]
  for (const [how, name] of naming) {
    const core = scheduler()
    let dialled = 0
    const run = (event: PeerEvent): void => {
      for (const address of dials(core.handle(event))) {
        dialled++
        run({ type: 'dialled', address, error: 'nobody there', now: event.now })
      }
    }
    for (let now = 0; now < 600_000; now += 5_000) {
      run({ type: 'linked', player: ann, now })
      run(name(1 + now, now))
      run({ type: 'ended', player: ann, now })
      for (let then = now; then < now + 5_000; then += 500) run({ type: 'look', now: then, wall: 1e12 + then })
    }
    t.ok(dialled > 6 && dialled <= 60, `${how}: ${dialled} dials in ten minutes`)
    run(learn(ann, 'asked', 600_000, 9))
    t.equal(core.waiting(600_000).find(({ address }) => address === at(ann, 9))?.failures, 1, 'asked for, at once')
  }
  t.end()
})

test('scheduler: an address that is being dialled makes no room, so that dials are counted', (t) => {
  const core = scheduler({ links: 60, heard: 60 })
  let dialling = dials(core.handle(learn(ann, 'heard'))).length
  for (let port = 2; port <= MAX_OF_PLAYER; port++) core.handle(learn(ann, 'follows', 0, port))
  for (let port = 7; port < 12; port++) core.handle(learn(ann, 'asked', 0, port))
  for (const player of players.slice(2, 12)) dialling += dials(core.handle(learn(player, 'asked'))).length
  t.equal(dialling, 4)
  t.ok(core.waiting(0).some(({ address, state }) => address === at(ann) && state === 'dialling'))
  t.end()
})

test('scheduler: whatever happens, no dial of oneself, of a player who is linked or is being dialled, or past the bounds', (t) => {
  const reasons: Reason[] = ['asked', 'follows', 'tracked', 'told', 'reached', 'heard']
  const player = fc.constantFrom(...players.slice(0, 12))
  const step = fc.oneof(
    fc.record({
      type: fc.constant('learn' as const),
      player,
      port: fc.integer({ min: 1, max: 9 }),
      reason: fc.constantFrom(...reasons),
    }),
    fc.record({ type: fc.constant('linked' as const), player, dialled: fc.boolean() }),
    fc.record({ type: fc.constantFrom('ended' as const, 'useful' as const), player }),
    fc.record({ type: fc.constant('finish' as const), fails: fc.boolean() }),
    fc.record({
      type: fc.constantFrom('network' as const, 'look' as const),
      passes: fc.integer({ min: 0, max: 400_000 }),
    }),
  )
  fc.assert(
    fc.property(fc.array(step, { maxLength: 120 }), fc.double({ min: 0, max: 1, noNaN: true }), (steps, chance) => {
      const core = new Scheduler({ self, random: () => chance, settings: { links: 4, heard: 2 } })
      const linked = new Set<PlayerId>()
      const dialling = new Map<string, PlayerId>()
      let now = 0
      const run = (event: PeerEvent): void => {
        for (const effect of core.handle(event)) {
          if (effect.do === 'hangUp' && !linked.has(effect.player)) throw new Error('hung up on nobody')
          if (effect.do !== 'dial') continue
          const { address, player: who } = effect
          if (who === self) throw new Error('dialled itself')
          if (linked.has(who)) throw new Error('dialled a player who is linked')
          if ([...dialling.values()].includes(who)) throw new Error('dialled a player twice')
          dialling.set(address, who)
          if (dialling.size > 4) throw new Error('too many dials at once')
        }
      }
      for (const it of steps) {
        if (it.type === 'learn')
          run({ type: 'learn', address: at(it.player, it.port), player: it.player, reason: it.reason, now })
        else if (it.type === 'linked') {
          linked.add(it.player)
          run({ type: 'linked', player: it.player, ...(it.dialled && { address: at(it.player) }), now })
        } else if (it.type === 'finish') {
          const [address] = dialling.keys()
          if (address === undefined) continue
          dialling.delete(address)
          run({ type: 'dialled', address, ...(it.fails && { error: 'no' }), now })
        } else if ('passes' in it) {
          now += it.passes
          run(it.type === 'look' ? { type: 'look', now, wall: now } : { type: 'network', now })
        } else {
          if (it.type === 'ended') linked.delete(it.player)
          run({ type: it.type, player: it.player, now })
        }
      }
    }),
    { numRuns: 300 },
  )
  t.pass('300 histories')
  t.end()
})

for (const seed of ['marmalade', 'quince', 'damson', 'medlar', 'sloe']) {
  test(`scheduler: 24 nodes that come, go and lose their network find each other again (${seed})`, (t) => {
    const world = new World(players.slice(0, 24), seed)
    world.run(120_000)
    t.equal(world.unlinked(), 0, 'in two minutes each is linked to all whom it asked for')
    world.partition(0.5)
    world.run(180_000)
    t.equal(world.crossing(), 0, 'a partition cuts links')
    world.heal()
    world.run(1_200_000)
    t.equal(world.unlinked(), 0, 'after it all are linked again')
    t.ok(world.dialsPerMinute < 60, `${world.dialsPerMinute.toFixed(1)} dials of a node in a minute at most`)
    t.equal(world.twice, 0, 'and no pair ever had two links at the end of a dial')
    t.end()
  })
}
