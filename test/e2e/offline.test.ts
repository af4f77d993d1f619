import { spawnSync } from 'node:child_process'
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Test } from 'tape'
import { jamsContract } from '../../plugins/jams/index.ts'
import { soundContract } from '../../plugins/sound/index.ts'
import { assemble, generatorWat } from '../helpers/generators.ts'
import { meet, startJam, withNodes, type Nodes } from '../helpers/program-nodes.ts'
import { asked, replayed } from '../helpers/programs.ts'
import { takeLines, takesOf } from '../helpers/takes.ts'
import { eventually } from '../helpers/until.ts'
import { nothingLate } from '../helpers/small-jam.ts'
import { compare, sampleAt, peakOf, recordingOf } from '../helpers/wavs.ts'

/** How long Ben is away. */
const AWAY_SECONDS = Number(process.env['MARMALADE_TEST_AWAY_SECONDS'] ?? 20)
/** A bar is a second. */
const TEMPO = 240
const BAR_FRAMES = 48_000
const AHEAD = 4

/**
 * Sounds for a frame on each beat, louder with every beat since its start, over again after eight: so what is heard tells
 * where an instance believes itself to be. A function of beat and start alone, as ENGINE-1 section 2 asks.
 */
const COUNTER = generatorWat({
  head: '(global $last (mut f64) (f64.const -1))',
  process: `(local $i i32) (local $whole f64) (local $count f64) (local $value f32)
    (if (f64.eq (local.get $frame) (f64.const 0))
      (then (global.set $last (f64.floor (f64.add (local.get $beat) (f64.const 1e-9))))))
    (loop $next
      (local.set $whole (f64.floor (f64.add (f64.const 1e-9)
        (f64.add (local.get $beat) (f64.mul (f64.convert_i32_u (local.get $i)) (local.get $step))))))
      (local.set $count (f64.sub (local.get $whole) (local.get $start)))
      (local.set $count (f64.sub (local.get $count)
        (f64.mul (f64.const 8) (f64.floor (f64.div (local.get $count) (f64.const 8))))))
      (local.set $value (select
        (f32.mul (f32.const 0.02) (f32.demote_f64 (f64.add (f64.const 1) (local.get $count))))
        (f32.const 0)
        (f64.gt (local.get $whole) (global.get $last))))
      (global.set $last (local.get $whole))
      (f32.store offset=1024 (i32.shl (local.get $i) (i32.const 2)) (local.get $value))
      (f32.store offset=1536 (i32.shl (local.get $i) (i32.const 2)) (local.get $value))
      (local.set $i (i32.add (local.get $i) (i32.const 1)))
      (br_if $next (i32.lt_u (local.get $i) (local.get $frames))))
    (i32.const 0)`,
})

