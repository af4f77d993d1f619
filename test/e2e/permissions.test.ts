import { methodsOf, type Contract, type Role } from '../../lib/host/index.ts'
import { generatorsContract } from '../../plugins/generators/index.ts'
import { jamsContract } from '../../plugins/jams/index.ts'
import { playersContract } from '../../plugins/players/index.ts'
import { CONTRACTS } from '../helpers/contracts.ts'
import { codeOf } from '../helpers/hosts.ts'
import { e2e, meet, startJam, type TestNode } from '../helpers/node-kit.ts'
import { until } from '../helpers/until.ts'

/** Calls that the table of FEEDS.md section 6 gives to a stranger; a member has `clock` and `play` besides. */
const OPEN = new Set([
  'generators',
  'players',
  'generator',
  'join',
  'redeem',
  'gossip.link',
  'blobs.link',
  'interest.tell',
  'feeds.yours',
])

type Callable = (args: unknown) => Promise<unknown> & AsyncIterable<unknown> & { source: AsyncIterable<unknown> }

/** Calls every method of every contract over a link with arguments that none takes: the codes, by whether they are let in. */
async function letIn(link: { remote: (contract: Contract) => unknown }): Promise<string[]> {
  const open: string[] = []
  for (const contract of CONTRACTS) {
    const remote = link.remote(contract) as Record<string, Callable & Record<string, Callable>>
    for (const [path, { kind }] of methodsOf(contract)) {
      if (kind === 'duplex') continue
      const [first = '', second] = path.split('.')
      const method = second === undefined ? remote[first] : remote[first]?.[second]
      const answer = method?.({ nobody: 'takes this' })
      const code = await codeOf(kind === 'source' ? drain(answer) : Promise.resolve(answer))
      if (code === 'ARGUMENTS_INVALID') open.push(path)
      else if (code !== 'NOT_ALLOWED') throw new Error(`${path} answered ${String(code)}`)
    }
  }
  return open.sort()
}

async function drain(source: AsyncIterable<unknown> | undefined): Promise<void> {
  if (source) await collect(source)
}

async function collect<T>(source: AsyncIterable<T>): Promise<T[]> {
  const items: T[] = []
  for await (const item of source) items.push(item)
  return items
}

const toBe = async (node: TestNode, other: TestNode, role: Role): Promise<void> => {
  await until(
    `a ${role}`,
    () => node.roleOf(other),
    (seen) => seen === role,
  )
}

e2e('what a stranger, a tracked player, a member and the owner may call', async (t, kit) => {
  const ada = await kit.node()
  const ben = await kit.node()
  const all = CONTRACTS.flatMap((contract) => methodsOf(contract))
    .filter(([, { kind }]) => kind !== 'duplex')
    .map(([path]) => path)
    .sort()
  const open = all.filter((path) => OPEN.has(path))
  await ben.dial(ada)
  await toBe(ada, ben, 'stranger')
  const link = ben.linkTo(ada)
  t.deepEqual(await letIn(link), open, 'a stranger')

  await ada.follow(ben)
  await toBe(ada, ben, 'tracked')
  t.deepEqual(await letIn(link), open, 'a tracked player: no call more')
  for (let call = 0; call < 40; call++) await link.remote(playersContract).players()
  t.pass('but as often as it likes')

  const jam = await startJam('friday', ada, ben)
  await toBe(ada, ben, 'member')
  t.deepEqual(await letIn(link), [...open, 'clock', 'play'].sort(), 'a member plays')

  await ben.ask(jamsContract).jam.leave({ jam })
  await toBe(ada, ben, 'tracked')
  t.deepEqual(await letIn(link), open, 'one who left does not')
  // Unfollowed, so that nobody but Ada's own word lets him back in.
  await ada.follow(ben, false)
  await ben.ask(jamsContract).jam.join({ jam })
  t.equal((await ben.show(jam)).mine, 'waiting', 'who left and joins again waits')
  const [asked] = await collect(ben.feeds.store.byType('jam', { identity: ben.id, limit: 1 }))
  t.equal((asked?.payload as Record<string, unknown>)['action'], 'join', 'in an entry, not in passing')
  await ada.ask(jamsContract).jam.admit({ jam, player: ben.id })
  await toBe(ada, ben, 'member')
  await until(
    'he knows',
    () => ben.show(jam),
    ({ mine }) => mine === 'member',
  )

  t.deepEqual(await letIn({ remote: (contract) => ada.ask(contract) }), all, 'the owner may call everything')
})

