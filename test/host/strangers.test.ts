import test from 'tape'
import type { PlayerId } from '../../lib/base/index.ts'
import { definePlugin } from '../../lib/host/index.ts'
import type { Host } from '../../lib/host/index.ts'
import { addressOf, freshKeys, Teardown } from '../helpers/hosts.ts'

const ended = (host: Host): Promise<void> => new Promise((resolve) => host.onDisconnect(() => resolve()))

/** A plugin that says who is known. */
function knowingPlugin() {
  const known = new Set<PlayerId>()
  const knowing = definePlugin({
    name: 'knowing',
    async start(host) {
      host.addRoleResolver(async (player) => (known.has(player) ? 'tracked' : undefined))
      return { api: {}, handlers: {} }
    },
  })
  return { known, knowing }
}

test('strangers who come in leave room for those whom the node knows', async (t) => {
  const down = new Teardown()
  const { known, knowing } = knowingPlugin()
  const host = await down.host({ plugins: [knowing], settings: { maxConnections: 4, maxStrangers: 2 } })
  const first = await down.host()
  const displaced = ended(first)
  await first.connect(addressOf(host))
  const strangers = [first]
  for (let n = 0; n < 4; n++) {
    const stranger = await down.host()
    await stranger.connect(addressOf(host))
    strangers.push(stranger)
  }
  await displaced
  t.pass('who came first goes')
  const keys = freshKeys()
  known.add(keys.id)
  const friend = await down.host({ keys })
  await friend.connect(addressOf(host))
  const far = await down.host()
  await host.connect(addressOf(far))
  await strangers[4]?.connections()[0]?.ping()
  const there = host.connections().map(({ player }) => player)
  t.deepEqual(there.toSorted(), [strangers[3], strangers[4], friend, far].map((it) => it?.id).toSorted())
  await down.run()
})

test('strangers at the default settings leave room for known callers and more dials beside 24 links', async (t) => {
  const down = new Teardown()
  const { known, knowing } = knowingPlugin()
  const host = await down.host({ plugins: [knowing] })
  for (let n = 0; n < 24; n++) await host.connect(addressOf(await down.host()))
  for (let n = 0; n < 40; n++) await (await down.host()).connect(addressOf(host))
  for (let n = 0; n < 8; n++) {
    const keys = freshKeys()
    known.add(keys.id)
    const friend = await down.host({ keys })
    await (await friend.connect(addressOf(host))).ping()
    t.ok(host.connectionTo(keys.id), `known caller ${n}`)
    await host.connect(addressOf(await down.host()))
  }
  t.ok(host.connections().length <= 64)
  await down.run()
})
