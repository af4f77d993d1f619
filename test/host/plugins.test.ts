import test from 'tape'
import { z } from 'zod'
import { async_, bytes, defineContract, definePlugin, duplex, need, source } from '../../lib/host/index.ts'
import type { AnyPlugin, Handlers, Remote } from '../../lib/host/index.ts'
import { Host } from '../../lib/host/index.ts'
import { bandContract } from '../helpers/band-plugin.ts'
import { codeOf, freshKeys, memoryLog } from '../helpers/hosts.ts'

/** A plugin that only says when it starts and stops. */
function noting(
  name: string,
  notes: string[],
  needs: string[] = [],
  failing: 'start' | 'stop' | 'ready' | 'never' = 'never',
): AnyPlugin {
  const note = (what: typeof failing): void => {
    notes.push(`${what} ${name}`)
    if (failing === what) throw new Error(`${name} will not ${what}`)
  }
  return definePlugin({
    name,
    needs: Object.fromEntries(needs.map((other) => [other, need(other)])),
    async start() {
      note('start')
      return { api: { name }, handlers: {}, ready: () => note('ready'), stop: () => note('stop') }
    },
  })
}
const hostOf = (plugins: AnyPlugin[], config = {}) => new Host({ keys: freshKeys(), log: memoryLog(), plugins, config })

test('plugins start in order of need, get ready when all have started, and stop in reverse', async (t) => {
  const notes: string[] = []
  const host = hostOf([
    noting('gossip', notes, ['store', 'keys']),
    noting('store', notes, ['keys']),
    noting('keys', notes),
  ])
  t.equal(host.state, 'opening')
  await Promise.all([host.open(), host.open()])
  t.equal(host.state, 'open')
  const closing = host.close()
  await closing
  t.equal(host.state, 'closed')
  t.deepEqual(notes, [
    ...['start keys', 'start store', 'start gossip'],
    ...['ready keys', 'ready store', 'ready gossip'],
    ...['stop gossip', 'stop store', 'stop keys'],
  ])
  t.end()
})

test('needs that cannot be met', async (t) => {
  const code = (make: () => unknown) => codeOf(Promise.resolve().then(make))
  t.equal(await code(() => hostOf([noting('a', [], ['b'])])), 'NEEDS_MISSING')
  t.equal(
    await code(() => hostOf([noting('a', [], ['b']), noting('b', [], ['c']), noting('c', [], ['a'])])),
    'NEEDS_CIRCULAR',
  )
  t.equal(await code(() => hostOf([noting('a', [], ['a'])])), 'NEEDS_CIRCULAR')
  t.equal(await code(() => hostOf([noting('a', []), noting('a', [])])), 'PLUGIN_TWICE')
  const host = hostOf([])
  t.equal(await code(() => host.api(need('absent'))), 'NEEDS_MISSING')
  t.end()
})

test('a plugin reaches another through its typed api, and sees its own options alone', async (t) => {
  const counter = definePlugin({
    name: 'counter',
    options: z.strictObject({ from: z.int().default(1) }),
    async start(_host, _needs, { from }) {
      let at = from
      return { api: { next: () => at++ }, handlers: {} }
    },
  })
  const user = definePlugin({
    name: 'user',
    needs: { counter },
    async start(_host, { counter: counting }) {
      const first: number = counting.next()
      // @ts-expect-error: the api is typed by the plugin that has it
      const absent: unknown = counting.previous
      t.equal(absent, undefined)
      return { api: { first }, handlers: {} }
    },
  })
  const host = hostOf([user, counter], { counter: { from: 7 }, user: {} })
  await host.open()
  t.equal(host.api(user).first, 7)
  t.equal(host.api(counter).next(), 8)
  await host.close()
  t.equal(await codeOf(hostOf([counter], { counter: { from: 'x' } }).open()), 'OPTIONS_INVALID')
  t.equal(
    await codeOf(hostOf([counter], { counter: { form: 1 } }).open()),
    'OPTIONS_INVALID',
    'a slip of the pen is no option',
  )
  t.end()
})

