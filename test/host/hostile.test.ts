import { once } from 'node:events'
import { connect } from 'node:net'
import type { Socket } from 'node:net'
import { join } from 'node:path'
import fc from 'fast-check'
import test from 'tape'
import { Band, bandContract, bandPlugin } from '../helpers/band-plugin.ts'
import { memoryLog, Teardown } from '../helpers/hosts.ts'
import type { Memory } from '../helpers/hosts.ts'
import { connectLocal } from '../../lib/host/index.ts'
import type { Host, HostInit } from '../../lib/host/index.ts'

/** muxrpc's frames, written by hand: what a hostile peer may send. */
function frame(flags: number, req: number, body: string | Buffer): Buffer {
  const bytes = Buffer.from(body as string)
  const head = Buffer.alloc(9)
  head[0] = flags
  head.writeUInt32BE(bytes.length, 1)
  head.writeInt32BE(req, 5)
  return Buffer.concat([head, bytes])
}
const JSON_BODY = 2
const STREAM = 8
const END = 4
const call = (name: unknown, args: unknown = [{}]) => JSON.stringify({ name, args })
const open = (type: string, name: unknown, args: unknown = [{}]) => JSON.stringify({ name, args, type })

/** A raw way in: the local socket speaks the same frames without a handshake. */
async function raw(
  down: Teardown,
  init: Partial<HostInit> = {},
): Promise<{ host: Host; path: string; dial: () => Promise<Socket> }> {
  const path = join(await down.folder(), 'run', 'socket')
  const host = await down.host({ plugins: [bandPlugin], socketPath: path, ...init })
  const dial = async () => {
    const socket = down.add(connect(path), (it) => it.destroy())
    socket.on('error', () => undefined)
    await once(socket, 'connect')
    return socket
  }
  return { host, path, dial }
}

/** Why the connection that ended last did. */
function lastEnd(log: Memory): unknown {
  const ends = log.lines.filter(({ fields }) => 'traffic' in fields)
  return (ends.at(-1)?.fields as { code?: unknown } | undefined)?.code
}

/** All frames that came until the socket closed. */
async function untilClosed(socket: Socket): Promise<Buffer> {
  const pieces: Buffer[] = []
  socket.on('data', (piece: Buffer) => pieces.push(piece))
  await once(socket, 'close')
  return Buffer.concat(pieces)
}
/** The JSON body of the next frame. */
async function answer(socket: Socket): Promise<unknown> {
  let got = Buffer.alloc(0)
  for (;;) {
    const [piece] = (await once(socket, 'data')) as [Buffer]
    got = Buffer.concat([got, piece])
    if (got.length >= 9 && got.length >= 9 + got.readUInt32BE(1))
      return JSON.parse(got.subarray(9, 9 + got.readUInt32BE(1)).toString())
  }
}

const FATAL: [what: string, bytes: Buffer][] = [
  ['a call that is null', frame(JSON_BODY, 1, 'null')],
  ['a stream that is null', frame(STREAM | JSON_BODY, 1, 'null')],
  ['a call without arguments', frame(JSON_BODY, 1, '{"name":["roster"]}')],
  ['arguments that are no array', frame(JSON_BODY, 1, call('roster', {}))],
  ['a name that is no path', frame(JSON_BODY, 1, call([1, 2]))],
  ['a name without end', frame(JSON_BODY, 1, call(Array(1000).fill('a')))],
  ['a kind that is a number', frame(STREAM | JSON_BODY, 1, open(7 as unknown as string, 'counts'))],
  ['a body that is no JSON', frame(JSON_BODY, 1, '{"name":')],
  ['a body of no kind', frame(3, 1, 'x')],
  ['a packet of 4 GiB', Buffer.from([2, 255, 255, 255, 255, 0, 0, 0, 1])],
]

test('bytes that are no muxrpc end their connection, and nothing else', async (t) => {
  const down = new Teardown()
  const log = memoryLog()
  const { host, dial, path } = await raw(down, { log })
  for (const [what, bytes] of FATAL) {
    const socket = await dial()
    const closed = untilClosed(socket)
    socket.write(bytes)
    await closed
    t.equal(lastEnd(log), 'PROTOCOL_INVALID', what)
  }
  const local = down.add(await connectLocal(path), (it) => it.close())
  t.equal((await local.remote(bandContract).roster()).length, 10, 'the node goes on')
  t.equal(host.state, 'open')
  await down.run()
})

