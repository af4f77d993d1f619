import { systemClock } from '../../lib/base/node/clock.ts'
import type { Clock, JamId } from '../../lib/base/index.ts'
import { jamsContract } from '../../plugins/jams/index.ts'
import { soundContract } from '../../plugins/sound/index.ts'
import { codeOf } from '../helpers/hosts.ts'
import { barAhead, e2e, meet, startJam, startSounding, type NodeKit, type TestNode } from '../helpers/node-kit.ts'
import { until } from '../helpers/until.ts'

/** The machine's clock, its wall clock put by so many seconds. */
const putBy = (seconds: number): Clock => ({
  micros: () => systemClock.micros() + seconds * 1_000_000,
  monotonic: () => systemClock.monotonic(),
})
/** A bar of the jams below. */
const BAR_MILLIS = 2_000

const measured = (node: TestNode, jam: JamId, from: string) =>
  until(
    `the jam's time is known from ${from}`,
    () => node.show(jam),
    ({ clock }) => clock.from === from,
  )

/** Waits until all say the same bar; fails where they never do. */
const sameBar = (jam: JamId, ...nodes: readonly TestNode[]) =>
  until(
    'one bar',
    async () => Promise.all(nodes.map(async (node) => (await node.show(jam)).bar)),
    (bars) => bars.every((bar) => bar === bars[0]),
  )

/** Jam frame 0 on the machine's monotonic clock, as a node's sinks are paced. */
async function paced(node: TestNode, near: number): Promise<number> {
  const { zero } = await node.sounds('its sinks keep the time', (it) => Math.abs((it.zero ?? Infinity) - near) < 1_000)
  return zero ?? NaN
}

/** Ada starts a jam; ben's wall clock is 100 s ahead, so that by it the jam is 50 bars further. */
async function skewed(kit: NodeKit): Promise<{ ada: TestNode; ben: TestNode; jam: JamId }> {
  const ada = await kit.node()
  const ben = await kit.node({ clock: putBy(100) })
  await meet(ada, ben)
  const jam = await startSounding('skewed', ada, ben)
  return { ada, ben, jam }
}

e2e('clocks that differ show one bar, and play in it', async (t, kit) => {
  const { ada, ben, jam } = await skewed(kit)
  const { clock } = await measured(ben, jam, 'starter')
  t.equal(clock.player, ada.id)
  t.equal(Math.round((clock.offset ?? 0) / 10_000), -10, 'its wall clock is so far ahead')
  t.deepEqual((await ada.show(jam)).clock, { from: 'self' })
  await sameBar(jam, ada, ben)
  const { zero = NaN } = await ada.sounds('it sounds', (it) => it.zero !== undefined)
  await paced(ben, zero)
  await ada.publish('drums')
  const on = await barAhead(ada, jam)
  const { hears, place } = await ada.ask(jamsContract).perform.play({ generator: 'drums', on })
  t.equal(hears.length, 2)
  for (const node of [ada, ben]) {
    const started = await until(
      'it starts',
      () => node.takeLines(),
      (lines) => lines.some(({ kind }) => kind === 'started'),
    )
    t.deepEqual(
      started.filter(({ kind }) => kind === 'started').map(({ frame, late }) => [frame, late]),
      [[place.at * 25, undefined]],
      'in its place, once',
    )
  }
})

e2e(
  'who joins late is in place whatever its clock says, also through a member when the starter has gone',
  async (t, kit) => {
    const { ada, ben, jam } = await skewed(kit)
    await ada.publish('drums')
    await ada.ask(jamsContract).perform.play({ generator: 'drums', on: 'now' })
    const { zero = NaN } = await ada.sounds('it plays', ({ instances }) => instances.length > 0)
    await measured(ben, jam, 'starter')
    const init = { clock: putBy(-40) }
    const cy = await kit.node(init)
    await meet(ada, cy)
    await meet(ben, cy)
    await cy.ask(jamsContract).jam.join({ jam })
    await measured(cy, jam, 'starter')
    await paced(cy, zero)
    await sameBar(jam, ada, ben, cy)
    await cy.sounds('it has it too', ({ instances }) => instances.length === 1)
    const places = await Promise.all(
      [ada, cy].map(async (node) => {
        const starts = await until(
          'a start is in the take',
          async () => (await node.takeLines()).filter(({ kind }) => kind === 'started'),
          ({ length }) => length > 0,
        )
        return starts.map(({ frame, late }) => Number(frame) - ((late as { by: number } | undefined)?.by ?? 0))
      }),
    )
    t.deepEqual(places[1], places[0], 'one instance each, from one place')

    await cy.node.close()
    await ada.node.close()
    const back = await kit.node({ ...init, home: cy.node.home.path })
    await back.dial(ben)
    const { clock } = await measured(back, jam, 'member')
    t.equal(clock.player, ben.id, 'who was linked to the starter')
    await sameBar(jam, ben, back)
    await paced(back, zero)
  },
)

