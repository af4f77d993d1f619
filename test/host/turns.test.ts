import type pull from 'pull-stream'
import test from 'tape'
import type { Millis } from '../../lib/base/index.ts'
import { ByTurns } from '../../lib/host/by-turns.ts'
import { Merit } from '../../lib/host/merit.ts'
import { Turns } from '../../lib/host/turns.ts'
import { busy, PLENTY, worth } from '../helpers/turns.ts'

/** A source that gives these pieces, then nothing. */
function giving(...pieces: Buffer[]): { source: pull.Source<Buffer>; aborted: () => boolean } {
  let aborted = false
  const source: pull.Source<Buffer> = (end, callback) => {
    const piece = pieces.shift()
    if (end !== null && end !== false) {
      aborted = true
      callback(end)
    } else if (piece) callback(null, piece)
  }
  return { source, aborted: () => aborted }
}
/** The stream of a stranger, who waits whenever others are served. */
const ofStranger = (source: pull.Source<Buffer>, turns: Turns, merit = new Merit()): ByTurns =>
  new ByTurns(source, { turns, merit, waits: () => turns.contended })
/** What it gives next, and whether it gave it at once. */
function next(source: pull.Source<Buffer>): { piece: Promise<Buffer | undefined>; atOnce: boolean } {
  let given = false
  const piece = new Promise<Buffer | undefined>((resolve) =>
    source(null, (_end, bytes) => {
      given = true
      resolve(bytes)
    }),
  )
  return { piece, atOnce: given }
}

test('turns: while nobody else is served a stranger waits for nothing', async (t) => {
  const turns = new Turns(busy(() => 0))
  const bytes = Buffer.alloc(100_000)
  t.equal(await next(ofStranger(giving(bytes).source, turns).source).piece, bytes, 'whole')
  t.end()
})

test('turns: beside others what a stranger sends comes in slices, and others at once and whole', async (t) => {
  const turns = new Turns(busy(() => 0))
  turns.noteKnown()
  const bytes = Buffer.from(Array.from({ length: 40_000 }, (_, n) => n & 255))
  const known = next(new ByTurns(giving(bytes).source, { turns, merit: new Merit(), waits: () => false }).source)
  t.ok(known.atOnce)
  t.equal(await known.piece, bytes)
  const strangers = ofStranger(giving(bytes).source, turns).source
  const first = next(strangers)
  t.notOk(first.atOnce, 'it waits for its turn')
  const slices = [await first.piece, await next(strangers).piece, await next(strangers).piece]
  t.deepEqual(
    slices.map((slice) => slice?.length),
    [16_384, 16_384, 7_232],
  )
  t.deepEqual(Buffer.concat(slices.filter((slice) => slice !== undefined)), bytes)
  t.end()
})

test('turns: a stranger pays for what it had done, promises included, before it has its next turn', async (t) => {
  let now: Millis = 0
  const turns = new Turns(busy(() => now))
  turns.noteKnown()
  const merit = worth(PLENTY)
  const order: string[] = []
  await new Promise<void>((resolve) => {
    turns.wait(() => {
      order.push('first')
      void Promise.resolve().then(() => (now += 21))
    }, merit)
    turns.wait(() => {
      order.push(`second at ${now}`)
      resolve()
    }, merit)
    // One millisecond too much at a fiftieth: 50 ms of real time pass before the clock is looked at again.
    setTimeout(() => (now += 50), 1)
  })
  t.deepEqual(order, ['first', 'second at 71'])
  t.end()
})

test('turns: what strangers owe is paid in full while others are served, also where that takes long', async (t) => {
  let now: Millis = 0
  const turns = new Turns(busy(() => now))
  turns.noteKnown()
  const merit = worth(PLENTY)
  // Others never stop for long enough that what is owed is let be.
  const others = setInterval(() => {
    now += 100
    turns.noteKnown()
  }, 100)
  const second = await new Promise<Millis>((resolve) => {
    turns.wait(() => (now += 50), merit)
    turns.wait(() => resolve(now), merit)
  })
  clearInterval(others)
  t.ok(second >= 50 + 1_500, `30 ms too much at a fiftieth: the next turn came at ${second}`)
  t.end()
})

test('turns: what is ended while it waits is not done', async (t) => {
  const turns = new Turns(busy(() => 0))
  turns.noteKnown()
  const { source, aborted } = giving(Buffer.alloc(10))
  const read = ofStranger(source, turns).source
  const ends: unknown[] = []
  read(null, (end) => ends.push(end))
  read(true, (end) => ends.push(end))
  t.deepEqual(ends, [true, true])
  t.ok(aborted())
  await new Promise((resolve) => turns.wait(() => resolve(undefined), new Merit()))
  t.equal(ends.length, 2)
  t.end()
})

test('turns: what waits to leave goes at once when its connection ends', async (t) => {
  const turns = new Turns(busy(() => 0))
  turns.noteKnown()
  const goodbye = Buffer.alloc(20_000)
  const leaving = ofStranger(giving(goodbye, goodbye).source, turns)
  const first = next(leaving.source)
  t.notOk(first.atOnce)
  leaving.release()
  const pieces = [await first.piece]
  const rest = next(leaving.source)
  const last = next(leaving.source)
  t.ok(rest.atOnce && last.atOnce)
  pieces.push(await rest.piece, await last.piece)
  t.deepEqual(
    pieces.map((piece) => piece?.length),
    [16_384, 3_616, 20_000],
  )
  t.end()
})
