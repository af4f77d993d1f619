import test from 'tape'
import { name } from '../../../lib/base/index.ts'
import { pack, prepareAllowed, type Voice } from '../../../lib/generators/index.ts'
import { ProcessMemory } from '../../../lib/generators/process/memory.ts'
import { PcmFolder, type KeptPcm } from '../../../lib/generators/process/node/freeze.ts'
import type { KeptSaying } from '../../../lib/generators/process/node/frozen-source.ts'
import type { HeardSaying, ToServing } from '../../../lib/generators/process/types.ts'
import { ProcessVoice } from '../../../lib/generators/process/voice.ts'
import { good, TestTags, textFile } from '../../helpers/generators.ts'
import { at, canRun, IDENTITY, processKit } from '../../helpers/processes.ts'
import { removeFolder, temporaryFolder } from '../../helpers/stores.ts'
import { until } from '../../helpers/until.ts'

/** A voice whose process is the test. */
function voiceOf(): { voice: ProcessVoice; tags: TestTags; memory: () => ProcessMemory } {
  const manifest = JSON.stringify({ name: 'test', runtime: 'process', entry: 'run' })
  const archive = good(pack([textFile('generator.json', manifest), { ...textFile('run', '#!'), executable: true }]))
  const prepared = good(prepareAllowed(archive, '/nowhere/a.tgz'))
  if (prepared.runtime !== 'process') throw new Error('it is no process')
  const tags = new TestTags()
  let memory: ProcessMemory | undefined
  const post = (message: ToServing): void => {
    if (message.kind === 'start') memory = new ProcessMemory(message.memory)
  }
  const settings = { seed: [1, 2] as const, tags, sampleRate: 48_000, identity: IDENTITY }
  const voice = new ProcessVoice({ prepared, settings, identity: IDENTITY, post, pace: 'live', thread: 0 })
  voice.process(at(0))
  if (!memory) throw new Error('it was not started')
  return { voice, tags, memory: () => memory! }
}

const saying = (value: number | string): string => JSON.stringify({ kind: 'tag', name: 'level', value })

test('64 lines of a process take effect in 128 frames, in however many blocks; the rest waits', (t) => {
  const { voice, tags, memory } = voiceOf()
  for (let i = 0; i < 150; i++) memory().fromProcess.write(saying(i))
  const counts = [at(128, 120, 50), at(178, 120, 78), at(256), at(384)].map((block) => {
    voice.process(block)
    return tags.writes.length
  })
  t.deepEqual(counts, [64, 64, 128, 150])
  t.ok(
    tags.writes.every(({ value }, i) => value === i),
    'all of it, in its order',
  )
  t.end()
})

test('what the take has no room for does not take effect yet, whether or not the process reads', (t) => {
  const { voice, tags, memory } = voiceOf()
  while (memory().toProcess.write(JSON.stringify({ kind: 'param', name: 'x', value: 1 })));
  const text = 'x'.repeat(1_000)
  const heard: HeardSaying[] = []
  for (let i = 0; i < 30; i++) memory().fromProcess.write(saying(text))
  voice.process(at(128))
  t.equal(tags.writes.length, 30, 'though it reads nothing of what it is told')
  for (let i = 0; i < 30; i++) memory().fromProcess.write(saying(text))
  voice.process(at(256))
  voice.process(at(384))
  t.ok(tags.writes.length < 60)
  const { toTake } = memory()
  for (const frame of [384, 512]) {
    for (let line = toTake.read(); line !== undefined; line = toTake.read()) heard.push(JSON.parse(line) as HeardSaying)
    t.equal(heard.length, tags.writes.length, 'the take has what took effect')
    voice.process(at(frame + 128))
  }
  t.equal(tags.writes.length, 60)
  t.end()
})

interface Played {
  readonly status: string
  readonly writes: number
  readonly notes: number
  readonly sample: number
}

function play(voice: Voice, tags: TestTags): Played[] {
  const played: Played[] = []
  for (let frame = 0, status = 'go'; status === 'go' && frame < 48_000; frame += 128) {
    status = voice.process(at(frame))
    played.push({ status, writes: tags.writes.length, notes: tags.notes.length, sample: voice.left[127] ?? 0 })
  }
  return played
}

test('what one said before its start counts past its end too, and exactly so in a take', async (t) => {
  if (!(await canRun(t))) return
  const kept: KeptPcm[] = []
  const said: KeptSaying[] = []
  const folder = temporaryFolder()
  const init = { keepIn: folder, onKept: (one: KeptPcm) => kept.push(one), onSaid: (one: KeptSaying) => said.push(one) }
  const kit = await processKit({ pace: 'live', ...init })
  const prepared = kit.script(`#!/usr/bin/python3
import array, os, sys
os.write(1, array.array('f', [0.5] * 512).tobytes())
os.write(3, b''.join(b'tag level %d\\n' % i for i in range(150)))
os.write(3, b''.join(b'note kick %d 0.5 1\\n' % i for i in range(250)))
sys.exit(3)
`)
  const preroll = kit.preroll(prepared)
  await until('it has ended', () => new ProcessMemory(preroll.start.memory).ended)
  const { voice, tags } = kit.start(prepared, { preroll })
  const first = play(voice, tags)
  t.deepEqual(
    first.map(({ writes, notes }) => writes + notes),
    [64, 128, 192, 256, 320, 384, 400],
  )
  t.deepEqual([first.at(-1)?.status, tags.writes.length, tags.notes.length], ['error', 150, 250])
  voice.close()
  await kit.host.settle()
  t.equal(said.length, 400)

  const failed = [{ path: IDENTITY.path, frame: IDENTITY.start + 6 * 128, ...voice.failure! }]
  const again = await processKit({ pace: 'offline', frozen: { folder, kept, jumps: [], said, failed } })
  const { voice: second, tags: tagsAgain } = again.start(again.script('#!/bin/false\n'))
  t.deepEqual(play(second, tagsAgain), first, 'block by block')
  t.deepEqual([tagsAgain.writes, tagsAgain.notes, second.failure], [tags.writes, tags.notes, voice.failure])
  await again.close()
  await kit.close()
  removeFolder(folder)
})

test('a take whose process said more near its first frame than waits in memory plays', async (t) => {
  const folder = temporaryFolder()
  const kept: KeptPcm[] = []
  const pcm = new PcmFolder(
    folder,
    (one) => kept.push(one),
    () => t.fail('it is not kept'),
  )
  pcm.keep(IDENTITY.path, IDENTITY.start, new Float32Array(2 * 9_600).fill(0.5))
  await pcm.idle()
  const said = Array.from({ length: 3_000 }, (_, i): KeptSaying => {
    const frame = IDENTITY.start + 128 * Math.floor(i / 60)
    return {
      path: IDENTITY.path,
      frame,
      said: { kind: 'tag', name: name('level'), value: `${i} ${'x'.repeat(1_000)}` },
    }
  })
  const kit = await processKit({ pace: 'offline', frozen: { folder, kept, jumps: [], said, failed: [] } })
  const { voice, tags } = kit.start(kit.script('#!/bin/false\n'))
  const played = play(voice, tags)
  t.equal(played.length, 76)
  t.ok(played.slice(0, 75).every(({ writes, sample }, i) => sample === 0.5 && writes === Math.min(60 * (i + 1), 3_000)))
  t.deepEqual(
    tags.writes.map(({ value }) => value),
    said.map((one) => one.said.kind === 'tag' && one.said.value),
  )
  await kit.close()
  removeFolder(folder)
})