e2e('the time of a jam is told to its members alone', async (t, kit) => {
  const { ada, ben, jam } = await skewed(kit)
  const other = await startJam('other', ada, ben)
  const cy = await kit.node()
  await meet(ada, cy)
  t.equal(await codeOf(cy.linkTo(ada).remote(jamsContract).clock({ jam })), 'NOT_ALLOWED')
  const third = await startJam('third', ada, cy)
  const remote = cy.linkTo(ada).remote(jamsContract)
  const { hops = NaN, error } = (await remote.clock({ jam: third })) ?? {}
  t.deepEqual([hops, error], [0, 0], 'the starter is not wrong')
  t.equal(await codeOf(remote.clock({ jam: other })), 'NOT_MEMBER', 'of another jam')
  t.equal(await codeOf(remote.clock({ jam: jam.replace('skewed', 'none') as JamId })), 'JAM_UNKNOWN')
})

e2e('a wall clock that is put while the jam sounds moves no bars', async (t, kit) => {
  let put = 0
  const clock: Clock = { micros: () => systemClock.micros() + put, monotonic: () => systemClock.monotonic() }
  const ada = await kit.node()
  const ben = await kit.node({ clock })
  await meet(ada, ben)
  const jam = await startSounding('put', ada, ben)
  await measured(ben, jam, 'starter')
  const { zero = NaN } = await ada.sounds('it sounds', (it) => it.zero !== undefined)
  put = 30 * BAR_MILLIS * 1_000
  await sameBar(jam, ada, ben)
  await paced(ben, zero)
  t.equal(
    (await ben.takeLines()).filter(({ kind }) => kind === 'clock').length,
    0,
    'a wall clock says nothing any more',
  )
})

e2e('where the starter is put, all go there: forward by a jump, far back in a new session', async (t, kit) => {
  let put = 0
  const clock: Clock = { micros: () => systemClock.micros() + put, monotonic: () => systemClock.monotonic() }
  const ada = await kit.node({ clock })
  const ben = await kit.node()
  await meet(ada, ben)
  const jam = await startSounding('moved', ada, ben)
  await measured(ben, jam, 'starter')
  const inBar = (from: number, to: number) =>
    until(
      `both are in bars ${from} to ${to}`,
      async () => Promise.all([ada, ben].map(async (node) => (await node.show(jam)).bar)),
      ([a = 0, b = 0]) => a === b && a >= from && a <= to,
    )
  put = 50 * BAR_MILLIS * 1_000
  await inBar(50, 100)
  for (const node of [ada, ben]) {
    const jumps = await until(
      'the take says so',
      async () => (await node.takeLines()).filter(({ kind }) => kind === 'clock'),
      ({ length }) => length > 0,
    )
    t.ok(
      jumps.every(({ frame, to }) => Number(to) - Number(frame) > 40 * BAR_MILLIS * 48),
      'by a jump',
    )
  }
  const { sound, tags } = ben.ask(soundContract)
  const cue = tags.until({ path: 'cue' })
  const finished = sound.finished()
  put = 20 * BAR_MILLIS * 1_000
  await inBar(20, 49)
  for (const node of [ada, ben]) {
    const takes = await until(
      'a new session',
      async () => (await node.takeLines()).filter(({ kind }) => kind === 'take'),
      ({ length }) => length > 1,
    )
    const bars = takes.map(({ first }) => Number(first) / (BAR_MILLIS * 48))
    t.ok(
      bars.some((bar) => bar > 15 && bar < 49),
      `where the jam is now: ${bars.join(' ')}`,
    )
  }
  await ada.ask(jamsContract).perform.tag({ name: 'cue', value: 1, on: 'now' })
  t.equal((await cue).value, 1, 'whoever waits for a tag waits on')
  await ada.ask(jamsContract).jam.end({ on: 'now' })
  const report = await finished
  const { reports } = await ben.sound()
  t.ok(reports.length > 1)
  t.deepEqual(report, reports.at(-1), 'and whoever waits for the end hears of the last session')
})
