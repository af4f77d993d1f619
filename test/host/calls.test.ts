import test from 'tape'
import { bandContract, bandPlugin, Band } from '../helpers/band-plugin.ts'
import { addressOf, codeOf, failureOf, Teardown } from '../helpers/hosts.ts'
import { defineContract, async_ } from '../../lib/host/index.ts'
import type { Host } from '../../lib/host/index.ts'
import { z } from 'zod'

async function pair(down: Teardown): Promise<{ a: Host; b: Host; remote: ReturnType<typeof remoteBand> }> {
  const a = await down.host({ plugins: [bandPlugin] })
  const b = await down.host({ plugins: [bandPlugin], config: { band: { name: 'the others' } } })
  const connection = await a.connect(addressOf(b))
  return { a, b, remote: remoteBand(connection) }
}
const remoteBand = (connection: Awaited<ReturnType<Host['connect']>>) => connection.remote(bandContract)

test('an async call: arguments with defaults, undefined and bytes come across', async (t) => {
  const down = new Teardown()
  const { a, b, remote } = await pair(down)
  t.deepEqual(await remote.roster({ limit: 2 }), [
    { player: b.id, name: 'the others' },
    { player: b.id, name: 'the others' },
  ])
  t.equal((await remote.roster()).length, 10, 'an argument left out takes its default')
  t.deepEqual(await Promise.all([remote.nothing()]), [undefined], 'undefined survives')
  const picture = await remote.picture({ size: 3 })
  t.deepEqual(picture, new Uint8Array([7, 7, 7]))
  t.notOk(Buffer.isBuffer(picture), 'bytes are no Buffer')
  t.deepEqual(await remote.whoami(), { role: 'stranger', caller: a.id })
  await down.run()
})

test('errors keep their code across the wire and lose everything else', async (t) => {
  const down = new Teardown()
  const { b, remote } = await pair(down)
  const said = await failureOf(remote.fault({ how: 'code' }))
  t.equal((said as { code?: string }).code, 'NAME_INVALID')
  t.equal((said as Error).message, 'say it differently')
  for (const how of ['error', 'text'] as const) {
    const error = (await failureOf(remote.fault({ how }))) as Error & { code?: string }
    t.equal(error.code, 'INTERNAL')
    t.notOk(/somebody|ENOENT|\.ts/.test(error.message), `nothing leaks: ${error.message}`)
  }
  const logged = (b.log as unknown as { lines: { level: string }[] }).lines
  t.equal(logged.filter(({ level }) => level === 'error').length, 2, 'the node that failed has them in its log')
  await down.run()
})

test('what does not fit the contract has a code on either side', async (t) => {
  const down = new Teardown()
  const { remote, a, b } = await pair(down)
  const error = (await failureOf(remote.roster({ limit: 1000 }))) as Error & { code?: string }
  t.equal(error.code, 'ARGUMENTS_INVALID')
  t.ok(error.message.includes('limit'), error.message)
  t.equal(await codeOf(remote.wrong()), 'RESULT_INVALID', 'the caller checks what it is answered')
  t.equal(await codeOf(remote.picture({ size: 0 })), 'RESULT_INVALID', 'empty bytes cannot travel')
  t.equal(await codeOf(remote.picture({ size: 2 ** 20 + 1 })), 'VALUE_TOO_LARGE')
  const other = defineContract({ absent: async_({ result: z.number() }), counts: async_({ result: z.number() }) })
  const connection = a.connectionTo(b.id)!
  t.equal(await codeOf(connection.remote(other).absent()), 'METHOD_UNKNOWN')
  t.equal(await codeOf(connection.remote(other).counts()), 'METHOD_UNKNOWN', 'of another kind')
  await down.run()
})

test('a source: read to its end, left early, failing', async (t) => {
  const down = new Teardown()
  const { b, remote } = await pair(down)
  const all: number[] = []
  for await (const n of remote.counts({ to: 5000 })) all.push(n)
  t.equal(all.length, 5000)
  t.ok(
    all.every((n, at) => n === at),
    'in order',
  )

  const before = b.api(Band).produced()
  const five: number[] = []
  for await (const n of remote.counts({ to: 1_000_000 })) {
    five.push(n)
    if (five.length === 5) break
  }
  t.deepEqual(five, [0, 1, 2, 3, 4])
  const produced = b.api(Band).produced() - before
  t.ok(produced < 3000, `five of a million read: ${produced} made`)

  const some: number[] = []
  const failing = (async () => {
    for await (const n of remote.counts({ to: 10, failAt: 3 })) some.push(n)
  })()
  t.equal(await codeOf(failing), 'NAME_INVALID')
  t.deepEqual(some, [0, 1, 2], 'what came before the failure was given')
  await down.run()
})
