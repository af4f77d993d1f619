import test from 'tape'
import type { PlayerRef } from '../../lib/base/index.ts'
import { wasmRuntime, type TagAccess, type VoiceRuntime } from '../../lib/generators/index.ts'
import type { InstancePath } from '../../lib/jam/index.ts'
import { LocalRunner } from '../../lib/mix/index.ts'
import type { Guard } from '../../lib/mix/types.ts'
import { Watch } from '../../lib/mix/watch.ts'
import {
  archiveFrom,
  eventsOf,
  localRunners,
  PLAYER,
  probeWat,
  renderAll,
  sineWat,
  specOf,
  startAt,
  tagAt,
} from '../helpers/mix.ts'

/** Real time of a quantum, in milliseconds. */
const QUANTUM = 128 / 48

const path = (name: string): InstancePath => `p/g/${name}` as InstancePath

/** What instances cost in a quantum: processor time, and time for which the thread had to wait meanwhile. */
type Costs = Readonly<Record<string, number | { readonly ran: number; readonly waited: number }>>

/** Clocks that stand still but for the costs that are played to a watch. */
function watching(): (costs: Costs) => string | undefined {
  let thread = 1_000
  let wall = 5_000
  const guard: Guard = { now: () => thread, wall: () => wall, millis: 100 }
  const watch = new Watch(guard)
  return (costs) => {
    watch.begin()
    for (const [name, cost] of Object.entries(costs)) {
      const { ran, waited } = typeof cost === 'number' ? { ran: cost, waited: 0 } : cost
      thread += ran
      wall += ran + waited
      watch.lap(path(name))
    }
    const gone = watch.end()
    if (gone) watch.forget(gone.path)
    return gone?.path.split('/')[2]
  }
}

/** Plays the same costs until somebody goes: who, and after how much of the thread's time; undefined after so many quanta. */
function untilGone(costs: Costs, quanta: number): { who: string; quanta: number; spent: number } | undefined {
  const play = watching()
  let spent = 0
  for (let n = 1; n <= quanta; n++) {
    for (const cost of Object.values(costs)) spent += typeof cost === 'number' ? cost : cost.ran
    const who = play(costs)
    if (who !== undefined) return { who, quanta: n, spent }
  }
  return undefined
}

test('whoever makes the thread fall behind is gone within 200 ms of it, however much it takes at once', (t) => {
  for (const ms of [6, 16, 30, 60, 90, 99, 101, 1_000]) {
    const gone = untilGone({ good: 0.3, hog: ms, other: 0.3 }, 100)
    t.equal(gone?.who, 'hog', `${ms} ms for 128 frames`)
    t.ok((gone?.spent ?? Infinity) < Math.max(200, ms + 1), `after ${gone?.spent} ms`)
  }
  t.end()
})

test('who keeps up stays, alone or with others', (t) => {
  t.equal(untilGone({ heavy: 2 }, 100_000), undefined)
  t.equal(untilGone(Object.fromEntries(Array.from({ length: 32 }, (_, n) => [`v${n}`, 0.07])), 100_000), undefined)
  t.end()
})

test('on a busy machine nobody goes for what the thread had to wait', (t) => {
  t.equal(untilGone({ good: { ran: 0.5, waited: 300 }, other: { ran: 0.5, waited: 20 } }, 10_000), undefined)
  const gone = untilGone({ good: { ran: 0.2, waited: 2 }, hog: { ran: 20, waited: 30 } }, 1_000)
  t.equal(gone?.who, 'hog', 'and who takes too long is found there as well')
  t.end()
})

test('one hiccup is nobody\u2019s end', (t) => {
  const play = watching()
  const gone = Array.from({ length: 1_000 }, (_, n) => play({ good: n % 200 === 0 ? 95 : 0.3, other: 0.5 }))
  t.notOk(gone.some((who) => who !== undefined))
  t.end()
})