e2e(
  'a stranger is served the feed and the archives of this node alone, a tracked player what is tracked',
  async (t, kit) => {
    const ada = await kit.node()
    const ben = await kit.node()
    const cy = await kit.node()
    const arp = await ada.publish('arp')
    const bass = await ben.publish('bass')
    await meet(ada, ben)
    await until('the archive has come', () => ada.blobs.store.has(bass.archive))
    await cy.follow(ada)
    await cy.follow(ben)
    const wanted = cy.blobs.want(bass.archive)
    await cy.dial(ada)
    t.equal(await ada.roleOf(cy), 'stranger')
    await cy.caughtUpWith(ada)
    await until('what Ada made has come', () => cy.blobs.store.has(arp.archive))
    t.equal(await cy.feeds.store.head(ben.id), undefined, "Ben's feed is not for strangers")
    t.equal(await cy.blobs.store.has(bass.archive), false, 'nor is what he made, by name')
    t.equal(
      await codeOf(drain(cy.linkTo(ada).remote(generatorsContract).generator({ archive: bass.archive }))),
      'BLOB_UNKNOWN',
    )

    await ada.follow(cy)
    await cy.caughtUpWith(ben)
    await wanted
    t.ok(await cy.blobs.store.has(bass.archive), 'once she is followed, both come')
  },
)

e2e('a player who is blocked is disconnected, not let in again, and gone from lists', async (t, kit) => {
  const ada = await kit.node()
  const ben = await kit.node()
  await ben.publish('bass')
  await meet(ada, ben)
  const link = ben.linkTo(ada)
  await ada.write({ type: 'block', identity: ben.id, on: true })
  await until('the link is gone at both ends', () => link.signal.aborted && !ada.node.host.connectionTo(ben.id))
  t.equal(await codeOf(ada.dial(ben)), 'PLAYER_BLOCKED')
  await ben.dial(ada).then(
    (dialled) => until('a link that Ada does not want ends', () => dialled.signal.aborted),
    () => undefined,
  )
  t.notOk(ada.node.host.connectionTo(ben.id))
  t.notOk(ada.feeds.tracked.has(ben.id), 'his feed is tracked no more')
  t.deepEqual(await ada.ask(generatorsContract).generators(), [])
  const players = await ada.ask(playersContract).players()
  t.deepEqual(
    players.map(({ identity }) => identity),
    [ada.id],
  )

  await ada.write({ type: 'block', identity: ben.id, on: false })
  await until('he is tracked again', () => ada.feeds.tracked.has(ben.id))
  await ben.dial(ada)
  await toBe(ada, ben, 'tracked')
})

e2e('follows reach two hops; what is followed no more is kept and not asked for', async (t, kit) => {
  const ada = await kit.node()
  const ben = await kit.node({ config: { hops: 1 } })
  const [cy, dee] = [await kit.node(), await kit.node()]
  await ben.write({ type: 'follow', identity: cy.id, on: true })
  await cy.write({ type: 'follow', identity: dee.id, on: true })
  await cy.follow(ben)
  await meet(ada, ben)
  await cy.dial(ben)
  await ada.caughtUpWith(cy)
  t.deepEqual((await ada.feedRow(ben.id))?.why, ['follow'])
  t.deepEqual((await ada.feedRow(cy.id))?.why, ['hop 2'])
  t.notOk(ada.feeds.tracked.has(dee.id), 'a third hop is too far')
  t.ok(ben.feeds.tracked.has(cy.id))
  t.notOk(ben.feeds.tracked.has(dee.id), 'one hop where the configuration says one')

  await ada.follow(ben, false)
  await until('nobody is reached any more', () => !ada.feeds.tracked.has(cy.id))
  t.deepEqual((await ada.feedRow(ben.id))?.why, ['kept'])
  t.equal(await ada.roleOf(ben), 'stranger')
  const before = await ada.feeds.store.head(cy.id)
  const said = await cy.write({ type: 'public_note', text: 'to those who listen' })
  await until('Ben has it', async () => (await ben.feeds.store.head(cy.id))?.key === said.key)
  await ada.follow(ben)
  await ada.caughtUpWith(cy)
  t.ok((before?.comparable ?? 0) < said.comparable, 'and comes when she follows him again')
})
