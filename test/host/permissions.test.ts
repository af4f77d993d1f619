import test from 'tape'
import { join } from 'node:path'
import { bandContract, bandPlugin } from '../helpers/band-plugin.ts'
import { addressOf, codeOf, Teardown } from '../helpers/hosts.ts'
import { connectLocal, hostContract } from '../../lib/host/index.ts'
import type { Remote, Role, RoleResolver } from '../../lib/host/index.ts'
import { Rates, rateKey } from '../../lib/host/rates.ts'
import type { PlayerId } from '../../lib/base/index.ts'

const MATRIX: [Role, allowed: Record<'whoami' | 'forTracked' | 'forMember' | 'forSelf', boolean>][] = [
  ['stranger', { whoami: true, forTracked: false, forMember: false, forSelf: false }],
  ['tracked', { whoami: true, forTracked: true, forMember: false, forSelf: false }],
  ['member', { whoami: true, forTracked: true, forMember: true, forSelf: false }],
  ['self', { whoami: true, forTracked: true, forMember: true, forSelf: true }],
]

async function may(remote: Remote<typeof bandContract>, method: keyof (typeof MATRIX)[0][1]): Promise<boolean> {
  const code = await remote[method]().then(
    () => 'allowed',
    (error: unknown) => (error as { code?: unknown }).code,
  )
  if (code !== 'allowed' && code !== 'NOT_ALLOWED') throw new Error(String(code))
  return code === 'allowed'
}

test('who may call what', async (t) => {
  const down = new Teardown()
  const path = join(await down.folder(), 'socket', 'node')
  const host = await down.host({ plugins: [bandPlugin], socketPath: path })
  let role: Role | undefined
  host.addRoleResolver(() => role)
  const caller = await down.host()
  const connection = await caller.connect(addressOf(host))
  const local = down.add(await connectLocal(path), (it) => it.close())

  for (const [as, allowed] of MATRIX) {
    role = as === 'stranger' || as === 'self' ? undefined : as
    const far = as === 'self' ? local : connection
    const remote = far.remote(bandContract)
    t.equal((await remote.whoami()).role, as, `as ${as}`)
    const manifest = await far.remote(hostContract).manifest()
    for (const method of ['whoami', 'forTracked', 'forMember', 'forSelf'] as const) {
      t.equal(await may(remote, method), allowed[method], `${as} ${method}`)
      t.equal(method in manifest, allowed[method], `and sees it in the manifest so`)
    }
  }
  await down.run()
})

test('the highest role counts, nobody is self over the network, blocked is out', async (t) => {
  const down = new Teardown()
  const host = await down.host({ plugins: [bandPlugin] })
  const caller = await down.host()
  const connection = await caller.connect(addressOf(host))
  const remote = connection.remote(bandContract)
  const resolvers: RoleResolver[] = [
    () => 'tracked',
    () => Promise.resolve<Role>('member'),
    () => undefined,
    () => 'stranger',
  ]
  const remove = resolvers.map((resolver) => host.addRoleResolver(resolver))
  t.equal((await remote.whoami()).role, 'member')
  remove[1]!()
  t.equal((await remote.whoami()).role, 'tracked')
  const claim = host.addRoleResolver(() => 'self')
  t.equal((await remote.whoami()).role, 'member', 'a resolver cannot hand out self')
  claim()

  const broken = host.addRoleResolver(() => {
    throw new Error('the database is gone')
  })
  t.equal(await codeOf(remote.whoami()), 'INTERNAL', 'a resolver that fails lets nobody in')
  broken()

  const lost = new Promise<string>((resolve) =>
    caller.onDisconnect((_, reason) => resolve((reason as { code?: string }).code ?? '')),
  )
  host.addRoleResolver((player) => (player === caller.id ? 'blocked' : undefined))
  t.equal(await codeOf(remote.whoami()), 'PLAYER_BLOCKED')
  await host.rolesChanged()
  t.equal(await lost, 'CLOSED', 'the blocked one is hung up on')
  t.equal(await codeOf(host.connect(addressOf(caller))), 'PLAYER_BLOCKED', 'and not dialled')
  const again = await caller.connect(addressOf(host))
  if (!again.signal.aborted) await new Promise((resolve) => again.signal.addEventListener('abort', resolve))
  t.equal(host.connections().length, 0, 'nor let in again')
  await down.run()
})

test('strangers are limited in rate, each method by itself; those we know are not', async (t) => {
  const down = new Teardown()
  const host = await down.host({ plugins: [bandPlugin] })
  const caller = await down.host()
  const remote = (await caller.connect(addressOf(host))).remote(bandContract)
  for (let n = 0; n < 3; n++) t.equal(await remote.scarce(), 1)
  t.equal(await codeOf(remote.scarce()), 'RATE_LIMITED')
  t.equal((await remote.roster()).length, 10, 'another method has a bucket of its own')
  host.addRoleResolver(() => 'tracked')
  t.equal(await remote.scarce(), 1)
  await down.run()
})

test('a bucket refills with time, and buckets are bounded', (t) => {
  let now = 0
  const rates = new Rates(() => now)
  const rate = { perSecond: 2, burst: 2 }
  t.deepEqual(
    [1, 2, 3].map(() => rates.take('a', rate)),
    [true, true, false],
  )
  now = 499
  t.notOk(rates.take('a', rate))
  now = 1000
  t.ok(rates.take('a', rate))
  for (let n = 0; n < 5000; n++) rates.take(`other ${n}`, rate)
  t.deepEqual(
    [1, 2, 3].map(() => rates.take('a', rate)),
    [true, true, false],
    'one long unused begins afresh',
  )
  t.end()
})

test('strangers are told apart by address, since identities cost nothing', (t) => {
  const player = '@x' as PlayerId
  t.equal(rateKey('127.0.0.1', player), player, 'the loopback says nothing')
  t.equal(rateKey(undefined, player), player)
  t.equal(rateKey('192.0.2.7', player), '192.0.2.7')
  t.equal(rateKey('::ffff:192.0.2.7', player), '192.0.2.7')
  t.equal(rateKey('2001:db8:1:2:3:4:5:6', player), rateKey('2001:db8:1:2::9', player), 'one subscriber')
  t.notEqual(rateKey('2001:db8:1:2::9', player), rateKey('2001:db8:1:3::9', player))
  t.end()
})
