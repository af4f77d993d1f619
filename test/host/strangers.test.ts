import test from 'tape'
import { MarmaladeError, type PlayerId } from '../../lib/base/index.ts'
import { definePlugin } from '../../lib/host/index.ts'
import type { Host } from '../../lib/host/index.ts'
import { Link } from '../../lib/host/link.ts'
import { OpenCalls, Running } from '../../lib/host/wire/calls.ts'
import { Gate } from '../../lib/host/wire/credit.ts'
import { toWire } from '../../lib/host/wire/errors.ts'
import { localSide } from '../../lib/host/wire/serving.ts'
import type { Encoded } from '../../lib/host/wire/values.ts'
import { bandContract, bandPlugin } from '../helpers/band-plugin.ts'
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

test('beside others a stranger gets all that it asks for, and a goodbye at its end', async (t) => {
  const down = new Teardown()
  const { known, knowing } = knowingPlugin()
  const host = await down.host({ plugins: [knowing, bandPlugin] })
  const keys = freshKeys()
  known.add(keys.id)
  const friend = await (await down.host({ keys })).connect(addressOf(host))
  const over = new AbortController()
  const served = (async () => {
    while (!over.signal.aborted) await friend.ping()
  })()
  const stranger = await down.host()
  const there = await stranger.connect(addressOf(host))
  const pieces: number[] = []
  for await (const piece of there.remote(bandContract).archive({ pieces: 60 })) pieces.push(piece.length)
  t.deepEqual(pieces, new Array(60).fill(16_384), 'more than it may have before it has said that it took some')
  let counted = 0
  for await (const n of there.remote(bandContract).counts({ to: 5_000 })) if (n === counted) counted++
  t.equal(counted, 5_000, 'small ones too')
  const reason = new Promise<Error>((resolve) => stranger.onDisconnect((_, why) => resolve(why)))
  const waits = there.remote(bandContract).archive({ pieces: 60 })[Symbol.asyncIterator]()
  await waits.next()
  await host.connectionTo(stranger.id)?.close()
  t.equal(((await reason) as { code?: unknown }).code, 'CLOSED')
  over.abort()
  await served
  await down.run()
})

test('what was taken is what was sent, however much credit is granted', async (t) => {
  const gate = new Gate(100)
  await gate.take(60)
  t.equal(gate.grant(20), 20)
  t.equal(gate.grant(1_000), 40, 'the rest was never under way')
  t.equal(gate.grant(1_000), 0)
  await gate.take(5)
  gate.spend(10)
  t.equal(gate.grant(1_000), 15)
})

test('answers that keep a connection going leave as much to wait for its socket as before', async (t) => {
  const outflow = new Gate(1_000)
  const channel = { outflow, calls: new OpenCalls(1, new Running()), ended: () => false }
  const rest = { sendCredit: () => undefined, failure: () => new MarmaladeError('CLOSED', 'no') }
  const reception = { admit: () => Promise.reject(new Error('no')), limited: () => true, report: toWire }
  const { api } = localSide(new Map(), { ping: () => ({}) }, { ...channel, ...rest }, reception)
  const { ping } = api as { ping: (args: unknown, answered: (end: unknown, answer: Encoded) => void) => void }
  for (let n = 0; n < 100; n++) ping({}, (_end, answer) => outflow.grant(answer.weight))
  t.equal(outflow.credit, 1_000)
})

test('whom the node knows is no stranger from the first byte', async (t) => {
  const down = new Teardown()
  const { known, knowing } = knowingPlugin()
  const host = await down.host({ plugins: [knowing] })
  const strange = new Map<PlayerId, boolean>()
  host.onConnection((connection) =>
    strange.set(connection.player, connection instanceof Link && connection.isStranger()),
  )
  const keys = freshKeys()
  known.add(keys.id)
  const friend = await down.host({ keys })
  const stranger = await down.host()
  for (const caller of [friend, stranger]) await (await caller.connect(addressOf(host))).ping()
  t.equal(strange.get(friend.id), false)
  t.equal(strange.get(stranger.id), true)
  await down.run()
})
