import { join } from 'node:path'
import test, { type Test } from 'tape'
import type { KeptPcm } from '../../../lib/generators/process/node/freeze.ts'
import type { KeptSaying } from '../../../lib/generators/process/node/frozen-source.ts'
import { until } from '../../helpers/until.ts'
import { at, canRun, drive, IDENTITY, processKit, type ProcessKit } from '../../helpers/processes.ts'

function withProcesses(
  title: string,
  body: (t: Test, kit: ProcessKit) => Promise<void>,
  init: Parameters<typeof processKit>[0] = { pace: 'offline' },
): void {
  test(title, async (t) => {
    if (!(await canRun(t))) return
    const kit = await processKit(init)
    try {
      await body(t, kit)
    } finally {
      await kit.close()
    }
  })
}

withProcesses('15 lines of shell tick on every beat of five minutes, each on its very frame', async (t, kit) => {
  const { voice } = kit.start(await kit.shipped('ticks'))
  const tempo = 113.7
  const { left, status } = drive(voice, { frames: 5 * 60 * 48_000, tempo })
  t.equal(status, 'go')
  const onsets: number[] = []
  for (let i = 0, last = -10_000; i < left.length; i++) {
    if (left[i] === 0) continue
    if (i - last > 480) onsets.push(i)
    last = i
  }
  t.ok(onsets.length > 560, `${onsets.length} ticks`)
  const off = onsets.filter((onset, beat) => onset !== Math.ceil(Math.max(0, (beat * 60 * 48_000) / tempo - 1e-6)))
  t.deepEqual(off, [], 'none beside its beat')
  t.equal(left[onsets[7] ?? 0], 12_288 / 32_768, 'to the bit what it wrote')
  t.notOk(voice.stop(), 'it has no tail: the mix fades it')
})

withProcesses(
  'Python: follows its parameter and a tag, sets one, and ends by itself after its tail',
  async (t, kit) => {
    const { voice, tags } = kit.start(await kit.shipped('hum'))
    voice.param(0, 100)
    const crossings = (from: number): number => {
      const { left } = drive(voice, { from, frames: 48_000 })
      return left.reduce((n, x, i) => n + (i > 0 && (left[i - 1] ?? 0) < 0 && x >= 0 ? 1 : 0), 0)
    }
    t.ok(Math.abs(crossings(0) - 100) <= 1, 'the pitch it was started with')
    voice.param(0, 200)
    let frame = 48_000
    const heard = (hertz: number): void => {
      for (let tries = 0; tries < 20; tries++, frame += 48_000) if (Math.abs(crossings(frame) - hertz) <= 1) return
      t.fail(`never came to ${hertz} Hz`)
    }
    heard(200)
    t.deepEqual(tags.opened, ['chord'])
    t.deepEqual(tags.writes, [{ name: 'level', value: 0.3, atBeat: NaN }])
    tags.values['chord'] = { value: 12, frame: 1 }
    heard(400)
    t.ok(voice.stop(), 'it has a tail')
    const { status, ends } = drive(voice, { from: frame, frames: 8 * 48_000 })
    t.equal(status, 'done')
    t.ok(ends > 4_800, 'after a while')
  },
)

withProcesses('C: compiled in its own folder', async (t, kit) => {
  const { voice } = kit.start(await kit.shipped('saw'))
  voice.param(0, 220)
  const { left, status } = drive(voice, { frames: 48_000 })
  t.equal(status, 'go')
  t.ok(left.slice(4_800).some((x) => x > 0.2) && left.every((x) => Math.abs(x) < 1))
})

withProcesses('a process is told who it is, and its parameters', async (t, kit) => {
  const prepared = kit.script(
    '#!/bin/sh\nenv | sed -n "s/^MM_/log /p" >&3\nls /proc/self/fd | tr "\\n" " " | sed "s/^/log fds /" >&3\nhead -c 8000 /dev/zero\n',
    { params: [{ name: 'cut.off-1', min: 0, max: 9, default: 1 }] },
  )
  const { voice, tags } = kit.start(prepared)
  voice.param(0, 4.5)
  t.equal(drive(voice, { frames: 48_000, tempo: 90 }).status, 'done')
  const said = tags.lines.filter((line) => !line.startsWith('fds')).sort()
  const { jam, player, generator, instance } = IDENTITY
  t.deepEqual(said, [
    'BEAT=4',
    `GENERATOR=${generator}`,
    `INSTANCE=${instance}`,
    `JAM=${jam}`,
    'PARAM_CUT_OFF_1=4.5',
    `PLAYER=${player}`,
    'RATE=48000',
    'TEMPO=90',
  ])
})

withProcesses('a shell plays notes, and is told of those that it watches', async (t, kit) => {
  const script = `#!/bin/sh
echo note kick 60 0.5 1 2 >&3
echo note snare 61 0 0 >&3
echo watch note/ping >&3
head -c 4000000 /dev/zero
while read -r kind path rest <&3; do [ "$kind" = note ] && break; done
echo log heard $path $rest >&3
exec head -c 8000000 /dev/zero
`
  const { voice, tags } = kit.start(kit.script(script))
  let told = false
  tags.tell = (listener) => {
    if (told || !tags.watched.includes('note/ping')) return
    told = true
    listener.note(100, 36, 0.25, 2, 512)
  }
  t.equal(drive(voice, { frames: 1_000_000 }).status, 'go')
  t.deepEqual(tags.notes, [
    ['kick', 60, 0.5, 1, 2],
    ['snare', 61, 0, 0, NaN],
  ])
  t.deepEqual(tags.lines, ['heard note/ping 36 0.25 2 512'])
})

