import test from 'tape'
import { jamIdOf, name as checkedName, type JamId, type MarmaladeError, type PlayerId } from '../../lib/base/index.ts'
import { interestContract } from '../../plugins/interest/index.ts'
import { drawsFor, LEASE_MILLIS, Leases, LIMITS, tellFor, type Part, type Told } from '../../plugins/interest/core.ts'
import { Roster } from '../../plugins/interest/roster.ts'
import { feedsContract } from '../../plugins/feeds/index.ts'
import { jamsContract } from '../../plugins/jams/index.ts'
import type { Payload } from '../../lib/entry/index.ts'
import { HandClock, chain, headOfChain, identityNamed, rawOf, spoil } from '../helpers/chains.ts'
import { codeOf } from '../helpers/hosts.ts'
import { e2e } from '../helpers/node-kit.ts'
import { until } from '../helpers/until.ts'
import { temporaryStore } from '../helpers/stores.ts'

const [ann, ben, cy, dee] = ['ann', 'ben', 'cy', 'dee'].map((who) => identityNamed(who)) as [
  ReturnType<typeof identityNamed>,
  ReturnType<typeof identityNamed>,
  ReturnType<typeof identityNamed>,
  ReturnType<typeof identityNamed>,
]
const jamNo = (at: number, owner = ann.id): JamId => jamIdOf(owner, checkedName(`jam-${at}`))
const told = (from: number, count: number, hops: 0 | 1 = 1, owner = ann.id): Told[] =>
  Array.from({ length: count }, (_, at) => ({ jam: jamNo(from + at, owner), hops }))
const strangers = (): Part => 'stranger'
const friends = (): Part => 'friend'
const peers = Array.from({ length: 40 }, (_, at) => identityNamed(`peer ${at}`).id)

test('interest: what a peer tells takes the place of what it told, and ends when it is not told again', async (t) => {
  const leases = new Leases()
  leases.tell(ben.id, told(0, 3), 1_000)
  leases.tell(ben.id, told(2, 1), 5_000)
  t.deepEqual([...leases.granted(friends).keys()], [jamNo(2)])
  leases.tell(cy.id, told(2, 1), 6_000)
  t.equal(leases.nextEnd(), 5_000 + LEASE_MILLIS)
  leases.expire(5_000 + LEASE_MILLIS - 1)
  t.equal(leases.granted(friends).get(jamNo(2))?.length, 2)
  leases.expire(5_000 + LEASE_MILLIS)
  t.deepEqual(
    leases
      .granted(friends)
      .get(jamNo(2))
      ?.map(({ peer }) => peer),
    [cy.id],
  )
  t.ok(leases.forget(cy.id))
  t.equal(leases.nextEnd(), undefined)
  t.notOk(leases.forget(cy.id))
})

test('interest: bounded for a link, for a stranger, for all strangers and in all; friends come before strangers', async (t) => {
  const leases = new Leases()
  leases.tell(ben.id, told(0, 100), 0)
  t.equal(leases.granted(friends).size, 32, 'a link')
  t.equal(leases.granted(strangers).size, LIMITS.strangerJams, 'a stranger')
  for (const [at, peer] of peers.entries()) leases.tell(peer, told(at * 32, 32, 1, peer), 0)
  t.equal(leases.granted(strangers).size, LIMITS.strangersJams, 'all strangers')
  t.equal(leases.granted(friends).size, LIMITS.jams, 'in all')
  const last = peers.at(-1)!
  const granted = leases.granted((peer) => (peer === last ? 'friend' : 'stranger'))
  t.equal(
    [...granted.values()].filter(([first]) => first?.peer === last).length,
    32,
    'a friend who comes last is whole',
  )
  t.equal(granted.size, 32 + LIMITS.strangersJams)
  leases.tell(ben.id, told(0, 5, 0), 0)
  t.notOk(
    [...leases.granted(strangers).values()].some((all) => all.some(({ peer }) => peer === ben.id)),
    'a stranger speaks for itself alone',
  )
})

