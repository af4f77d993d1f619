import test from 'tape'
import type { InstancePath } from '../../lib/jam/index.ts'
import { LocalRunner } from '../../lib/mix/index.ts'
import type { Guard } from '../../lib/mix/types.ts'
import { Watch } from '../../lib/mix/watch.ts'
import { archiveFrom, eventsOf, renderAll, sineWat, specOf, startAt } from '../helpers/mix.ts'

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