test('packets without a place are passed over, names from Object are no methods', async (t) => {
  const down = new Teardown()
  const { dial } = await raw(down)
  const socket = await dial()
  socket.write(frame(JSON_BODY, 0, '"a message"'))
  socket.write(frame(JSON_BODY, -77, '"an answer to nothing"'))
  socket.write(frame(STREAM | JSON_BODY, -78, '"an item of nothing"'))
  socket.write(frame(STREAM | END | JSON_BODY, 79, 'true'))
  for (const name of [
    '__proto__',
    'constructor',
    'toString',
    ['chat', '__proto__'],
    ['chat', 'constructor'],
    'chat',
    ['host'],
  ]) {
    socket.write(frame(JSON_BODY, 1, call(name)))
    t.equal(((await answer(socket)) as { code: string }).code, 'METHOD_UNKNOWN', JSON.stringify(name))
  }
  socket.write(frame(JSON_BODY, 2, call('whoami', [null])))
  t.equal(((await answer(socket)) as { role: string }).role, 'self', 'and the connection still answers')
  await down.run()
})

test('a caller that leaves calls open is stopped, first by a code, then by the end', async (t) => {
  const down = new Teardown()
  const log = memoryLog()
  const { dial } = await raw(down, { log, settings: { maxCalls: 4 } })
  const socket = await dial()
  for (let n = 1; n <= 5; n++) socket.write(frame(JSON_BODY, n, call('wait')))
  t.equal(((await answer(socket)) as { code: string }).code, 'TOO_MANY_CALLS', 'the fifth of four')
  const closed = untilClosed(socket)
  for (let n = 6; n <= 1100; n++) socket.write(frame(STREAM | JSON_BODY, n, open('duplex', ['chat', 'echo'])))
  await closed
  t.equal(lastEnd(log), 'CONNECTION_OVERRUN', 'streams that are never ended end the connection')
  await down.run()
})

test('a caller that pushes without credit is cut off with STREAM_OVERRUN', async (t) => {
  const down = new Teardown()
  const { dial } = await raw(down)
  const socket = await dial()
  let got = ''
  socket.on('data', (piece: Buffer) => (got += piece.toString('latin1')))
  // This client reads nothing of what is echoed: with 64 of credit the handler soon waits, and takes no more.
  socket.write(frame(STREAM | JSON_BODY, 1, open('duplex', ['chat', 'pipe'], [{}, { call: 1, credit: 64 }])))
  for (let n = 0; n < 40; n++) socket.write(frame(STREAM, 1, Buffer.alloc(64 * 1024)))
  while (!got.includes('STREAM_OVERRUN')) await once(socket, 'data')
  t.pass('the call is told')
  socket.write(frame(JSON_BODY, 2, call('whoami')))
  while (!got.includes('"self"')) await once(socket, 'data')
  t.pass('the connection goes on')
  await down.run()
})

test('a caller that reads nothing stops what it asked for', async (t) => {
  const down = new Teardown()
  const { host, dial } = await raw(down)
  const socket = await dial()
  socket.pause()
  // No credit is given, so only the socket slows the source down.
  socket.write(frame(STREAM | JSON_BODY, 1, open('source', ['counts'], [{ to: 1_000_000 }])))
  const other = await dial()
  let before = -1
  // Until two looks in a row see the same count: each look is a round trip over another connection.
  for (let same = 0; same < 50;) {
    other.write(frame(JSON_BODY, 1, call('whoami')))
    await answer(other)
    const now = host.api(Band).produced()
    same = now === before && now > 0 ? same + 1 : 0
    before = now
  }
  t.ok(before < 200_000, `${before} of a million made for a reader that sleeps`)
  await down.run()
})

test('arbitrary bytes never bring the node down', async (t) => {
  const down = new Teardown()
  const { dial, host } = await raw(down)
  const packet = fc
    .tuple(
      fc.integer({ min: 0, max: 15 }),
      fc.integer({ min: -4, max: 4 }),
      fc.oneof(
        fc.json(),
        fc.constantFrom(
          call('roster'),
          call(['chat', 'echo']),
          open('source', 'counts'),
          open('duplex', ['chat', 'echo']),
          'true',
          'null',
          '',
        ),
        fc.string(),
      ),
    )
    .map(([flags, req, body]) => frame(flags, req, body))
  await fc.assert(
    fc.asyncProperty(fc.array(packet, { maxLength: 12 }), async (packets) => {
      const socket = await dial()
      const closed = untilClosed(socket)
      socket.end(Buffer.concat(packets))
      await closed
      return host.state === 'open'
    }),
    { numRuns: 150, seed: 20261121 },
  )
  t.pass('150 conversations')
  await down.run()
})