withProcesses('whoever ends badly says why, after its sound was heard', async (t, kit) => {
  const { voice } = kit.start(kit.script('#!/bin/sh\nhead -c 8000 /dev/zero\necho no luck >&2\nexit 3\n'))
  const { status, ends } = drive(voice, { frames: 48_000 })
  t.equal(status, 'error')
  t.equal(ends, 1_024, 'its 1,000 frames, to the end of their block')
  t.equal(voice.failure?.code, 'GENERATOR_FAILED')
  t.ok(voice.failure?.message.includes('code 3: no luck'), voice.failure?.message)
  const { voice: none } = kit.start(kit.script('#!/nowhere\n'))
  t.equal(drive(none, { frames: 1_280 }).status, 'error')
  t.equal(none.failure?.code, 'GENERATOR_FAILED')
})

withProcesses(
  'live nothing waits: what is late is silence, and what follows is in its place',
  async (t, kit) => {
    const ramp = `import array,os,sys
def put(a, n): os.write(1, array.array('f', [x for i in range(a, a + n) for x in (i + 1.0, i + 1.0)]).tobytes())
put(0, 24000)
while b'param' not in os.read(3, 4096): pass
for a in range(24000, 400000, 1000): put(a, 1000)
`
    const { voice, tags } = kit.start(kit.script(`#!/usr/bin/python3\n${ramp}`, { params: [LEVEL] }))
    let [frame, silent, wrong, sounding] = [0, 0, 0, 0]
    const play = (): void => {
      voice.process(at(frame))
      for (const [i, x] of voice.left.entries()) {
        if (x === 0) silent++
        else if (x === frame + i + 1) sounding++
        else wrong++
      }
      frame += 128
    }
    play()
    await until('it sounds', () => {
      play()
      return sounding > 0
    })
    voice.param(0, 1)
    await until('it sounds again, past where it had stopped', () => {
      for (let block = 0; block < 8; block++) play()
      return sounding > 0 && (voice.left[0] ?? 0) > 24_000
    })
    t.ok(silent > 0, `${silent} frames of silence`)
    t.equal(wrong, 0, 'each sample on its frame')
    t.ok(
      tags.lines.some((line) => line.includes('ms too late')),
      tags.lines[0],
    )
  },
  { pace: 'live' },
)

const LEVEL = { name: 'level', min: 0, max: 1, default: 0 }

test('what was heard of a process is kept, and plays again exactly: sound, tags, tail, failure', async (t) => {
  if (!(await canRun(t))) return
  const kept: KeptPcm[] = []
  const said: KeptSaying[] = []
  const script = `#!/usr/bin/python3
import array, os, time
os.write(3, b"tail\\ntag level 0.25 8\\n")
for b in range(900):
    if b == 200: os.write(3, b"tag level 0.5\\n")
    os.write(1, array.array('f', [((b * 7919 + i * 104729) % 65521) / 65521 - 0.5 for i in range(960)]).tobytes())
os._exit(4)
`
  const folder = join((await processKit({ pace: 'offline' })).folder, 'kept')
  const kit = await processKit({
    pace: 'live',
    keepIn: folder,
    onKept: (one) => kept.push(one),
    onSaid: (one) => said.push(one),
  })
  const { voice, tags } = kit.start(kit.script(script))
  const blocks: { samples: Float32Array; writes: number; status: string }[] = []
  await until('it has ended', async () => {
    for (let i = 0; i < 8; i++) {
      const status = voice.process(at(blocks.length * 128))
      blocks.push({ samples: voice.left.slice(), writes: tags.writes.length, status })
      if (status === 'error') return true
      if (blocks.length === 2_000) t.ok(voice.stop(), 'it has a tail')
    }
    return false
  })
  t.equal(voice.failure?.code, 'GENERATOR_FAILED')
  voice.close()
  await kit.host.settle()
  t.ok(kept.length >= 2 && kept.every((one, i) => i === 0 || one.frame === kept[i - 1]!.frame + kept[i - 1]!.frames))
  t.equal(kept[0]?.frame, IDENTITY.start, 'from its first jam frame on')

  const { code, message } = voice.failure!
  const failed = [{ path: IDENTITY.path, frame: IDENTITY.start + (blocks.length - 1) * 128, code, message }]
  const again = await processKit({ pace: 'offline', frozen: { folder, kept, jumps: [], said, failed } })
  const { voice: second, tags: tagsAgain } = again.start(again.script('#!/bin/false\n'))
  let same = true
  for (const [i, { samples, writes, status }] of blocks.entries()) {
    const now = second.process(at(i * 128))
    const fits = tagsAgain.writes.length === writes && second.left.every((x, n) => x === samples[n])
    if (now !== status || (!fits && status !== 'error')) same = false
    if (i === 1_999) second.stop()
  }
  t.ok(same, 'every block, every tag in its block')
  t.deepEqual(second.failure, voice.failure)
  await again.close()
  await kit.close()
})
