import { randomUUID } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'tape'
import { readTake } from '../../lib/engine/index.ts'
import type { ReadyArchive } from '../../lib/engine/types.ts'
import { pack, prepareAllowed } from '../../lib/generators/index.ts'
import { ProcessHost } from '../../lib/generators/process/node/host.ts'
import { runtimeWith } from '../../lib/generators/process/node/runtime.ts'
import { ServingPort } from '../../lib/generators/process/node/serving-port.ts'
import { Preroll } from '../../lib/generators/process/preroll.ts'
import { LocalRunner, type GroupRunner } from '../../lib/mix/index.ts'
import { startPool } from '../../lib/mix/node/pool.ts'
import { good, textFile } from '../helpers/generators.ts'
import { codeOf } from '../helpers/hosts.ts'
import { ADA, archiveNamed, BAR, BEN, startedJam } from '../helpers/jams.ts'
import { archiveFrom, probeWat, renderAll, sineWat, specOf, startAt } from '../helpers/mix.ts'
import { until } from '../helpers/until.ts'
import { canRun, ownEntry, running } from '../helpers/processes.ts'
import { ALL, ofKind, session } from '../helpers/session-tests.ts'
import { archivesOf, BEAT_FRAMES, replayed, type SessionRig } from '../helpers/sessions.ts'
import { removeFolder, temporaryFolder } from '../helpers/stores.ts'

const script = (text: string, entry = 'run'): Uint8Array => {
  const manifest = { name: 'drums', runtime: 'process', entry }
  return good(
    pack([textFile('generator.json', JSON.stringify(manifest)), { ...textFile(entry, text), executable: true }]),
  )
}

/** Loud in another way each time, sets a tag as it goes, and has a tail. */
const NOISY = `#!/usr/bin/python3
import array, os, random
os.write(3, b"tail\\ntag color 0.125\\n")
for b in range(300):
    if b % 10 == 0: os.write(3, f"tag color {random.randrange(1, 64) / 128}\\n".encode())
    os.write(1, array.array('f', [random.random() / 4 - 0.125 for _ in range(960)]).tobytes())
`

/** Ready to be started, as an archive that is allowed is. */
async function readied(rig: SessionRig, bytes: Uint8Array): Promise<ReadyArchive> {
  const file = join(await rig.make(), `${randomUUID()}.tgz`)
  writeFileSync(file, bytes)
  return { archive: archiveNamed('drums'), prepared: good(prepareAllowed(bytes, file)) }
}

session('a take gives again what was heard of a process, and the tags it set; the score is inexact', async (t, rig) => {
  if (!(await canRun(t))) return
  const process = script(NOISY)
  const archives = await archivesOf({ chords: probeWat('color') })
  const jam = startedJam({ tempo: 120 })
  jam.play(ADA, 'drums', 0)
  jam.play(BEN, 'chords', 0)
  jam.stop(ADA, 'drums', 7.5 * BAR)
  jam.action(ADA, 'end', { at: 8 * BAR })
  const { entries } = jam
  await rig.open({ entries, archives, ready: [await readied(rig, process)] })
  let frame = 0
  await until('it is heard', async () => {
    await rig.to((frame += 1_200))
    const levels = rig.messages.flatMap((message) => (message.kind === 'levels' ? message.levels.instances : []))
    return levels.some(({ path, peak }) => path.includes('/drums/') && peak > 0.05)
  })
  const { report, take } = await rig.finish(ALL)
  t.ok(ofKind(take.records, 'pcm').length > 0, 'its sound is kept')
  t.ok(ofKind(take.records, 'said').length > 0, 'and what it said')
  const all = new Map([...archives, [archiveNamed('drums'), process]])
  for (const threads of [1, 2]) {
    const again = await replayed(rig.place, entries, all, { take: await readTake(rig.takeFile), threads })
    t.equal(again.samplesSha256, report.samplesSha256, `every sample, with ${threads} threads`)
    t.deepEqual(again.inexact, [])
    t.equal(again.take?.divergence, undefined)
  }
  const refused = replayed(rig.place, entries, all)
  t.equal(await codeOf(refused), 'GENERATOR_NOT_ALLOWED')
  await refused.catch((error: unknown) => t.ok(String(error).includes('drums by ada:'), String(error)))
  const score = await replayed(rig.place, entries, all, { mayRun: async () => true })
  t.deepEqual(score.inexact, ['drums'])
  t.notEqual(score.samplesSha256, report.samplesSha256)
})