test('interest: feeds are drawn of everyone where a friend or a member asks, of the starter alone where a stranger does', async (t) => {
  const jamOf = () => ({ starter: ann.id, everyone: new Set([ann.id, cy.id, dee.id]) })
  const leases = new Leases()
  leases.tell(ben.id, told(0, 1), 0)
  const draws = (part: Part) =>
    drawsFor(
      leases.granted(() => part),
      jamOf,
    )
  t.deepEqual([...draws('friend').whole.keys()], [ann.id, cy.id, dee.id])
  t.equal(draws('friend').part.size, 0)
  t.deepEqual([...draws('member').part.keys()], [ann.id, cy.id, dee.id])
  t.deepEqual([...draws('stranger').part.keys()], [ann.id])
  const many = new Set<PlayerId>(Array.from({ length: 300 }, (_, at) => identityNamed(`member ${at}`).id))
  const crowd = drawsFor(
    leases.granted(() => 'member'),
    () => ({ starter: ann.id, everyone: many }),
  )
  t.equal(crowd.part.size, LIMITS.strangersFeeds, 'for strangers no more than so many')
  const limits = { ...LIMITS, feeds: 100 }
  const whole = drawsFor(leases.granted(friends), () => ({ starter: ann.id, everyone: many }), limits)
  t.equal(whole.whole.size, 100, 'nor in all')
})

test("interest: told are one's own jams, and those of other peers with no hop left, never what strangers told", async (t) => {
  const leases = new Leases()
  leases.tell(ben.id, told(1, 1), 0)
  leases.tell(cy.id, told(2, 1, 0), 0)
  const granted = leases.granted(friends)
  const own = [jamNo(0)]
  t.deepEqual(tellFor(dee.id, own, granted), [
    { jam: jamNo(0), hops: 1 },
    { jam: jamNo(1), hops: 0 },
  ])
  t.deepEqual(tellFor(ben.id, own, granted), [{ jam: jamNo(0), hops: 1 }], 'not back to who told it')
  t.deepEqual(tellFor(dee.id, own, leases.granted(strangers)), [{ jam: jamNo(0), hops: 1 }])
  leases.tell(cy.id, told(1, 1), 0)
  t.deepEqual(tellFor(ben.id, [], leases.granted(friends)), [{ jam: jamNo(1), hops: 0 }], 'where another told it too')
  const many = Array.from({ length: 50 }, (_, at) => jamNo(at))
  t.equal(tellFor(dee.id, many, granted).length, 32)
})

test('interest: who belongs to a jam that this node is not in, as its feeds arrive, change over and publish again', async (t) => {
  const store = await temporaryStore(identityNamed('between'), new HandClock())
  const jam = jamNo(0)
  const start: Payload = { type: 'jam', jam, action: 'start', tempo: 120, meter: '4/4', engine: 0 }
  const admit = (identity: PlayerId): Payload => ({ type: 'jam', jam, action: 'admit', identity })
  const roster = new Roster(jam, store)
  await roster.load()
  t.deepEqual([[...roster.everyone], roster.has(ann.id)], [[ann.id], false], 'before its start nobody is known')
  let folded: Promise<unknown> = Promise.resolve()
  store.onChange((change) => (folded = folded.then(() => roster.observe(change))))
  const take = async (author: typeof ann, entries: ReturnType<typeof chain>): Promise<void> => {
    await store.ingest(author.id, rawOf(entries), headOfChain(entries))
    await folded
  }
  const says = (author: typeof ann, ...payloads: Payload[]) =>
    chain(author, payloads.length, null, { payload: (at) => payloads[at] ?? start })
  await take(ben, says(ben, admit(dee.id)))
  t.notOk(roster.has(dee.id), 'whom a stranger admits is not in')
  const first = says(ann, start, admit(ben.id))
  await take(ann, first)
  t.deepEqual([...roster.everyone], [ann.id, ben.id, dee.id], 'once he is in himself she is')
  const [bad] = chain(dee, 1, null, { payload: () => admit(cy.id) })
  await take(dee, [
    spoil(bad!),
    ...chain(dee, 1, spoil(bad!), { payload: () => ({ type: 'public_note', text: 'on' }) }),
  ])
  t.notOk(roster.has(cy.id), 'an admit without a signature of its own does not count')
  const { key, comparable, payload } = first[0]!
  const again: Payload = { type: 'again', key, comparable, payload }
  await take(
    ann,
    chain(ann, 2, null, { from: 1_700_000_000_500_000, payload: (at) => (at === 0 ? again : admit(cy.id)) }),
  )
  t.deepEqual([...roster.everyone], [ann.id, cy.id], 'what only the losing branch said is gone, with all that followed')
  await store.remove()
})

