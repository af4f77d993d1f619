import { once } from 'node:events'
import type { Socket } from 'node:net'
import type { Transport, Wire } from 'multiserver'
import pull from 'pull-stream'
import type { Test } from 'tape'
import { established } from '../../lib/host/transport/socket.ts'

/** What a transport is made with, and how it is dialled once it listens. */
export interface TransportUnderTest {
  make(hooks: { onSocket(socket: Socket): boolean; onError(error: Error): void }): Transport
  address(transport: Transport): object
}
type Tape = (name: string, run: (t: Test) => Promise<void>) => void

/** What every transport must do, whatever carries its bytes. `factory` gives a fresh one, and its teardown. */
export function transportSuite(
  test: Tape,
  name: string,
  factory: () => Promise<TransportUnderTest & { teardown(): Promise<void> }>,
): void {
  async function joined(admit: () => boolean = () => true) {
    const under = await factory()
    const transport = under.make({ onSocket: () => admit(), onError: () => undefined })
    const dialler = under.make({ onSocket: () => true, onError: () => undefined })
    let arrived: (wire: Wire) => void = () => undefined
    const incoming = new Promise<Wire>((resolve) => (arrived = resolve))
    const close = await new Promise<(done: () => void) => void>((resolve, reject) => {
      const stop = transport.server(arrived, (error) => (error ? reject(error) : resolve(stop)))
    })
    const dial = () =>
      new Promise<Wire>((resolve, reject) => {
        dialler.client(under.address(transport), (error, wire) =>
          wire ? resolve(wire) : reject(error ?? new Error('nothing')),
        )
      })
    const stop = async () => {
      await new Promise<void>((resolve) => close(resolve))
      await under.teardown()
    }
    return { dial, incoming, stop }
  }
  async function pair() {
    const { dial, incoming, stop } = await joined()
    const out = await dial()
    const ends = { out, inc: await incoming }
    const sockets = [established(out).socket, established(ends.inc).socket] as const
    return { ...ends, sockets, stop }
  }
  const collect = (wire: Wire): Promise<Buffer> =>
    new Promise((resolve, reject) => {
      pull(
        wire.source,
        pull.collect((error, pieces) => (error ? reject(error as Error) : resolve(Buffer.concat(pieces)))),
      )
    })

  test(`${name}: bytes go both ways, whole and in order`, async (t) => {
    const { out, inc, stop } = await pair()
    const there = Array.from({ length: 100 }, (_, n) => Buffer.alloc(10_000, n))
    const gotIn = collect(inc)
    pull(pull.values(there), out.sink)
    t.ok((await gotIn).equals(Buffer.concat(there)))
    await stop()
  })

  test(`${name}: bytes come back, too`, async (t) => {
    const { out, inc, stop } = await pair()
    const gotOut = collect(out)
    pull(pull.values([Buffer.from('back')]), inc.sink)
    t.equal((await gotOut).toString(), 'back')
    await stop()
  })

  test(`${name}: a reader that waits holds the writer up`, async (t) => {
    const { out, inc, sockets, stop } = await pair()
    let written = 0
    const piece = Buffer.alloc(64 * 1024)
    let stalled: () => void = () => undefined
    const full = new Promise<void>((resolve) => (stalled = resolve))
    out.sink((abort, callback) => {
      if (abort) callback(abort)
      else {
        written++
        callback(null, piece)
        if (sockets[0].writableNeedDrain) stalled()
      }
    })
    await full
    t.ok(
      sockets[0].writableLength < 4 * piece.length,
      `${sockets[0].writableLength} bytes wait after ${written} pieces`,
    )
    const before = written
    await new Promise<void>((resolve) => {
      pull(
        inc.source,
        pull.take(before + 200),
        pull.onEnd(() => resolve()),
      )
    })
    t.ok(written > before, 'and reading lets it go on')
    for (const socket of sockets) socket.destroy()
    await stop()
  })

  test(`${name}: an end ends the far side, an error breaks it off`, async (t) => {
    const first = await pair()
    const got = collect(first.inc)
    pull(pull.empty(), first.out.sink)
    t.equal((await got).length, 0)
    pull(pull.empty(), first.inc.sink)
    await Promise.all(first.sockets.map(async (socket) => socket.closed || once(socket, 'close')))
    t.pass('both sockets close')
    await first.stop()

    const second = await pair()
    const closed = once(second.sockets[1], 'close')
    second.inc.source(null, () => undefined)
    pull(pull.error(new Error('broken')), second.out.sink)
    await closed
    t.ok(second.sockets[0].destroyed)
    await second.stop()
  })

  test(`${name}: a source that is aborted before the stream is in use takes the socket with it; after, it lets the last bytes out`, async (t) => {
    const early = await joined()
    const [wire] = await Promise.all([early.dial(), early.incoming])
    const { socket } = wire.meta as { socket: Socket }
    wire.source(true, () => undefined)
    if (!socket.closed) await once(socket, 'close')
    t.ok(socket.destroyed)
    await early.stop()

    const late = await pair()
    const got = collect(late.inc)
    late.out.source(true, () => undefined)
    pull(pull.values([Buffer.from('goodbye')]), late.out.sink)
    t.equal((await got).toString(), 'goodbye')
    for (const each of late.sockets) each.destroy()
    await late.stop()
  })

  test(`${name}: who is not let in is closed; nobody is let in after the end`, async (t) => {
    const { dial, stop } = await joined(() => false)
    const refused = await dial().catch((error: unknown) => error)
    if (!(refused instanceof Error)) t.equal((await collect(refused as Wire)).length, 0, 'closed without a byte')
    else t.pass('refused')
    await stop()
    const late = await dial().then(
      () => 'connected',
      (error: unknown) => (error as { code?: unknown }).code,
    )
    t.ok(late === 'ECONNREFUSED' || late === 'ENOENT', String(late))
  })
}