/** Noise, a tag with every tenth of a second of it; told of its stop it fails. What is not written blocks nothing that is read. */
const FAILS_AT_STOP = `#!/usr/bin/python3
import array, os, random, select
os.write(3, b"tail\\n")
noise = array.array('f', [random.random() / 4 - 0.125 for _ in range(960)]).tobytes()
b = 0
while True:
    told, room, _ = select.select([3], [1], [])
    if told and b'stop' in os.read(3, 4096): os._exit(4)
    if not room: continue
    if b % 10 == 0: os.write(3, f"tag color {random.randrange(1, 64) / 128}\\n".encode())
    os.write(1, noise[b % 64 * 8:] + noise[:b % 64 * 8])
    b += 1
`

session(
  'a process plays on where the clock jumps, and a take gives it again: tags, failure and all',
  async (t, rig) => {
    if (!(await canRun(t))) return
    const entry = ownEntry()
    const process = script(FAILS_AT_STOP, entry)
    const archives = await archivesOf({ chords: probeWat('color') })
    const jam = startedJam({ tempo: 120 })
    jam.play(ADA, 'drums', 0)
    jam.play(BEN, 'chords', 0)
    jam.stop(ADA, 'drums', 5 * BAR)
    jam.action(ADA, 'end', { at: 9 * BAR })
    const { entries } = jam
    await rig.open({ entries, archives, ready: [await readied(rig, process)] })
    const levels = () => rig.messages.flatMap((message) => (message.kind === 'levels' ? message.levels.instances : []))
    let millis = 0
    const goOn = (): Promise<void> => rig.to((millis += 25) * 48)
    await until('it is heard', async () => {
      await goOn()
      return levels().some(({ path, peak }) => path.includes('/drums/') && peak > 0.05)
    })
    rig.session.setZero(-800)
    await rig.to((millis += 2_000) * 48)
    // Stopped by then, it ends while no time passes for its tail.
    await rig.to((millis = 10_000 - 800 + 100) * 48)
    await until('it has ended', () => running(entry).length === 0)
    const told = () => rig.messages.flatMap((message) => (message.kind === 'instances' ? message.events : []))
    await until('the mix knows, in its tail', async () => {
      await goOn()
      return told().some(({ kind }) => kind === 'failed')
    })
    const { report, take } = await rig.finish(ALL)
    const [jump, ...more] = ofKind(take.records, 'clock')
    t.deepEqual([jump && jump.to - jump.frame, more.length], [800 * 48, 0])
    const after = ofKind(take.records, 'said').filter(({ frame }) => frame >= (jump?.to ?? 0))
    t.ok(after.length > 0, 'it said something after the jump')
    const [failed] = ofKind(take.records, 'failed')
    t.equal(failed?.code, 'GENERATOR_FAILED')
    t.ok(failed && failed.frame > 20 * BEAT_FRAMES, 'in its tail')
    const all = new Map([...archives, [archiveNamed('drums'), process]])
    for (const threads of [1, 2]) {
      const again = await replayed(rig.place, entries, all, { take: await readTake(rig.takeFile), threads })
      t.equal(again.take?.divergence, undefined, `everything in its place, with ${threads} threads`)
      t.equal(again.samplesSha256, report.samplesSha256, 'every sample')
    }
  },
)

const HOSTILE: Readonly<Record<string, string>> = {
  'an endless loop': 'while True: pass',
  'a fork bomb': 'while True:\n  try: os.fork()\n  except OSError: pass',
  'a flood of lines': "os.set_blocking(3, True)\nwhile True: os.write(3, b'tag color 1\\nlog x\\nnonsense\\n' * 50)",
  'a flood of errors': "while True: os.write(2, b'x' * 60000)",
  'all its memory': "b = []\nwhile True: b.append(b'x' * 2**24)",
  'all its disk':
    "n = 0\nwhile True:\n  n += 1\n  try: open(str(n % 1000), 'wb').write(b'x' * 2**20)\n  except OSError: pass",
  'bits that are no sound': "while True: os.write(1, b'\\xff' * 60000)",
  'half a frame': "os.write(1, b'abc'); os.close(1); time.sleep(1000)",
}