test('many equals that are too much together go one by one until the rest keeps up', (t) => {
  const play = watching()
  const left = new Map(Array.from({ length: 12 }, (_, n) => [`v${n}`, 0.3]))
  for (let n = 0; n < 20_000; n++) {
    const gone = play(Object.fromEntries(left))
    if (gone !== undefined) left.delete(gone)
  }
  t.equal(left.size, Math.floor((0.9 * QUANTUM) / 0.3))
  const first = untilGone(Object.fromEntries(Array.from({ length: 60 }, (_, n) => [`v${n}`, 1])), 10)
  t.equal(first, undefined, 'sixty that begin at once have time for their first blocks')
  t.end()
})

test('an instance that takes too long live is detached alone, its block kept', async (t) => {
  const tone = await archiveFrom(sineWat({ phase: 0.2 }))
  let now = 0
  let readings = 0
  // Seven readings of the clock in the first quantum: two as it begins, two starts, two blocks, its end. Then five.
  const guard: Guard = { now: () => (++readings === 7 + 5 + 3 ? (now += 101) : now), millis: 100 }
  const specs = ['slow', 'fine'].map((name, at) => specOf(tone.archive, name, { at }))
  const commands = specs.map((spec) => startAt(0, spec))
  const made = renderAll([tone], commands, 1_024, { runners: [new LocalRunner({ guard })] })
  const calm = renderAll([tone], commands, 1_024)
  t.deepEqual(eventsOf(made), ['started slow 0', 'started fine 0', 'failed slow 256', 'ended slow 640'])
  const failed = made.reports.flatMap((r) => r.events).find((e) => e.kind === 'failed')
  t.equal(failed?.kind === 'failed' && failed.failure.code, 'GENERATOR_TOO_SLOW')
  t.deepEqual(made.renderer.playing, [specs[1]!.path])
  t.deepEqual(made.stems.get('fine'), calm.stems.get('fine'), 'the other is the same to the bit')
  t.deepEqual(made.stems.get('slow')?.left.slice(0, 384), calm.stems.get('slow')?.left.slice(0, 384))
  t.end()
})

type PlayedStart = readonly [player: string, ran: number, waited?: number]

/** Plays starts to a watch, a quantum at a time; gives which of them it holds back. */
function starting(): (starts: readonly PlayedStart[]) => number[] {
  let thread = 1_000
  let wall = 5_000
  const watch = new Watch({ now: () => thread, wall: () => wall, millis: 1_000 })
  return (starts) => {
    const held: number[] = []
    watch.begin()
    for (const [n, [player, ran, waited = 0]] of starts.entries()) {
      if (watch.against(player as PlayerRef) !== undefined) {
        held.push(n)
        continue
      }
      thread += ran
      wall += ran + waited
      watch.started(path(`${player}${n}`), player as PlayerRef)
    }
    watch.end()
    return held
  }
}
const starts = (count: number, of: PlayedStart): PlayedStart[] => Array.from({ length: count }, () => of)

test('no player takes a thread for long by what it starts at once, or one after the other', (t) => {
  const play = starting()
  t.deepEqual(play(starts(40, ['eve', 13])), [], 'what a session begins with nobody has heard yet')
  t.deepEqual(play([...starts(9, ['eve', 13]), ['ada', 13]]), [7, 8], 'up to 80 ms, and the one that goes beyond')
  t.deepEqual(
    play([
      ['eve', 13],
      ['ada', 13],
    ]),
    [0],
  )
  for (let n = 0; n < 100; n++) play([])
  t.deepEqual(play([['eve', 13]]), [], 'a tenth of real time is forgiven')
  let held = 0
  for (let n = 0; n < 1_000; n++) held += play([['eve', 13]]).length
  t.ok(held > 950, `${held} of 1000, one a block`)
  t.end()
})

