import test from 'tape'
import type { PlayerId } from '../../lib/base/index.ts'
import { Intake } from '../../lib/gossip/intake.ts'
import { Pace } from '../../lib/wire/index.ts'
import { encodeFrame, isRun } from '../../lib/gossip/index.ts'
import { FrameLink } from '../../lib/wire/index.ts'
import { entryKeyOf } from '../../lib/base/index.ts'
import { playerOf } from './simulator.ts'

interface Named {
  readonly link: number
  readonly stream: number
  readonly identity: PlayerId
  readonly bytes: number
  readonly name: string
}

/** An intake whose runs end when they are told to; those that were taken together are joined by a plus. */
function intakeOf(now: () => number = () => 0) {
  const started: string[] = []
  const ends = new Map<string, () => void>()
  const intake = new Intake<Named>({
    now,
    take(runs) {
      const name = runs.map((run) => run.name).join('+')
      started.push(name)
      return new Promise((resolve) => ends.set(name, resolve))
    },
  })
  return {
    started,
    idle: () => intake.idle(),
    add: (identity: PlayerId, name: string, bytes: number, stream = 1): void =>
      intake.add({ link: 1, stream, identity, bytes, name }),
    end: async (name: string): Promise<void> => {
      ends.get(name)?.()
      await turn()
    },
  }
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(() => setImmediate(resolve)))

test('gossip intake: feeds with little go first, those with much by turns, each in order', async (t) => {
  // A second between any two looks at the clock: nothing small came lately.
  let now = 0
  const { started, add, end, idle } = intakeOf(() => (now += 1_000))
  const [a, b, c, live] = [playerOf(1), playerOf(2), playerOf(3), playerOf(4)]
  for (const name of ['a1', 'a2']) add(a, name, 60_000)
  for (const name of ['b1', 'b2']) add(b, name, 60_000)
  add(c, 'c1', 60_000)
  t.deepEqual(started, ['a1', 'b1'], 'two long ones at a time, of two feeds')
  add(live, 'live1', 500)
  add(live, 'live2', 500)
  t.deepEqual(started, ['a1', 'b1', 'live1'], 'a fresh entry at once, the next of that feed after it')
  await end('live1')
  t.equal(started.at(-1), 'live2')
  await end('a1')
  t.equal(started.at(-1), 'c1', 'then the feed that waited longest')
  await end('b1')
  t.equal(started.at(-1), 'a2')
  await end('c1')
  t.equal(started.at(-1), 'b2')
  let isIdle = false
  const whenIdle = idle().then(() => (isIdle = true))
  for (const name of ['a2', 'live2']) await end(name)
  t.notOk(isIdle)
  await end('b2')
  await whenIdle
  t.ok(isIdle, 'and all of it is taken in')
  await idle()
  t.end()
})

test('gossip intake: small runs of a stream that wait are taken together', async (t) => {
  const { started, add, end, idle } = intakeOf()
  const feed = playerOf(1)
  add(feed, 'first', 500)
  for (const name of ['b', 'c', 'd']) add(feed, name, 5_000)
  add(feed, 'e', 5_000)
  add(feed, 'other', 500, 2)
  add(feed, 'long', 60_000, 2)
  add(feed, 'long too', 60_000, 2)
  for (const each of ['first', 'b+c+d', 'e', 'other', 'long']) await end(each)
  await turn()
  t.deepEqual(started.slice(0, 4), ['first', 'b+c+d', 'e', 'other'], 'as much as is small, of one stream')
  await until(() => started.length === 6)
  t.deepEqual(started.slice(4), ['long', 'long too'], 'long ones each by itself')
  await end('long too')
  await idle()
  t.end()
})

test('gossip intake: long runs of a stream that wait are taken together up to a bound, while nothing small comes', async (t) => {
  let now = 1_000
  const { started, add, end, idle } = intakeOf(() => now)
  const [bulk, live] = [playerOf(1), playerOf(2)]
  for (const name of ['1', '2', '3', '4', '5']) add(bulk, name, 65_000)
  add(bulk, 'other', 65_000, 2)
  await end('1')
  t.deepEqual(started, ['1', '2+3+4'], 'three of them')
  add(live, 'fresh', 500)
  await end('fresh')
  await end('2+3+4')
  await until(() => started.length > 3)
  t.equal(started.at(-1), '5', 'one at a time once something live has come')
  now += 1_000
  await end('5')
  t.equal(started.at(-1), 'other', 'those of another stream apart')
  await end('other')
  await idle()
  t.end()
})

test('gossip intake: while small runs come, a long one rests after its work', async (t) => {
  let now = 0
  const { started, add, end, idle } = intakeOf(() => now)
  const [bulk, live] = [playerOf(1), playerOf(2)]
  for (const name of ['1', '2', '3']) add(bulk, name, 60_000)
  add(live, 'fresh', 500)
  await end('fresh')
  now += 15
  await end('1')
  t.deepEqual(started, ['1', 'fresh'], 'the next long one waits')
  await until(() => started.at(-1) === '2')
  now += 1_000
  await end('2')
  t.equal(started.at(-1), '3', 'and goes on at once when none has come for a while')
  await end('3')
  await idle()
  t.end()
})

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await turn()
}

test('gossip: a peer that floods with frames is read no faster than so many a second, runs excepted', async (t) => {
  let now = 0
  const pace = new Pace({ now: () => now, burst: 20_000, perSecond: 2_000, weigh: (bytes) => (isRun(bytes) ? 0 : 1) })
  const heard = encodeFrame({ type: 'heard', serial: 1 })
  let free = 0
  while (free < 1_000_000 && pace.take(heard) === undefined) free++
  t.ok(free >= 19_000 && free <= 20_000, `${free} at once`)
  t.ok(pace.take(heard), 'the next one waits')
  const head = { comparable: 1, key: entryKeyOf(new Uint8Array(32)), count: 1 }
  const run = encodeFrame({ type: 'run', stream: 0, head, entries: [new Uint8Array(10)] })
  t.equal(pace.take(run), undefined, 'a run does not: credit bounds it')
  now += 1_000
  let more = 0
  while (more < 1_000_000 && pace.take(heard) === undefined) more++
  t.ok(more > 1_900 && more <= 2_001, `${more} more after a second`)
  t.end()
})

test('gossip: a peer that is asked to read ever more small frames and reads none is hung up on', async (t) => {
  let ended = false
  const stuck = {
    source: (async function* () {})(),
    push: () => new Promise<void>(() => undefined),
    end: () => (ended = true),
  }
  const frames = new FrameLink(stuck, () => t.fail('nothing leaves'))
  for (let sent = 0; sent < 65_000; sent++) frames.send(Uint8Array.of(1))
  t.notOk(ended)
  for (let sent = 0; sent < 1_000; sent++) frames.send(Uint8Array.of(1))
  t.ok(ended, 'the call is over')
  t.end()
})