/** A millisecond for each quantum, so that the process runs meanwhile. */
const still = new Int32Array(new SharedArrayBuffer(4))
const paced = (): void => void Atomics.wait(still, 0, 0, 1)

test('whatever a process does, every sample of the others is the same', async (t) => {
  if (!(await canRun(t))) return
  const sine = await archiveFrom(sineWat())
  const alone = renderAll([sine], [startAt(0, specOf(sine.archive, 'sine', { at: 1 }))], 96_000)
  const expected = Buffer.from(alone.stems.get('sine')!.left.buffer)
  const folder = temporaryFolder()
  for (const [what, text] of Object.entries(HOSTILE)) {
    const host = new ProcessHost({ pace: 'live' })
    await host.start()
    const bytes = script(`#!/usr/bin/python3\nimport os, time\n${text}\n`)
    const file = join(folder, `${randomUUID()}.tgz`)
    writeFileSync(file, bytes)
    const runner = new LocalRunner({ runtime: runtimeWith(host.link) })
    const bad = { archive: archiveNamed('drums'), prepared: good(prepareAllowed(bytes, file)) }
    const commands = [startAt(0, specOf(bad.archive, 'bad')), startAt(0, specOf(sine.archive, 'sine', { at: 1 }))]
    const { stems } = renderAll([sine, bad], commands, 96_000, { runners: [runner], before: () => paced() })
    t.ok(Buffer.from(stems.get('sine')!.left.buffer).equals(expected), what)
    t.ok(
      stems.get('bad')!.left.every((x) => Math.abs(x) < 1),
      'and it is no louder than it may be',
    )
    await runner.close()
    await host.close()
  }
  removeFolder(folder)
})

test('processes end with the thread that plays them, started ahead or not; those of another go on', async (t) => {
  if (!(await canRun(t))) return
  const folder = temporaryFolder()
  const host = new ProcessHost({ pace: 'live' })
  await host.start()
  const pool = await startPool(2, { processes: host.link })
  const [dying, staying] = pool
  const post = new ServingPort(host.link).post
  const position = { frame: 0, beat: 0, beatsPerFrame: 1 / BEAT_FRAMES, bar: 0 }
  const quantum = { from: 0, commands: [], changes: [], cuts: [], positions: [position] }
  const play = (runner: GroupRunner | undefined, name: string, ahead: boolean) => {
    const entry = ownEntry()
    const bytes = script('#!/bin/sh\ncat /dev/zero\n', entry)
    const file = join(folder, entry)
    writeFileSync(file, bytes)
    const archive = archiveNamed(name)
    const prepared = good(prepareAllowed(bytes, file))
    if (prepared.runtime !== 'process') throw new Error('it is no process')
    const spec = specOf(archive, name)
    const start = { prepared, identity: { ...spec, start: 0 }, position, params: new Map(), sampleRate: 48_000 }
    const preroll = ahead ? new Preroll(start, post) : undefined
    runner?.prepare(archive, prepared)
    const command = { kind: 'start', frame: 0, spec, slot: ahead ? 1 : 0, seed: [1, 2] } as const
    runner?.begin({ ...quantum, commands: [{ ...command, ...(preroll && { preroll: preroll.start }) }] })
    runner?.finish()
    return { entry, preroll }
  }
  const lost = [play(dying, 'drums', false), play(dying, 'chords', true)]
  const kept = play(staying, 'bass', false)
  t.ok(lost[1]?.preroll?.taken, 'one was started ahead')
  await until('they run', () => [...lost, kept].every(({ entry }) => running(entry).length > 0))
  await dying?.terminate()
  await until('they have ended', () => lost.every(({ entry }) => running(entry).length === 0))
  t.ok(running(kept.entry).length > 0, 'the other goes on')
  await Promise.all(pool.map((runner) => runner.close()))
  await host.close()
  removeFolder(folder)
})