test('what fails to start takes down what had started; what fails to stop keeps nobody from stopping', async (t) => {
  const notes: string[] = []
  const host = hostOf([noting('a', notes), noting('b', notes, ['a'], 'start'), noting('c', notes, ['b'])])
  t.equal(await codeOf(host.open()), 'PLUGIN_FAILED')
  t.deepEqual(notes, ['start a', 'start b', 'stop a'])
  t.equal(host.state, 'closed')
  await host.close()

  const late: string[] = []
  const unready = hostOf([noting('a', late), noting('b', late, [], 'ready')])
  t.equal(await codeOf(unready.open()), 'PLUGIN_FAILED')
  t.deepEqual(late.slice(-2), ['stop b', 'stop a'])

  const more: string[] = []
  const stubborn = hostOf([noting('a', more, [], 'stop'), noting('b', more, [], 'stop'), noting('c', more)])
  await stubborn.open()
  const error = await stubborn.close().catch((e: unknown) => e as { code: string; cause: AggregateError })
  t.equal(error?.code, 'PLUGIN_FAILED')
  t.equal(error?.cause.errors.length, 2, 'both are told')
  t.deepEqual(more.slice(-3), ['stop c', 'stop b', 'stop a'])
  t.equal(stubborn.state, 'closed')
  t.end()
})

test('two plugins cannot offer one method, nor one leave a handler out', async (t) => {
  const offering = (name: string, method: string) =>
    definePlugin({
      name,
      contract: defineContract({ [method]: async_({ result: z.number() }) }),
      async start() {
        return { api: {}, handlers: { [method]: () => 1 } }
      },
    })
  t.equal(await codeOf(hostOf([offering('a', 'same'), offering('b', 'same')]).open()), 'METHOD_TWICE')
  t.equal(await codeOf(hostOf([offering('a', 'manifest')]).open()), 'METHOD_TWICE', 'the host has its own')
  t.equal(await codeOf(hostOf([offering('a', 'ping')]).open()), 'METHOD_TWICE')
  const inner = definePlugin({
    name: 'inner',
    contract: defineContract({ same: { inner: async_({ result: z.number() }) } }),
    async start() {
      return { api: {}, handlers: { same: { inner: () => 1 } } }
    },
  })
  t.equal(await codeOf(hostOf([offering('a', 'same'), inner]).open()), 'METHOD_TWICE', 'a method is no name space')
  t.equal(await codeOf(hostOf([inner, offering('a', 'same')]).open()), 'METHOD_TWICE')
  const careless = definePlugin({
    name: 'careless',
    contract: defineContract({ lost: async_({ result: z.number() }) }),
    async start() {
      return { api: {}, handlers: {} as { lost: () => number } }
    },
  })
  t.equal(await codeOf(hostOf([careless]).open()), 'PLUGIN_FAILED')
  t.end()
})

test('a contract says what the wire cannot carry when it is written', async (t) => {
  const code = (make: () => unknown) => codeOf(Promise.resolve().then(make))
  const with_ = (result: z.ZodType) => code(() => defineContract({ method: async_({ result }) }))
  t.equal(await with_(z.string()), 'CONTRACT_INVALID', 'an empty string')
  t.equal(await with_(z.number().nullish()), 'CONTRACT_INVALID', 'null and undefined')
  t.equal(await with_(z.unknown()), 'CONTRACT_INVALID')
  t.equal(await code(() => defineContract({ 'no-name': async_({ result: z.number() }) })), 'CONTRACT_INVALID')
  t.equal(await code(() => defineContract({ a: { 'b.c': source({ item: bytes }) } })), 'CONTRACT_INVALID')
  t.ok(defineContract({ fine: duplex({ up: bytes, down: z.string().min(1) }) }))
  t.end()
})

const twiceContract = defineContract({
  twice: async_({ args: z.object({ n: z.number() }), result: z.number() }),
})

/** Never called: holds the types of callers and handlers to the contract. */
export async function typesHold(remote: Remote<typeof bandContract>): Promise<Handlers<typeof twiceContract>> {
  const names: string[] = (await remote.roster({ limit: 3 })).map(({ name }) => name)
  const picture: Uint8Array = await remote.picture({ size: names.length })
  // @ts-expect-error: an argument that must be there
  await remote.picture()
  // @ts-expect-error: an argument of another type
  await remote.picture({ size: 'big' })
  // @ts-expect-error: an argument to a call that takes none
  await remote.nothing({ size: 1 })
  // @ts-expect-error: no such method
  if (remote.absent) throw new Error('there is one')
  // @ts-expect-error: a source is no promise
  const promise: Promise<unknown> = remote.counts({ to: 1 })
  await promise
  // @ts-expect-error: another item than the contract's
  await remote.chat.echo().push(picture)
  // @ts-expect-error: a handler that answers something else
  const wrong: Handlers<typeof twiceContract> = { twice: () => twiceContract.twice.kind }
  return wrong
}
