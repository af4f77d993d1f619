import { createHash, generateKeyPairSync } from 'node:crypto'
import { createServer } from 'node:net'
import createMuxrpc from 'muxrpc'
import multiserver from 'multiserver'
import net from 'multiserver/plugins/net.js'
import shs from 'multiserver/plugins/shs.js'
import pull from 'pull-stream'
import test from 'tape'
import { bandContract, bandPlugin } from '../helpers/band-plugin.ts'
import { addressOf, codeOf, Teardown } from '../helpers/hosts.ts'

/**
 * What somebody else would write with npm's multiserver, secret-handshake and muxrpc alone: none of this project's code is
 * used between here and `stranger`. The network key is spelled out as docs/rpc.md does.
 */
interface Foreign {
  [method: string]: (...args: unknown[]) => unknown
}
function foreignKeys() {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519')
  const raw = publicKey.export({ format: 'der', type: 'spki' }).subarray(-32)
  const seed = privateKey.export({ format: 'der', type: 'pkcs8' }).subarray(-32)
  return { publicKey: raw, secretKey: Buffer.concat([seed, raw]) }
}
const transports = () => [
  [
    net({}),
    shs({
      keys: foreignKeys(),
      appKey: createHash('sha256').update('marmalade/1 network').digest(),
      timeout: 5000,
      auth: (_key, done) => done(null, true),
    }),
  ] as const,
]

function stranger(address: string): Promise<{ rpc: Foreign; manifest: object; close: () => void }> {
  return new Promise((resolve, reject) => {
    multiserver(transports()).client(address, (error, stream) => {
      if (error || !stream) {
        reject(error ?? new Error('no stream'))
        return
      }
      const rpc = createMuxrpc((failed: unknown, manifest: object) => {
        // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- whatever muxrpc gives
        if (failed) reject(failed)
        else resolve({ rpc: rpc as unknown as Foreign, manifest, close: () => rpc.close(true, () => undefined) })
      })
      pull(stream, rpc.stream, stream)
    })
  })
}

const ask = (method: ((...args: unknown[]) => unknown) | undefined, ...args: unknown[]): Promise<unknown> =>
  new Promise((resolve, reject) => {
    method?.(...args, (error: unknown, value: unknown) => {
      // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- muxrpc gives the plain object that was sent
      if (error) reject(error)
      else resolve(value)
    })
  })
const collect = (source: unknown): Promise<unknown[]> =>
  new Promise((resolve, reject) => {
    pull(
      source as pull.Source<unknown>,
      pull.collect((error, values) => {
        // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- as above
        if (error) reject(error)
        else resolve(values)
      }),
    )
  })

test('a client that has none of our code reads the manifest, calls, streams, and is refused', async (t) => {
  const down = new Teardown()
  const host = await down.host({ plugins: [bandPlugin] })
  const { rpc, manifest, close } = await stranger(addressOf(host))
  down.add(close, (it) => it())

  t.equal((manifest as Record<string, unknown>)['roster'], 'async')
  t.equal((manifest as Record<string, unknown>)['counts'], 'source')
  t.deepEqual((manifest as Record<string, unknown>)['chat'], { echo: 'duplex' }, 'it sees what a stranger may call')
  t.notOk('forTracked' in manifest, 'and nothing more')

  t.deepEqual(await ask(rpc['roster'], { limit: 1 }), [{ player: host.id, name: 'the band' }])
  t.equal(((await ask(rpc['roster'])) as unknown[]).length, 10, 'no argument at all is no error')
  t.equal(await ask(rpc['nothing']), null, 'undefined travels as null')
  t.deepEqual(await ask(rpc['picture'], { size: 2 }), Buffer.from([7, 7]))
  t.deepEqual(await collect(rpc['counts']?.({ to: 4 })), [0, 1, 2, 3])
  const pieces = (await collect(rpc['archive']?.({ pieces: 60 }))) as Buffer[]
  t.equal(Buffer.concat(pieces).length, 60 * 16 * 1024, 'an archive, with no credit from this client')

  const refused = (await ask(rpc['fault'], { how: 'error' }).catch((e: unknown) => e)) as Record<string, unknown>
  t.deepEqual(Object.keys(refused).sort(), ['code', 'message'], 'an error is its code and its message')
  t.equal(refused['code'], 'INTERNAL')
  close()
  await down.run()
})

