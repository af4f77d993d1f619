import { randomUUID } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'tape'
import { readyArchive, forbidArchive, makeEnsemble, type Ensemble } from '../../lib/engine/ensemble.ts'
import { readTake } from '../../lib/engine/index.ts'
import { pcmFolderOf } from '../../lib/engine/processes.ts'
import { Prerolls } from '../../lib/engine/prerolls.ts'
import type { ReadyArchive } from '../../lib/engine/types.ts'
import { pack, prepareAllowed } from '../../lib/generators/index.ts'
import { ProcessMemory } from '../../lib/generators/process/memory.ts'
import { readKept } from '../../lib/generators/process/node/freeze.ts'
import type { StartProcess, ToServing } from '../../lib/generators/process/types.ts'
import { ProcessVoice } from '../../lib/generators/process/voice.ts'
import type { JamEntry } from '../../lib/jam/index.ts'
import { LocalRunner } from '../../lib/mix/index.ts'
import { good, textFile } from '../helpers/generators.ts'
import { ADA, archiveNamed, BAR, JAM, startedJam } from '../helpers/jams.ts'
import { canRun, ownEntry, running } from '../helpers/processes.ts'
import { ALL, ofKind, session } from '../helpers/session-tests.ts'
import { replayed, type SessionRig } from '../helpers/sessions.ts'
import { until } from '../helpers/until.ts'

/** A bar in frames, at 120 BPM. */
const FRAMES = 96_000

function archiveOf(script: string, entry = 'run'): Uint8Array {
  const manifest = {
    name: 'drums',
    runtime: 'process',
    entry,
    params: [{ name: 'cutoff', min: 0, max: 9, default: 4 }],
  }
  const run = { ...textFile(entry, script), executable: true }
  return good(pack([textFile('generator.json', JSON.stringify(manifest)), run]))
}

function preparedFrom(bytes: Uint8Array, file: string): ReadyArchive {
  writeFileSync(file, bytes)
  return { archive: archiveNamed('drums'), prepared: good(prepareAllowed(bytes, file)) }
}

/** What the serving thread would be told, in place of it. */
class Desk {
  readonly starts: StartProcess[] = []
  readonly post = (message: ToServing): void => {
    if (message.kind === 'start') this.starts.push(message)
  }
  readonly prerolls = new Prerolls({ post: this.post, clear: () => 0 })
  readonly #ensemble: Ensemble
  readonly #block = new Float32Array(128)

