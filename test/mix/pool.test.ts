import type { Worker } from 'node:worker_threads'
import test from 'tape'
import type { Command } from '../../lib/jam/index.ts'
import { LocalRunner, type GroupRunner } from '../../lib/mix/index.ts'
import { startPool } from '../../lib/mix/node/pool.ts'
import {
  archiveFrom,
  eventsOf,
  localRunners,
  paramAt,
  PLAYER,
  probeWat,
  renderAll,
  setterWat,
  sineWat,
  specOf,
  startAt,
  stopAt,
  tagAt,
  type Rendered,
  type TestArchive,
} from '../helpers/mix.ts'

const FRAMES = 128 * 60

/** Instances of all kinds that start, change, fail and stop at odd frames. */
async function piece(): Promise<{ archives: TestArchive[]; commands: Command[] }> {
  const params = { params: [{ name: 'level', min: 0, max: 10, default: 2 }] }
  const tone = await archiveFrom(sineWat({ phase: 0.1, hertz: 333 }))
  const probe = await archiveFrom(probeWat(), params)
  const setter = await archiveFrom(setterWat(0.02))
  const trap = await archiveFrom(
    sineWat({
      status: '(if (result i32) (i32.eq (global.get $blocks) (i32.const 9)) (then unreachable) (else (i32.const 0)))',
    }),
  )
  const specs = [tone, probe, setter, trap, tone, probe, tone].map(({ archive }, i) =>
    specOf(archive, `i${i}`, { at: (i * 5) % 7, params: { gain: -i, pan: (i - 3) / 4 } }),
  )
  const commands: Command[] = specs.map((spec, i) => startAt(i * 77, spec))
  specs.forEach((spec, i) => commands.push(paramAt(1_000 + i * 31, spec, 'gain', -10, 1_500)))
  specs.forEach((spec, i) => commands.push(paramAt(1_100 + i * 31, spec, 'level', 5, 333)))
  specs.slice(0, 4).forEach((spec, i) => commands.push(stopAt(4_000 + i * 401, spec)))
  commands.push(tagAt(2_222, `${PLAYER}/color`, 0.75))
  return { archives: [tone, probe, setter, trap], commands }
}

async function onThreads(count: number, render: (runners: GroupRunner[]) => Rendered): Promise<Rendered> {
  const pool = await startPool(count)
  try {
    return render(pool)
  } finally {
    await Promise.all(pool.map((runner) => runner.close()))
  }
}

test('one, two and four threads give the samples of the local runner, bit for bit', async (t) => {
  const { archives, commands } = await piece()
  const local = renderAll(archives, commands, FRAMES)
  t.ok(
    local.left.some((x) => x !== 0),
    'there is something to compare',
  )
  for (const count of [1, 2, 4]) {
    const made = await onThreads(count, (runners) => renderAll(archives, commands, FRAMES, { runners }))
    t.deepEqual(made.left, local.left, `${count}: left`)
    t.deepEqual(made.right, local.right, `${count}: right`)
    t.deepEqual(made.stems, local.stems, `${count}: stems`)
    t.deepEqual(eventsOf(made), eventsOf(local), `${count}: events in one order`)
  }
  const three = renderAll(archives, commands, FRAMES, { runners: localRunners(3) })
  t.deepEqual(three.left, local.left, 'three local groups')
  t.end()
})

test('this thread with others that look for each other, and nothing measured: the same samples', async (t) => {
  const { archives, commands } = await piece()
  const reference = renderAll(archives, commands, FRAMES)
  const limited = reference.renderer.meters().reduction
  for (const count of [0, 1, 3]) {
    const others = await startPool(count, { waiting: 'looking' })
    const runners = [new LocalRunner({ now: () => performance.now() }), ...others]
    const made = renderAll(archives, commands, FRAMES, { runners, measured: 'limiter' })
    t.deepEqual(made.left, reference.left, `and ${count}: left`)
    t.deepEqual(made.right, reference.right, `and ${count}: right`)
    t.deepEqual(made.stems, reference.stems, `and ${count}: stems`)
    t.deepEqual(eventsOf(made), eventsOf(reference), `and ${count}: events`)
    t.ok(
      runners.every((runner) => runner.load > 0),
      'each says what it took',
    )
    const { reduction, master } = made.renderer.meters()
    t.equal(reduction, limited, 'what the limiter took is measured')
    t.equal(master.peak, 0, 'levels are not')
    await Promise.all(runners.map((runner) => runner.close()))
  }
  t.end()
})

