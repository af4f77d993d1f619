import test, { type Test } from 'tape'
import { ProcessMemory } from '../../../lib/generators/process/memory.ts'
import type { KeptPcm } from '../../../lib/generators/process/node/freeze.ts'
import type { KeptSaying } from '../../../lib/generators/process/node/frozen-source.ts'
import type { Preroll } from '../../../lib/generators/process/preroll.ts'
import { at, canRun, drive, IDENTITY, ownEntry, processKit, running, type ProcessKit } from '../../helpers/processes.ts'
import { removeFolder, temporaryFolder } from '../../helpers/stores.ts'
import { until } from '../../helpers/until.ts'

function withPrerolls(title: string, body: (t: Test, kit: ProcessKit) => Promise<void>): void {
  test(title, async (t) => {
    if (!(await canRun(t))) return
    const kit = await processKit({ pace: 'live' })
    try {
      await body(t, kit)
    } finally {
      await kit.close()
    }
  })
}

/** Counts its frames from 1. */
const COUNTER = `#!/usr/bin/python3
import array, os
for a in range(0, 400000, 500):
    os.write(1, array.array('f', [x for i in range(a, a + 500) for x in (i + 1.0, i + 1.0)]).tobytes())
`

const waitsIn = (preroll: Preroll): number => new ProcessMemory(preroll.start.memory).ready
const isReady = (preroll: Preroll) => until('its sound waits', () => waitsIn(preroll) >= 1_024)

withPrerolls('live, a process that was started ahead is heard from its first frame on', async (t, kit) => {
  const prepared = kit.script(COUNTER)
  const preroll = kit.preroll(prepared)
  await isReady(preroll)
  t.notOk(preroll.taken)
  const { voice, tags } = kit.start(prepared, { preroll })
  const { left } = drive(voice, { frames: 1_024 })
  t.ok(left.every((x, i) => x === i + 1))
  t.ok(preroll.taken)
  t.deepEqual(tags.lines, [], 'nothing came too late')
})

withPrerolls('it is told its beats ahead, each once, and what it says is taken at its start', async (t, kit) => {
  const prepared = kit.script(`#!/bin/sh
echo tag level 0.5 >&3
read -r what bpm <&3; echo log $what $bpm >&3
for i in 1 2 3 4 5; do read -r what beat frame <&3; echo log $what $beat $frame >&3; done
head -c 40000 /dev/zero
while read -r what rest <&3; do echo log $what $rest >&3; done
`)
  const preroll = kit.preroll(prepared)
  await isReady(preroll)
  const { voice, tags } = kit.start(prepared, { preroll })
  drive(voice, { frames: 128 })
  t.deepEqual(tags.writes, [{ name: 'level', value: 0.5, atBeat: NaN }])
  const beats = [4, 5, 6, 7, 8].map((beat) => `beat ${beat} ${(beat - 4) * 24_000}`)
  t.deepEqual(tags.lines, ['tempo 120', ...beats])
  drive(voice, { from: 128, frames: 896 })
  voice.stop()
  let frame = 1_024
  await until('it is told of its stop', () => {
    drive(voice, { from: frame, frames: 128 })
    frame += 128
    return tags.lines.includes('stop')
  })
  const again = tags.lines.filter((line) => beats.includes(line))
  t.equal(again.length, beats.length, 'no beat twice')
})

withPrerolls('one that was told what does not hold any more is left, and another one started', async (t, kit) => {
  const entry = ownEntry()
  const prepared = kit.script(COUNTER, { entry })
  const preroll = kit.preroll(prepared, { tempo: 90 })
  await isReady(preroll)
  const { voice } = kit.start(prepared, { preroll })
  let frame = 0
  await until('the other one sounds, in its place', () => {
    const { left } = drive(voice, { from: frame, frames: 128 })
    frame += 128
    return left[127] === frame
  })
  t.notOk(preroll.taken)
  preroll.close()
  voice.close()
  await until('both are gone', () => running(entry).length === 0)
  t.pass('whoever started each of them has ended it')
})

test('what was kept of one that was started ahead plays again exactly, with what it said before its start', async (t) => {
  if (!(await canRun(t))) return
  const kept: KeptPcm[] = []
  const said: KeptSaying[] = []
  const folder = temporaryFolder()
  const init = { keepIn: folder, onKept: (one: KeptPcm) => kept.push(one), onSaid: (one: KeptSaying) => said.push(one) }
  const kit = await processKit({ pace: 'live', ...init })
  const prepared = kit.script(COUNTER.replace('import array, os', 'import array, os\nos.write(3, b"tag level 0.5\\n")'))
  const preroll = kit.preroll(prepared)
  await isReady(preroll)
  const { voice, tags } = kit.start(prepared, { preroll })
  const { left } = drive(voice, { frames: 1_024 })
  voice.close()
  await kit.host.settle()
  t.equal(tags.writes.length, 1)
  t.deepEqual(said, [{ path: IDENTITY.path, frame: IDENTITY.start, said: { kind: 'tag', name: 'level', value: 0.5 } }])
  t.equal(kept[0]?.frame, IDENTITY.start)

  const again = await processKit({ pace: 'offline', frozen: { folder, kept, jumps: [], said, failed: [] } })
  const { voice: second, tags: tagsAgain } = again.start(again.script('#!/bin/false\n'))
  second.process(at(0))
  t.deepEqual(second.left, left.slice(0, 128), 'from its first frame on')
  t.deepEqual(tagsAgain.writes, tags.writes, 'in its first block')
  await again.close()
  await kit.close()
  removeFolder(folder)
})

test('one that failed before its start says so there, in a take too, and what it said counts', async (t) => {
  if (!(await canRun(t))) return
  const said: KeptSaying[] = []
  const folder = temporaryFolder()
  const kit = await processKit({ pace: 'live', keepIn: folder, onSaid: (one) => said.push(one) })
  const prepared = kit.script('#!/bin/sh\necho tag level 0.5 >&3\nexit 3\n')
  const preroll = kit.preroll(prepared)
  await until('it has ended', () => new ProcessMemory(preroll.start.memory).ended)
  const { voice, tags } = kit.start(prepared, { preroll })
  t.equal(voice.process(at(0)), 'error')
  t.equal(voice.failure?.code, 'GENERATOR_FAILED')
  t.equal(tags.writes.length, 1)
  voice.close()
  await kit.host.settle()
  const failed = [{ path: IDENTITY.path, frame: IDENTITY.start, ...voice.failure! }]
  const again = await processKit({ pace: 'offline', frozen: { folder, kept: [], jumps: [], said, failed } })
  const { voice: second, tags: tagsAgain } = again.start(again.script('#!/bin/false\n'))
  t.equal(second.process(at(0)), 'error')
  t.deepEqual(second.failure, voice.failure)
  t.deepEqual(tagsAgain.writes, tags.writes)
  await again.close()
  await kit.close()
  removeFolder(folder)
})