  constructor(entries: readonly JamEntry[]) {
    const file = join('/nowhere', 'a.tgz')
    const prepared = good(prepareAllowed(archiveOf('#!/bin/sh\n'), file))
    const { post } = this
    const runtime: ConstructorParameters<typeof LocalRunner>[0] = {
      runtime: {
        start(prepared, settings) {
          const { identity } = settings
          if (prepared.runtime !== 'process' || !identity) throw new Error('it is no process')
          return new ProcessVoice({ prepared, settings, identity, post, pace: 'live', thread: 0 })
        },
      },
    }
    const runners = [new LocalRunner(runtime)]
    const init = { jam: JAM, from: 0, runners, measured: 'all', prerolled: this.prerolls.of } as const
    this.#ensemble = makeEnsemble(init)
    readyArchive(this.#ensemble, archiveNamed('drums'), prepared)
    this.observe(entries)
  }

  observe(entries: readonly JamEntry[]): void {
    this.#ensemble.conductor.observe(entries)
  }
  forbid(): void {
    forbidArchive(this.#ensemble, archiveNamed('drums'))
  }
  skipTo(frame: number): void {
    this.#ensemble.renderer.skipTo(frame)
  }
  /** Renders to a frame, as the rendering thread does. */
  to(frame: number): this {
    while (this.#ensemble.renderer.frame < frame) {
      this.#ensemble.renderer.renderQuantum(this.#block, this.#block)
      this.prerolls.look(this.#ensemble)
    }
    return this
  }
  /** Whether each process that was started is still asked for. */
  get lives(): readonly boolean[] {
    return this.starts.map(({ memory }) => !new ProcessMemory(memory).closed)
  }
}

test('a process is started two seconds before its first frame, once, and its instance takes it', (t) => {
  const jam = startedJam({ tempo: 120 })
  jam.play(ADA, 'drums', 2 * BAR, { params: { cutoff: 7 } })
  const desk = new Desk(jam.entries).to(FRAMES - 128)
  t.equal(desk.starts.length, 0)
  desk.to(FRAMES + 128)
  const [start] = desk.starts
  t.equal(start?.first, 2 * FRAMES)
  t.deepEqual(
    ['MM_BEAT', 'MM_TEMPO', 'MM_PARAM_CUTOFF'].map((name) => start?.environment[name]),
    ['8', '120', '7'],
  )
  desk.to(3 * FRAMES)
  t.equal(desk.starts.length, 1, 'no other one was started for it')
  t.deepEqual(desk.lives, [true])
  t.ok(new ProcessMemory(desk.starts[0]?.memory).played >= FRAMES)
  t.end()
})

test('the eight that start first run ahead, and the next one when one of them has started', (t) => {
  const jam = startedJam({ tempo: 120 })
  for (let i = 0; i < 12; i++) jam.play(ADA, 'drums', BAR / 2 + 12 * (12 - i), { instance: `a${i}` })
  const desk = new Desk(jam.entries).to(256)
  const paths = (): string[] => desk.starts.map(({ path }) => path.split('/')[2] ?? '')
  t.deepEqual(paths(), ['a11', 'a10', 'a9', 'a8', 'a7', 'a6', 'a5', 'a4'])
  desk.to(FRAMES)
  t.deepEqual(paths().slice(8), ['a3', 'a2', 'a1', 'a0'])
  t.ok(desk.lives.every(Boolean))
  t.end()
})

test('what is to start is looked for where an archive that was made known is a process, and nowhere else', (t) => {
  const ensemble = makeEnsemble({ jam: JAM, from: 0, runners: [], measured: 'all' })
  let looks = 0
  ensemble.conductor.expected = () => {
    looks++
    return []
  }
  const prerolls = new Prerolls({ post: () => undefined, clear: () => 0 })
  prerolls.look(ensemble)
  t.equal(looks, 0)
  readyArchive(ensemble, archiveNamed('drums'), good(prepareAllowed(archiveOf('#!/bin/sh\n'), '/nowhere/a.tgz')))
  prerolls.look(ensemble)
  t.equal(looks, 1)
  t.end()
})

test('what it was told changes: it ends, and another one is started, a few times at most', (t) => {
  const jam = startedJam({ tempo: 120 })
  jam.play(ADA, 'drums', BAR)
  const desk = new Desk(jam.entries).to(256)
  for (let i = 1; i <= 6; i++) {
    desk.observe([jam.param(ADA, 'drums', i * 12, { value: i })])
    desk.to(FRAMES / 4 + i * 1_024)
  }
  t.deepEqual(
    desk.starts.map(({ environment }) => environment['MM_PARAM_CUTOFF']),
    ['4', '1', '2', '3'],
  )
  t.deepEqual(desk.lives, [false, false, false, true])
  desk.to(FRAMES + 256)
  t.equal(desk.starts[4]?.environment['MM_PARAM_CUTOFF'], '6', 'its instance starts its own')
  t.deepEqual(desk.lives, [false, false, false, false, true])
  t.end()
})

test('one ends at once where its play is stopped, may not run any more, or is passed over', (t) => {
  const begun = (): [ReturnType<typeof startedJam>, Desk] => {
    const jam = startedJam({ tempo: 120 })
    jam.play(ADA, 'drums', BAR)
    const desk = new Desk(jam.entries).to(256)
    t.deepEqual(desk.lives, [true])
    return [jam, desk]
  }
  const [jam, stopped] = begun()
  stopped.observe([jam.stop(ADA, 'drums', BAR / 2)])
  t.deepEqual(stopped.to(384).lives, [false], 'stopped')
  const [, forbidden] = begun()
  forbidden.forbid()
  t.deepEqual(forbidden.to(384).lives, [false], 'forbidden')
  t.deepEqual(forbidden.to(FRAMES + 256).lives, [false], 'and none starts')
  const [, late] = begun()
  late.skipTo(FRAMES + 1_280)
  late.to(FRAMES + 1_536)
  t.deepEqual(late.lives, [false, true], 'passed over: it stands at the next bar, and so does another process')
  t.end()
})

/**
 * Counts its frames from 1, in parts of 65,536. Goes by another name once 4,096 of them are read: a second part is read after what came of
 * the first was done.
 */
const COUNTER = `#!/usr/bin/python3
import array, fcntl, os, sys, termios, time
def put(a, n): os.write(1, array.array('f', [x for i in range(a, a + n) for x in 2 * [(i + 1) / 65536]]).tobytes())
def until_read():
    left = array.array('i', [1])
    while left[0] > 0:
        fcntl.ioctl(1, termios.TIOCOUTQ, left)
        time.sleep(0.002)
if len(sys.argv) == 1:
    put(0, 5000)
    until_read()
    put(5000, 100)
    until_read()
    os.execv('/usr/bin/python3', ['python3', sys.argv[0], 'ready'])
for a in range(5100, 60000, 100): put(a, 100)
`

const ready = (entry: string): boolean =>
  running(entry).some((pid) => readFileSync(`/proc/${pid}/cmdline`, 'utf8').endsWith('\0ready\0'))

async function opened(
  rig: SessionRig,
): Promise<{ entry: string; bytes: Uint8Array; jam: ReturnType<typeof startedJam> }> {
  const entry = ownEntry()
  const bytes = archiveOf(COUNTER, entry)
  const jam = startedJam({ tempo: 120 })
  jam.play(ADA, 'drums', BAR)
  // Rendered without a pace: no more than is kept for the take where the machine lets nobody look at it meanwhile.
  jam.action(ADA, 'end', { at: BAR + BAR / 4 })
  const archive = preparedFrom(bytes, join(await rig.make(), `${randomUUID()}.tgz`))
  await rig.open({ entries: jam.entries, ready: [archive] })
  await rig.to(1_200)
  await until('its sound waits', () => ready(entry))
  return { entry, bytes, jam }
}

session(
  'a process whose play is known ahead is heard from its first frame on, and so it is in the take',
  async (t, rig) => {
    if (!(await canRun(t))) return
    const { bytes, jam } = await opened(rig)
    const { report, take } = await rig.finish(ALL)
    const [first] = ofKind(take.records, 'pcm')
    if (!first) throw new Error('nothing was kept')
    t.equal(first.frame, FRAMES)
    const kept = await readKept(pcmFolderOf(rig.takeFile), first)
    const heard = Array.from({ length: 4_096 }, (_, i) => (kept[2 * i] ?? 0) * 65_536)
    t.ok(heard.every((x, i) => x === i + 1))
    for (const threads of [1, 2]) {
      const options = { take: await readTake(rig.takeFile), threads }
      const again = await replayed(rig.place, jam.entries, new Map([[archiveNamed('drums'), bytes]]), options)
      t.deepEqual([again.take?.divergence, again.failures, again.frames], [undefined, [], report.frames])
      t.equal(again.samplesSha256, report.samplesSha256, `every sample again, with ${threads} threads`)
    }
  },
)

session('a process that waits for its start ends with its play', async (t, rig) => {
  if (!(await canRun(t))) return
  const { entry, jam } = await opened(rig)
  rig.observe(jam.stop(ADA, 'drums', BAR / 2))
  let frame = 1_200
  await until('it is gone', async () => {
    await rig.to((frame += 1_200))
    return running(entry).length === 0
  })
  t.ok(frame < FRAMES, 'before its start')
  const { take } = await rig.finish(ALL)
  t.equal(ofKind(take.records, 'pcm').length, 0)
})
