import test from 'tape'
import { generatorIdOf, jamIdOf, name as checkedName } from '../../lib/base/index.ts'
import type { BlobId, PlayerId } from '../../lib/base/index.ts'
import type { Payload } from '../../lib/entry/index.ts'
import type { PluginHost, Role } from '../../lib/host/index.ts'
import type { Store } from '../../lib/store/index.ts'
import type { FeedsApi } from '../../plugins/feeds/index.ts'
import { jamsContract, LiveJam } from '../../plugins/jams/index.ts'
import { Jams } from '../../plugins/jams/jams.ts'
import { Membership } from '../../plugins/jams/membership.ts'
import { HandClock, chain, headOfChain, identityNamed, rawOf } from '../helpers/chains.ts'
import { codeOf } from '../helpers/hosts.ts'
import { e2e, meet, startJam, type TestNode } from '../helpers/node-kit.ts'
import { until } from '../helpers/until.ts'
import { temporaryStore } from '../helpers/stores.ts'

const [ann, ben] = [identityNamed('ann'), identityNamed('ben')]
const jam = jamIdOf(ann.id, checkedName('friday'))
const start: Payload = { type: 'jam', jam, action: 'start', tempo: 120, meter: '4/4', engine: 0 }

test('a live jam: of what one player sends ahead of its feed, so much is taken, and none of it is of the score', async (t) => {
  const store = await temporaryStore(ann, new HandClock())
  await store.append(start)
  await store.append({ type: 'jam', jam, action: 'admit', identity: ben.id })
  const live = new LiveJam(jam, store)
  await live.load()
  const plays = chain(ben, 70, null, {
    payload: (at) => ({
      type: 'play',
      jam,
      generator: generatorIdOf(ben.id, checkedName('bass')),
      archive: `&${'A'.repeat(43)}=.sha256` as BlobId,
      instance: `bass-${at}`,
      at: 3_840,
      on: 'bar',
    }),
  })
  const ahead = plays.slice(3)
  t.deepEqual(
    ahead.slice(0, 64).map((entry) => live.ahead(entry)),
    new Array<string>(64).fill('taken'),
  )
  t.deepEqual([live.ahead(ahead[0]!), live.ahead(ahead[64]!)], ['known', 'full'])
  t.equal(live.entries().length, 66, 'they are in the jam')
  t.equal(live.published().length, 2, 'a replay is made without them')
  let folded: Promise<unknown> = Promise.resolve()
  store.onChange((change) => (folded = folded.then(() => live.observe(change))))
  await store.ingest(ben.id, rawOf(plays))
  await folded
  t.equal(live.published().length, 72, 'until their feed has brought them')
  t.equal(live.entries().length, 72, 'each once')
  const [, , , ...rest] = chain(ben, 6, plays.at(-1)!, {
    payload: (at) => ({ ...(plays[at]!.payload as object), type: 'play', instance: `more-${at}` }),
  })
  t.equal(live.ahead(rest[0]!), 'taken', 'then there is room again')
  await store.remove()
})

test("jams: which ones are joined is what one's own feed says now, also after a changeover and what is published again", async (t) => {
  const store = await temporaryStore(ann, new HandClock())
  const says = (name: string, action: 'join' | 'leave'): Payload => ({
    type: 'jam',
    jam: jamIdOf(ben.id, checkedName(name)),
    action,
    ...(action === 'leave' && { at: 0 }),
  })
  const lost = chain(ann, 4, null, {
    payload: (at) => says(['a', 'b', 'c', 'c'][at] ?? 'a', at === 3 ? 'leave' : 'join'),
  })
  await store.ingest(ann.id, rawOf(lost))
  // What Jams needs of the feeds.
  const feeds = { store, identity: ann } as unknown as FeedsApi
  const jams = new Jams({ feeds, clock: new HandClock() })
  await jams.load()
  const names = (): string[] => jams.joined().map(({ ledger }) => ledger.name)
  t.deepEqual(names(), ['a', 'b'])
  let folded: Promise<unknown> = Promise.resolve()
  store.onChange((change) => (folded = jams.observe(change)))
  const anew = chain(ann, 1, null, { from: 1_700_000_000_500_000, payload: () => says('d', 'join') })
  await store.ingest(ann.id, rawOf(anew), headOfChain(anew))
  await folded
  t.deepEqual(names(), ['d'], 'what only the losing branch said is gone')
  t.equal(jams.current()?.ledger.name, 'd')
  const again = lost.map(({ key, comparable, payload }): Payload => ({ type: 'again', key, comparable, payload }))
  const order = [3, 2, 1]
  await store.ingest(ann.id, rawOf(chain(ann, 3, anew[0]!, { payload: (at) => again[order[at] ?? 0]! })))
  await folded
  t.deepEqual(names(), ['b', 'd'], 'published again in any order, a join of before a leave does not undo it')
  await store.remove()
})

