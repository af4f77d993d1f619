import test from 'tape'
import type { Millis } from '../../lib/base/index.ts'
import { Merit } from '../../lib/host/merit.ts'
import { Turns } from '../../lib/host/turns.ts'
import { busy, PLENTY, worth } from '../helpers/turns.ts'

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