test('what a stranger may not call it may not call by name either', async (t) => {
  const down = new Teardown()
  const host = await down.host({ plugins: [bandPlugin] })
  const rpc = await stranger2(addressOf(host), {
    forTracked: 'async',
    forSelf: 'async',
    chat: { pipe: 'duplex' },
    archive: 'source',
  })
  down.add(rpc, (it) => it.close())
  t.equal(await codeOf(ask(rpc.methods['forTracked'])), 'NOT_ALLOWED')
  t.equal(await codeOf(ask(rpc.methods['forSelf'])), 'NOT_ALLOWED')
  const pipe = (rpc.methods['chat'] as unknown as Foreign)['pipe']?.({}) as pull.Duplex<unknown, unknown>
  pull(pull.values([Buffer.from('x')]), pipe.sink)
  t.equal(await codeOf(collect(pipe.source)), 'NOT_ALLOWED', 'a stream says so too')
  t.equal(
    await codeOf(collect(rpc.methods['archive']?.({ pieces: 100 }))),
    'STREAM_LIMIT',
    'nor more than one call gives',
  )
  t.equal(await codeOf(collect(rpc.methods['archive']?.({ pieces: 'many' }))), 'ARGUMENTS_INVALID')
  await down.run()
})

/** The same with a manifest of one's own. */
function stranger2(address: string, manifest: object): Promise<{ methods: Foreign; close: () => void }> {
  return new Promise((resolve, reject) => {
    multiserver(transports()).client(address, (error, stream) => {
      if (error || !stream) {
        reject(error ?? new Error('no stream'))
        return
      }
      const rpc = createMuxrpc(manifest, null, null)
      pull(stream, rpc.stream, stream)
      resolve({ methods: rpc as unknown as Foreign, close: () => rpc.close(true, () => undefined) })
    })
  })
}

test('a node that has none of our code serves a contract of ours', async (t) => {
  const down = new Teardown()
  const server = multiserver([[net({ host: '127.0.0.1', port: await freePort() }), transports()[0]![1]]])
  const stop = await new Promise<(done: () => void) => void>((resolve, reject) => {
    const closer = server.server(
      (stream) => {
        const api = {
          roster: (_args: unknown, done: (error: null, value: unknown) => void) => done(null, []),
          counts: ({ to }: { to: number }) => pull.count(to - 1),
          chat: {
            echo: () => {
              const waiting: { said: string }[] = []
              let ask: ((end: null, item: unknown) => void) | undefined
              return {
                source: (abort: unknown, done: (end: unknown, item?: unknown) => void) => {
                  if (abort) done(abort)
                  else if (waiting.length) done(null, waiting.shift())
                  else ask = done
                },
                sink: pull.drain(({ say }: { say: string }) => {
                  if (ask) ask(null, { said: say })
                  else waiting.push({ said: say })
                }),
              }
            },
          },
        }
        const rpc = createMuxrpc(null, { roster: 'async', counts: 'source', chat: { echo: 'duplex' } }, api)
        pull(stream, rpc.stream, stream)
      },
      () => undefined,
      (error) => (error ? reject(error) : resolve(closer)),
    )
  })
  const host = await down.host()
  const connection = await host.connect(server.stringify('device'))
  const remote = connection.remote(bandContract)
  t.deepEqual(await remote.roster(), [])
  const counts: number[] = []
  for await (const n of remote.counts({ to: 1500 })) counts.push(n)
  t.equal(counts.length, 1500, 'it knows nothing of credit, and need not')
  const echo = remote.chat.echo()
  await echo.push({ say: 'hello' })
  for await (const { said } of echo.source) {
    t.equal(said, 'hello')
    break
  }
  t.equal(await codeOf(remote.forMember()), 'REMOTE_ERROR', 'an error without a code of ours')
  await connection.close()
  await new Promise<void>((resolve) => stop(resolve))
  await down.run()
})

/** multiserver's own transport cannot listen on port 0: a port that was free a moment ago. */
function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number }
      server.close(() => resolve(port))
    })
  })
}