/** A membership of Ben's in the jam, and what it says to others: who may be served which feed, and who is to be looked at again. */
async function membershipOf(store: Store) {
  let rule: (peer: PlayerId, role: Role, feed: PlayerId) => boolean = () => false
  const again: string[][] = []
  // What Membership needs of the feeds and of the host.
  const feeds = {
    store,
    identity: ben,
    addInterest: () => () => undefined,
    interestChanged: () => undefined,
    addServing: (added: typeof rule) => {
      rule = added
      return () => undefined
    },
    servingChanged: (peer: PlayerId, players: ReadonlySet<PlayerId>) => again.push([peer, ...players]),
  } as unknown as FeedsApi
  const host = {
    addRoleResolver: () => () => undefined,
    onDisconnect: () => () => undefined,
    connections: () => [{ player: ann.id }],
  } as unknown as PluginHost
  const clock = new HandClock()
  const jams = new Jams({ feeds, clock })
  await jams.load()
  const membership = new Membership({ host, feeds, jams, clock, admitFollowed: false })
  let folded: Promise<unknown> = Promise.resolve()
  store.onChange((change) => (folded = folded.then(() => jams.observe(change))))
  const settle = async (): Promise<void> => {
    await folded
    for (const joined of jams.joined()) await membership.refresh(joined)
  }
  return { settle, again, serves: (feed: PlayerId) => rule(ann.id, 'member', feed) }
}

test('jams: that a start names somebody opens no feed to members: an entry that it begins with has to be in it', async (t) => {
  const [cy, dee, eve] = [identityNamed('cy'), identityNamed('dee'), identityNamed('eve')]
  const other = jamIdOf(cy.id, checkedName('monday'))
  const plays = chain(cy, 2, null, {
    payload: (at) =>
      at === 0
        ? { type: 'public_note', text: 'before' }
        : { type: 'tag', jam: other, name: 'context', value: 1, at: 0, on: 'now' },
  })
  const [deed, noted] = [chain(dee, 1, null), chain(eve, 1, null)]
  const carries = [
    { jam: other, at: 3_840, identity: cy.id, entries: [{ key: plays[1]!.key }] },
    { jam: other, at: 3_840, identity: dee.id, entries: [{ key: plays[0]!.key }] },
    { jam: other, at: 3_840, identity: eve.id, entries: [{ key: noted[0]!.key }] },
  ]
  const store = await temporaryStore(ben, new HandClock())
  const said: Payload[] = [
    { ...start, from: { jam: other, bar: 1, carries } },
    { type: 'jam', jam, action: 'admit', identity: ben.id },
  ]
  await store.ingest(ann.id, rawOf(chain(ann, 2, null, { payload: (at) => said[at]! })))
  for (const feed of [deed, noted, plays.slice(0, 1)]) await store.ingest(feed[0]!.identity, rawOf(feed))
  await store.append({ type: 'jam', jam, action: 'join' })
  const { settle, again, serves } = await membershipOf(store)
  await settle()
  const served = (): boolean[] => [ann, ben, cy, dee, eve].map(({ id }) => serves(id))
  t.deepEqual(served(), [true, true, false, false, false], 'an invented key, or one of something else, shows nothing')
  again.length = 0
  await store.ingest(cy.id, rawOf(plays.slice(1)))
  await settle()
  t.deepEqual(
    served(),
    [true, true, true, false, false],
    'once what it begins with has come, who brought it is of the jam',
  )
  t.ok(
    again.some(([peer, ...feeds]) => peer === ann.id && feeds.includes(cy.id)),
    'which members are told',
  )
  await store.remove()
})