e2e('interest: two members of a jam meet over a node that is not in it and follows nobody', async (t, kit) => {
  const [a, between, c] = [await kit.node(), await kit.node(), await kit.node()]
  const { jam } = await a.ask(jamsContract).jam.start({ name: 'friday' })
  await a.ask(jamsContract).jam.admit({ jam, player: c.id })
  await c.ask(jamsContract).jam.join({ jam })
  await c.dial(between)
  await a.dial(between)
  await until(
    'the one has the feed of the other',
    () => c.show(jam),
    ({ mine }) => mine === 'member',
  )
  await a.caughtUpWith(c)
  await c.ask(jamsContract).perform.say({ jam, text: 'there you are' })
  await a.caughtUpWith(c)
  await a.ask(jamsContract).perform.say({ jam, text: 'here I am' })
  await c.caughtUpWith(a)
  t.notOk(a.node.host.connectionTo(c.id), 'with no connection of their own')
  const { archive } = await a.publish('bass')
  await until('the archive has come over the one between', () => c.blobs.store.has(archive))
  t.ok(await between.blobs.mayServe(c.id, 'stranger', archive), 'which has it now, for the members of the jam')
  t.notOk(await between.blobs.mayServe(ben.id, 'stranger', archive), 'and for nobody else')
  const { words, why, drawn } = await between.ask(feedsContract).feeds.why({ player: a.id })
  t.deepEqual([why, drawn], [['passed on for a stranger'], true])
  t.match(words.join(), /^interest in the jam .*:friday passed on by .* until \d\d:\d\d UTC$/)

  const { follow, block } = between.ask(feedsContract).feeds
  await follow({ player: a.id, on: true })
  await until(
    'for a friend whole feeds are drawn',
    () => between.feedRow(c.id),
    (row) => row?.why.join() === 'passed on',
  )
  await block({ player: c.id, on: true })
  await until('nor is it drawn once blocked', () => !between.feeds.tracked.has(c.id))
  await a.node.close()
  await until(
    'and nothing without a peer that tells',
    async () => (await between.feedRow(c.id))?.why.join() === 'blocked',
  )
})

e2e(
  'interest: a stranger that names every jam is served nothing and makes the node draw next to nothing',
  async (t, kit) => {
    const [a, between, hostile] = [await kit.node(), await kit.node(), await kit.node()]
    const { jam } = await a.ask(jamsContract).jam.start({ name: 'friday' })
    await a.dial(between)
    await between.caughtUpWith(a)
    await hostile.follow(a)
    await hostile.dial(between)
    const { interest } = hostile.linkTo(between).remote(interestContract)
    const others = Array.from({ length: 31 }, (_, at) => ({
      jam: jamNo(at, identityNamed(`nobody ${at}`).id),
      hops: 1 as const,
    }))
    const answer = await interest.tell({ jams: [{ jam, hops: 1 }, ...others] })
    t.deepEqual(answer, { seconds: 600, taken: LIMITS.strangerJams })
    t.equal(
      between.feeds.tracked.list().length,
      1 + 1 + LIMITS.strangerJams - 1,
      'itself, the starter, and so many starters',
    )
    t.notOk(between.feeds.mayServe(hostile.id, 'stranger', a.id), 'who is no member is served nothing for naming it')
    t.equal(await hostile.feeds.store.head(a.id), undefined)
    t.equal(await codeOf(interest.tell({ jams: [...others, ...others] })), 'ARGUMENTS_INVALID', 'more than 32')
    const codes = await Promise.all(
      Array.from({ length: 20 }, () =>
        interest.tell({ jams: others }).then(
          () => 'taken',
          (error: unknown) => (error as MarmaladeError).code,
        ),
      ),
    )
    t.ok(codes.includes('RATE_LIMITED'))

    await a.ask(jamsContract).jam.admit({ jam, player: hostile.id })
    await between.caughtUpWith(a)
    await until('a member is served', async () => {
      await interest.tell({ jams: [{ jam, hops: 1 }] }).catch(() => undefined)
      return between.feeds.mayServe(hostile.id, 'stranger', a.id)
    })
    await hostile.caughtUpWith(a)
    await hostile.node.close()
    await until('what it told ends with its connection', () => between.feeds.tracked.list().length === 3)
    t.deepEqual(
      new Set(between.feeds.tracked.list()),
      new Set([between.id, a.id, hostile.id]),
      'but for what the starter asks: those whom it admitted',
    )
  },
)