test('a thread that dies ends its instances with a fade and a failure; the others go on', async (t) => {
  const tone = await archiveFrom(sineWat({ phase: 0.2 }))
  const specs = ['a', 'b'].map((name, at) => specOf(tone.archive, name, { at }))
  const commands = specs.map((spec) => startAt(0, spec))
  const alone = renderAll([tone], commands, 2_560)
  const pool = await startPool(2)
  let dying: Promise<void> | undefined
  const made = renderAll([tone], commands, 2_560, {
    runners: pool,
    before: (_, from) => {
      if (from === 1_280) dying = pool[0]?.terminate()
    },
  })
  await dying
  await Promise.all(pool.map((runner) => runner.close()))
  t.deepEqual(made.stems.get('b')?.left, alone.stems.get('b')?.left, 'the other is the same')
  const stem = made.stems.get('a')?.left ?? new Float32Array(0)
  t.ok(Math.abs((stem[1_280] ?? 0) - (stem[1_279] ?? 1)) < 0.001, 'no step where it died')
  t.ok(Math.abs(stem[1_279] ?? 0) > 0.01)
  t.equal(Math.abs(stem[1_280 + 239] ?? 1), 0)
  t.deepEqual(eventsOf(made), ['started a 0', 'started b 0', 'failed a 1280', 'ended a 1536'])
  t.end()
})

test('what the death of a thread did is done again on any other', async (t) => {
  const tone = await archiveFrom(sineWat({ phase: 0.2 }))
  const [a, b, c] = ['a', 'b', 'c'].map((name, at) => specOf(tone.archive, name, { at }))
  if (!a || !b || !c) throw new Error('three instances')
  for (const more of [[], [stopAt(1_100, a)], [paramAt(1_300, a, 'gain', -6), startAt(1_600, c)]]) {
    const commands = [startAt(0, a), startAt(0, b), ...more]
    const pool = await startPool(2)
    let dying: Promise<void> | undefined
    const heard = renderAll([tone], commands, 2_560, {
      runners: pool,
      before: (_, from) => {
        if (from === 1_280) dying = pool[0]?.terminate()
      },
    })
    await dying
    await Promise.all(pool.map((runner) => runner.close()))
    const again = renderAll([tone], commands, 2_560, {
      before: (renderer, from) => {
        if (from === 1_280) renderer.lose(a.path, 'its thread was ended')
      },
    })
    t.deepEqual(again.stems, heard.stems)
    t.deepEqual(again.left, heard.left)
    t.deepEqual(again.reports, heard.reports)
  }
  t.end()
})

test('whose thread died as it started never sounds, and its slot is free for another', async (t) => {
  const tone = await archiveFrom(sineWat({ phase: 0.2 }))
  const [a, b] = ['a', 'b'].map((name, at) => specOf(tone.archive, name, { at }))
  if (!a || !b) throw new Error('two instances')
  const alone = renderAll([tone], [startAt(1_600, b)], 2_560)
  const made = renderAll([tone], [startAt(1_300, a), startAt(1_600, b)], 2_560, {
    before: (renderer, from) => {
      if (from === 1_280) renderer.lose(a.path, 'its thread was ended')
    },
  })
  t.deepEqual(eventsOf(made), ['failed a 1280', 'ended a 1536', 'started b 1600'])
  t.deepEqual(made.left, alone.left)
  t.end()
})

test('a thread that throws is reported by its own message, and later starts go to another', async (t) => {
  const tone = await archiveFrom(sineWat())
  const pool = await startPool(2, { patience: 2_000 })
  const [first] = pool
  first?.prepare(tone.archive, tone.prepared)
  const start = { kind: 'start' as const, frame: 0, spec: specOf(tone.archive, 'x'), seed: [0, 0] as const, slot: 0 }
  first?.begin({ from: 0, commands: [start], changes: [], cuts: [], positions: [] })
  t.deepEqual(first?.finish(), { sets: [], events: [] })
  t.ok(first?.failure?.includes('no position'), first?.failure)
  const made = renderAll([tone], [startAt(0, specOf(tone.archive, 'a'))], 1_280, { runners: pool })
  t.deepEqual(eventsOf(made), ['started a 0'])
  t.ok(made.left.some((x) => x !== 0))
  await Promise.all(pool.map((runner) => runner.close()))
  t.end()
})

test('a thread that is gone is noticed by whoever waits for it, who hears nothing of its end', async (t) => {
  let worker: Worker | undefined
  process.once('worker', (made) => (worker = made))
  const [runner] = await startPool(1, { patience: 3_000 })
  if (!runner) throw new Error('there is no runner')
  const positions = [{ frame: 0, beat: 0, beatsPerFrame: 0, bar: 0 }]
  void worker?.terminate()
  while (runner.failure === undefined) {
    runner.begin({ from: 0, commands: [], changes: [], cuts: [], positions })
    runner.finish()
  }
  t.equal(runner.failure, 'its thread ended')
  await runner.close()
  t.end()
})

test('without any thread left a start is refused', async (t) => {
  const tone = await archiveFrom(sineWat())
  const pool = await startPool(1)
  await pool[0]?.terminate()
  const made = renderAll([tone], [startAt(0, specOf(tone.archive, 'a'))], 256, { runners: pool })
  t.deepEqual(eventsOf(made), ['refused a 0'])
  await pool[0]?.close()
  t.end()
})