const mine = async (node: TestNode, id: typeof jam): Promise<string> => (await node.show(id)).mine

e2e(
  'jams: a followed player who left is let back in by the starter; one who was removed is not, unless by hand',
  async (t, kit) => {
    const [a, b] = [await kit.node(), await kit.node()]
    await meet(a, b)
    const id = await startJam('friday', a, b)
    for (const time of ['once', 'twice']) {
      await b.ask(jamsContract).jam.leave({ jam: id })
      await b.ask(jamsContract).jam.join({ jam: id })
      t.equal(
        await until(
          'let back in',
          () => mine(b, id),
          (seen) => seen === 'member',
        ),
        'member',
        time,
      )
      await a.caughtUpWith(b)
      await until('the starter counts them both', async () => (await a.show(id)).members === 2)
    }
    await a.write({ type: 'jam', jam: id, action: 'remove', identity: b.id, at: 0 })
    await until(
      'removed',
      () => mine(b, id),
      (seen) => seen !== 'member',
    )
    await until(
      'less than a member',
      () => a.roleOf(b),
      (role) => role === 'tracked',
    )
    await b.ask(jamsContract).jam.join({ jam: id })
    await a.caughtUpWith(b)
    await a.write({ type: 'public_note', text: 'one more change of the jam', jam: id })
    await b.caughtUpWith(a)
    t.equal((await a.show(id)).members, 1, 'asking again does not undo a removal')
    await a.ask(jamsContract).jam.admit({ jam: id, player: b.id })
    t.equal(
      await until(
        'let in',
        () => mine(b, id),
        (seen) => seen === 'member',
      ),
      'member',
    )
  },
)

e2e('jams: who waits is let in once followed, and only the starter lets back in who was removed', async (t, kit) => {
  const [a, b] = [await kit.node(), await kit.node()]
  await b.follow(a)
  await b.dial(a)
  await a.ask(jamsContract).jam.start({ name: 'friday' })
  const id = jamIdOf(a.id, checkedName('friday'))
  await b.caughtUpWith(a)
  await b.ask(jamsContract).jam.join({ jam: id })
  await until('asks', async () => (await a.show(id)).waiting.some(({ player }) => player === b.id))
  t.equal(await a.roleOf(b), 'stranger')
  await a.follow(b)
  t.equal(
    await until(
      'let in',
      () => mine(b, id),
      (seen) => seen === 'member',
    ),
    'member',
  )
  const { id: gone } = identityNamed('cy')
  await a.write({ type: 'jam', jam: id, action: 'admit', identity: gone })
  await a.write({ type: 'jam', jam: id, action: 'remove', identity: gone, at: 0 })
  await b.caughtUpWith(a)
  await until('he is known', async () => (await b.show(id)).players.some(({ player }) => player === gone))
  t.equal(await codeOf(b.ask(jamsContract).jam.admit({ jam: id, player: gone })), 'STARTER_ONLY')
})

e2e(
  'jams: after a restart the jam that sounds is the last that is not over; without a name the last is meant',
  async (t, kit) => {
    const a = await kit.node()
    const { jam: ask } = a.ask(jamsContract)
    const on = await ask.start({ name: 'on' })
    await ask.start({ name: 'over' })
    await ask.end({ on: 'now' })
    const over = await until(
      'it has ended',
      () => ask.show({}),
      ({ ended }) => ended,
    )
    t.equal(over.name, 'over')
    await a.node.close()
    const b = await kit.node({ home: a.node.home.path })
    t.equal((await b.ask(jamsContract).jam.show({})).jam, on.jam, 'the one that goes on')
    await b.ask(jamsContract).jam.end({ on: 'now' })
    await until(
      'it has ended',
      () => b.show(on.jam),
      ({ ended }) => ended,
    )
    await b.node.close()
    const c = await kit.node({ home: a.node.home.path })
    const { name, current } = await c.ask(jamsContract).jam.show({})
    t.deepEqual([name, current], ['over', false], 'all are over: none sounds')
  },
)