test('what a thread had to wait as instances started is nobody’s', (t) => {
  const play = starting()
  play([])
  t.deepEqual(play(starts(40, ['ada', 0.5, 50])), [])
  t.deepEqual(play(starts(9, ['eve', 13, 1])), [7, 8], 'what one took itself is found there as well')
  t.end()
})

test('who is held back does not start, and does not in what is replayed of that', async (t) => {
  const tone = await archiveFrom(sineWat({ phase: 0.2 }))
  const specs = ['fine', 'e0', 'e1', 'e2', 'e3', 'e4', 'last'].map((name, at) => {
    const player = (name.startsWith('e') ? 'eve' : PLAYER) as PlayerRef
    return specOf(tone.archive, name, { at, player })
  })
  const commands = specs.map((spec) => startAt(spec.instance === 'fine' ? 0 : 200, spec))
  let now = 0
  const runtime: VoiceRuntime = {
    start(prepared, settings) {
      if (settings.identity?.player === 'eve') now += 30
      return wasmRuntime.start(prepared, settings)
    },
  }
  const guard: Guard = { now: () => now, millis: 1_000 }
  const made = renderAll([tone], commands, 1_024, { runners: [new LocalRunner({ guard, runtime })] })
  t.deepEqual(
    eventsOf(made).filter((event) => !event.startsWith('started')),
    ['refused e3 200', 'ended e3 200', 'refused e4 200', 'ended e4 200'],
  )
  t.deepEqual(made.renderer.playing.length, 5)
  const refused = made.reports.flatMap(({ events: all }) => all.filter((event) => event.kind === 'refused'))
  const again = renderAll([tone], commands, 1_024, {
    runners: localRunners(2),
    before(renderer, from) {
      if (from === 128) for (const { path: who, message } of refused) renderer.refuse(who, message)
    },
  })
  t.deepEqual(
    again.reports.map(({ events: all }) => all),
    made.reports.map(({ events: all }) => all),
  )
  t.deepEqual(again.left, made.left)
  t.end()
})

test('what an instance sees of others is counted as its own time, that after its last cut too', async (t) => {
  const probe = await archiveFrom(probeWat())
  let tags: TagAccess | undefined
  const runtime: VoiceRuntime = {
    start(prepared, settings) {
      tags = settings.tags
      return wasmRuntime.start(prepared, settings)
    },
  }
  const laps: number[] = []
  const wall = (): number => laps.push(tags?.get(0) ?? NaN)
  const commands = [
    startAt(0, specOf(probe.archive, 'a')),
    ...Array.from({ length: 20 }, (_, n) => tagAt(130 + 4 * n, `${PLAYER}/color`, n)),
  ]
  const guard: Guard = { now: () => 0, wall, millis: 1_000 }
  renderAll([probe], commands, 256, { runners: [new LocalRunner({ guard, runtime })] })
  t.equal(laps.at(-1), 19, 'when its share of the quantum is read')
  t.end()
})

test('a block at which a guard ended an instance is replayed as it was, cut where it was', async (t) => {
  const probe = await archiveFrom(probeWat())
  const commands = [
    startAt(0, specOf(probe.archive, 'slow')),
    ...Array.from({ length: 20 }, (_, n) => tagAt(130 + 4 * n, `${PLAYER}/color`, n)),
  ]
  let now = 0
  let quanta = 0
  const guard: Guard = { now: () => (quanta === 2 ? (now += 101) : now), millis: 100 }
  const before = (): void => {
    quanta++
  }
  const made = renderAll([probe], commands, 512, { runners: [new LocalRunner({ guard })], before })
  const failed = made.reports.flatMap(({ events }) => events).find((event) => event.kind === 'failed')
  t.equal(failed?.frame, 190, 'the block after the sixteenth cut')
  const again = renderAll([probe], commands, 512, {
    before(renderer, from) {
      if (from === 128 && failed?.kind === 'failed') renderer.kill(failed.path, failed.frame, failed.failure)
    },
  })
  t.deepEqual(again.stems, made.stems)
  t.end()
})
