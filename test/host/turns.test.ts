import type pull from 'pull-stream'
import test from 'tape'
import type { Millis } from '../../lib/base/index.ts'
import { ByTurns } from '../../lib/host/by-turns.ts'
import { Merit } from '../../lib/host/merit.ts'
import { Turns, type ThreadTime } from '../../lib/host/turns.ts'

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
/** Somebody who has taken, or brought, so many bytes. */
function worth(bytes: number): Merit {
  const merit = new Merit()
  merit.earn(bytes)
  return merit
}
const PLENTY = 10_000_000
/** The stream of a stranger, who waits whenever others are served. */
const ofStranger = (source: pull.Source<Buffer>, turns: Turns, merit = new Merit()): ByTurns =>
  new ByTurns(source, { turns, merit, waits: () => turns.contended })
/** A thread that always has something to do. */
const busy = (now: () => Millis): ThreadTime => ({ now, idle: () => 0 })
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

test('turns: strangers with merit take most of what others leave', async (t) => {
  let now: Millis = 0
  let idle: Millis = 0
  const turns = new Turns({ now: () => now, idle: () => idle })
  turns.noteKnown()
  const merit = worth(PLENTY)
  // Others are served all the time, and half of it there is nothing to do.
  const others = setInterval(() => {
    now += 20
    idle += 10
    turns.noteKnown()
  }, 1)
  const second = await new Promise<Millis>((resolve) => {
    turns.wait(() => (now += 50), merit)
    turns.wait(() => resolve(now), merit)
  })
  clearInterval(others)
  t.ok(second < 50 + 500, `30 ms too much, two for each idle one: the next turn came at ${second}`)
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

test('turns: of what others leave strangers without merit get nothing, and those with merit do not wait for them', async (t) => {
  let now: Millis = 0
  let idle: Millis = 0
  const turns = new Turns({ now: () => now, idle: () => idle })
  turns.noteKnown()
  const others = setInterval(() => {
    now += 20
    idle += 10
    turns.noteKnown()
  }, 1)
  const nobody = new Merit()
  const order: string[] = []
  const second = await new Promise<Millis>((resolve) => {
    turns.wait(() => (now += 50), nobody)
    turns.wait(() => {
      order.push('without')
      resolve(now)
    }, nobody)
    turns.wait(() => order.push('with'), worth(PLENTY))
  })
  clearInterval(others)
  t.deepEqual(order, ['with', 'without'])
  t.ok(second >= 50 + 1_300, `40 ms too much, three of each hundred: the next turn came at ${second}`)
  t.end()
})

test('turns: merit is paid with, kept for a while, and never lent', async (t) => {
  let now: Millis = 0
  const turns = new Turns(busy(() => now))
  turns.noteKnown()
  const merit = worth(100_000)
  t.ok(merit.has)
  await new Promise((resolve) => turns.wait(() => resolve((now += 11)), merit))
  await new Promise((resolve) => setImmediate(resolve))
  t.notOk(merit.has, '100,000 bytes are worth 10 ms')
  merit.earn(1)
  t.ok(merit.has, 'what was too much is not owed')
  const rich = worth(Infinity)
  rich.spend(1_000)
  t.notOk(rich.has, 'no more than a second is kept')
  t.end()
})

test('turns: whoever comes is sent a little, without merit too, and a small thing of use counts for more than its bytes', async (t) => {
  const merit = new Merit()
  t.ok(merit.trickles(65_536, 0))
  t.notOk(merit.trickles(1, 0))
  t.notOk(merit.trickles(1_400, 10))
  t.ok(merit.trickles(1_300, 10), '10 ms later 1,310 bytes more')
  t.notOk(merit.has)
  merit.earnByUse(600)
  merit.spend(1.6)
  t.ok(merit.has, 'as 16 KiB')
  merit.spend(0.1)
  t.notOk(merit.has)
  t.end()
})

test('turns: of a node that is idle for most of its time strangers without merit get their part too', async (t) => {
  let now: Millis = 0
  let idle: Millis = 0
  const turns = new Turns({ now: () => now, idle: () => idle })
  const others = setInterval(() => {
    now += 20
    idle += 18
    turns.noteKnown()
  }, 1)
  const nobody = new Merit()
  const took = await new Promise<Millis>((resolve) => {
    let began = 0
    const again = (left: number): void => {
      if (left === 10) began = now
      if (left === 0) resolve(now - began)
      else turns.wait(() => again(left - 1), nobody)
      now += 100
      turns.noteKnown()
    }
    again(20)
  })
  clearInterval(others)
  t.ok(took < 15_000, `10 turns of 100 ms took ${took} ms; at three hundredths alone 33,000`)
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

test('turns: of strangers without merit, who asks for little does not wait for each who asks for much', async (t) => {
  let now: Millis = 0
  const turns = new Turns(busy(() => now))
  turns.noteKnown()
  const others = setInterval(() => {
    now += 500
    turns.noteKnown()
  }, 1)
  const order: string[] = []
  await new Promise<void>((resolve) => {
    /** As a stream does: more waits before its last turn is paid for. */
    const ask = (name: string, cost: Millis, left: number, merit = new Merit()): void => {
      turns.wait(() => {
        order.push(name)
        now += cost
        if (left > 1) ask(name, cost, left - 1, merit)
        else resolve()
      }, merit)
    }
    for (const name of ['a flood', 'another']) ask(name, 30, 5)
    ask('little', 1, 3)
  })
  clearInterval(others)
  t.deepEqual(order, ['a flood', 'another', 'little', 'little', 'little'])
  // Nobody else is served: what still waits has its turns now.
  now += 1_000
  t.end()
})

test('turns: strangers without merit have their part beside those with merit, where nobody else is served too', async (t) => {
  const turns = new Turns(busy(() => 0))
  const merit = worth(PLENTY)
  let turnsOfOthers = 0
  const again = (): void => {
    if (turnsOfOthers++ < 100) turns.wait(again, merit)
  }
  again()
  await new Promise<void>((resolve) => turns.wait(resolve, new Merit()))
  t.ok(turnsOfOthers < 100, `after ${turnsOfOthers} turns of those with merit`)
  t.end()
})

test('turns: what somebody says to have taken is believed of what has left', async (t) => {
  const merit = new Merit()
  merit.earnByTaking(100_000, 0)
  t.notOk(merit.has, 'nothing had left')
  merit.earnByTaking(100_000, 30_000)
  merit.spend(2.9)
  t.ok(merit.has, '30,000 bytes are worth 3 ms')
  merit.spend(0.2)
  merit.earnByTaking(100_000, 30_000)
  t.notOk(merit.has, 'each byte counts once')
  t.end()
})