withNodes('a node that was away catches up, hears what runs in its place, and the replays agree', async (t, nodes) => {
  const [ada, ben] = await Promise.all([nodes.start('ada'), nodes.start('ben')])
  const counter = await counterFolder(nodes)
  await ada.publish(counter)
  await ben.publish(counter)
  await meet(ada, ben)
  const jam = await startJam('apart', TEMPO, ada, ben)
  const adas = ada.ask(jamsContract)
  const first = (await ada.bar(jam)) + AHEAD
  await ada.play(jam, 'counter', first, { as: 'one' })
  await ben.play(jam, 'counter', first + 1, { as: 'two' })
  await ada.barReached(jam, first + 2)
  await eventually(
    'Ben hears both',
    () => ben.sound(),
    ({ instances }) => instances.length === 2,
  )

  await ben.stop('SIGKILL')
  const away = await ada.bar(jam)
  await adas.perform.tag({ jam, name: 'context', value: 'alone' })
  await ada.play(jam, 'counter', away + 2, { as: 'three', params: { pan: -0.5 } })
  await adas.perform.param({ jam, instance: 'one', name: 'gain', value: -6 })
  const back = away + Math.ceil((AWAY_SECONDS * TEMPO) / 240)
  await ada.barReached(jam, back)

  const again = await nodes.start('ben', { home: ben.home, file: 'ben-again.wav' })
  t.equal(again.id, ben.id)
  const status = await eventually(
    'Ben hears all three, though nobody told it where Ada is',
    () => again.sound(),
    ({ instances }) => instances.length === 3,
  )
  t.equal(status.failures.length, 0)
  const tag = await again.ask(soundContract).tags.get({ path: 'jam/context' })
  t.equal(tag.value, 'alone', 'and the section that Ada set meanwhile')
  const settled = (await again.bar(jam)) + 2
  await again.play(jam, 'counter', settled + AHEAD, { as: 'four', bars: 2 })
  await adas.jam.end({ jam, on: String(settled + AHEAD + 3) })
  const [report, reportAgain] = await Promise.all([ada.finished(), again.finished()])
  await Promise.all([ada.stop(), again.stop()])

  const takes = await takesOf(ben.home)
  t.equal(takes.length, 2, 'a take for each of its sessions')
  const started = startsOf(await takeLines(reportAgain.take))
  t.deepEqual([...started.keys()].sort(), ['four', 'one', 'three', 'two'])
  for (const instance of ['one', 'two']) t.equal(started.get(instance), 'join', `${instance} went on in its place`)
  t.match(String(started.get('three')), /^(join|entry)$/, 'three as soon as its entry had come')
  t.equal(started.get('four'), undefined, 'four on time')

  const score = await replayed(ada.home, 'apart', await nodes.place('ada-replay.wav'))
  const bens = await replayed(ben.home, 'apart', await nodes.place('ben-replay.wav'))
  t.equal(bens.sha256, score.sha256, 'both homes replay one file')
  t.equal(bens.scoreHash, score.scoreHash)
  const whole = recordingOf(score.file)
  await nothingLate(t, 'ada', report)
  t.equal(compare(recordingOf(ada.live, report.firstFrame), whole).differing, 0, 'Ada heard the score')

  const live = recordingOf(again.live, reportAgain.firstFrame)
  t.ok(live.first > back * BAR_FRAMES - 2 * BAR_FRAMES, `Ben's second file begins in bar ${live.first / BAR_FRAMES}`)
  const from = settled * BAR_FRAMES
  const to = Math.min(live.first + live.frames, whole.frames)
  t.ok(to - from > 5 * BAR_FRAMES, 'some bars to compare')
  let most = 0
  for (let frame = from; frame < to; frame++)
    most = Math.max(most, Math.abs(sampleAt(live, frame) - sampleAt(whole, frame)))
  t.ok(peakOf(whole, from, to) > 0.1, 'they sound')
  // Filters that began at other frames keep a rest below this of what they heard before.
  t.ok(most < 1e-5, `from two bars after its return on Ben hears every beat as loud as the score has it: ${most}`)

  await passedOn(t, nodes, { home: ben.home, sha256: score.sha256, live: [ada.live, ben.live, again.live] })
})

interface Passed {
  readonly home: string
  readonly sha256: string
  readonly live: readonly string[]
}

/** A bundle from a home without takes, files and `jams/`, into empty homes. */
async function passedOn(t: Test, nodes: Nodes, { home, sha256, live }: Passed): Promise<void> {
  for (const folder of ['takes', 'jams']) await rm(join(home, folder), { recursive: true, force: true })
  for (const file of live) await rm(file, { force: true })
  const bundle = await nodes.place('apart.jam')
  const sent = await asked<{ score: string; lacking: string[] }>(['export', 'apart', bundle], { home })
  t.deepEqual(sent.lacking, [])
  await elsewhere('stick', [])
  const offline = [
    ['unshare', '-n'],
    ['unshare', '-rn'],
  ].find(([command = '', ...args]) => spawnSync(command, [...args, 'true']).status === 0)
  if (offline) await elsewhere('alone', offline)
  else t.skip('unshare -n is not permitted here: not tried without any network')

  async function elsewhere(name: string, under: readonly string[]): Promise<void> {
    const to = await nodes.place(name)
    await mkdir(to)
    const taken = await asked<{ score: string; apart: unknown[] }>(['import', bundle], { home: to, under })
    t.equal(taken.score, sent.score, `${name}: the score's hash is the one that was exported`)
    t.deepEqual(taken.apart, [])
    const out = await nodes.place(`${name}.wav`)
    const again = await asked<{ sha256: string }>(['replay', 'apart', '--out', out], { home: to, under })
    t.equal(again.sha256, sha256, `${name}: an empty home replays the same file${under.length > 0 ? ', offline' : ''}`)
  }
}

/** Why each instance of a take started after its place; undefined where it did not. */
function startsOf(lines: readonly Record<string, unknown>[]): Map<string, string | undefined> {
  const starts = lines.filter((line) => line['kind'] === 'started')
  return new Map(
    starts.map((line) => {
      const { path, late } = line as { path: string; late?: { reason: string } }
      return [path.slice(path.lastIndexOf('/') + 1), late?.reason]
    }),
  )
}

async function counterFolder(nodes: Nodes): Promise<string> {
  const folder = await nodes.place('counter')
  await mkdir(folder)
  await writeFile(join(folder, 'counter.wasm'), await assemble(COUNTER))
  const manifest = { name: 'counter', runtime: 'wasm', entry: 'counter.wasm', params: [], tags: [] }
  await writeFile(join(folder, 'generator.json'), JSON.stringify(manifest))
  return folder
}
