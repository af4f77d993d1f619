import { mkdir, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { refOf } from '../../lib/base/index.ts'
import { playReplay } from '../../lib/engine/index.ts'
import { buildScore, ENGINE } from '../../lib/jam/index.ts'
import { shortIdOf } from '../../lib/keys/index.ts'
import { LoudnessMeter } from '../../lib/mix/index.ts'
import { archiveOf, assemble, generatorWat } from '../helpers/generators.ts'
import { codeOf, failureOf } from '../helpers/hosts.ts'
import { ADA, archiveNamed, BAR, BEN, JAM, startedJam } from '../helpers/jams.ts'
import { offline, out, sidesOf } from '../helpers/replays.ts'
import { BEAT_FRAMES, replayed, sines, smallJam, wavOf } from '../helpers/sessions.ts'

offline('the same file whatever the threads and the order of entries', async (t, folder) => {
  const archives = await sines()
  const { entries } = smallJam()
  const one = await replayed(folder, entries, archives, { ...out(folder), threads: 1 })
  for (const threads of [2, 3]) {
    const other = await replayed(folder, [...entries].reverse(), archives, { ...out(folder, 'b.wav'), threads })
    t.equal(other.sha256, one.sha256, `${threads} threads`)
    t.equal(other.scoreHash, one.scoreHash)
  }
  const file = await wavOf(join(folder, 'out.wav'))
  t.deepEqual([one.frames, one.samplesSha256, one.firstFrame], [file.frames, file.sha256, 0])
  t.equal(
    one.peak,
    file.left.reduce((most, x) => Math.max(most, Math.abs(x)), 0),
  )
  t.equal(one.seconds, file.frames / 48_000)
  t.equal(one.reduction, 0, 'the limiter takes nothing')
  const meter = new LoudnessMeter()
  const sides = await sidesOf(join(folder, 'out.wav'))
  meter.push(...sides)
  t.ok(Math.abs((one.loudness ?? 0) - meter.integrated()) < 0.1, `${one.loudness} LUFS`)
  t.ok(one.truePeak >= one.peak && one.truePeak < 1.05 * one.peak, 'low sines peak on their samples')
  t.ok(one.speed > 0)
  t.deepEqual(
    (await readdir(folder)).filter((name) => name.endsWith('.part')),
    [],
  )
  const dry = await replayed(folder, entries, archives)
  t.deepEqual(
    [dry.samplesSha256, dry.sha256, dry.file],
    [one.samplesSha256, '', undefined],
    'also where none is written',
  )
})

offline(
  'files of 16 and 24 bits hold the same samples to the nearest step; their name is the float samples',
  async (t, folder) => {
    const archives = await sines()
    const { entries } = smallJam()
    const whole = await replayed(folder, entries, archives, out(folder))
    const floats = await sidesOf(join(folder, 'out.wav'))
    for (const [format, step] of [
      ['s16', 2 ** -15],
      ['s24', 2 ** -23],
    ] as const) {
      const made = await replayed(folder, entries, archives, { ...out(folder, `${format}.wav`), format })
      t.equal(made.samplesSha256, whole.samplesSha256)
      t.notEqual(made.sha256, whole.sha256)
      const again = await replayed(folder, entries, archives, { ...out(folder, `again.wav`), format })
      t.equal(again.sha256, made.sha256, 'without dither: the same file')
      const [left, right] = await sidesOf(join(folder, `${format}.wav`))
      const far = left.filter((x, i) => Math.abs(x - (floats[0][i] ?? 9)) > step * 0.51).length
      t.deepEqual([far, left.length, right.length], [0, made.frames, made.frames], format)
    }
  },
)

offline('a part is a part of the whole, its stems too', async (t, folder) => {
  const archives = await sines()
  const jam = startedJam({ tempo: 120 })
  jam.play(ADA, 'drums', 0, { params: { gain: -12 } })
  jam.play(BEN, 'bass', BAR / 2, { params: { gain: -12 } })
  jam.action(ADA, 'end', { at: 3 * BAR })
  await replayed(folder, jam.entries, archives, { ...out(folder), stems: join(folder, 'all') })
  const from = 4 * BEAT_FRAMES + 77
  const part = await replayed(folder, jam.entries, archives, {
    ...out(folder, 'part.wav'),
    stems: join(folder, 'part'),
    from,
    to: 2,
  })
  t.equal(part.firstFrame, from)
  const [whole, cut] = [await wavOf(join(folder, 'out.wav')), await wavOf(join(folder, 'part.wav'))]
  const end = 8 * BEAT_FRAMES
  t.ok(cut.frames >= end - from && cut.frames < end - from + 1_000, 'to the bar, and what rings on')
  t.ok(cut.data.subarray(0, (end - from) * 8).equals(whole.data.subarray(from * 8, end * 8)))
  const name = `${shortIdOf(BEN)}-bass-bass.wav`
  const [wholeStem, stem] = [await wavOf(join(folder, 'all', name)), await wavOf(join(folder, 'part', name))]
  t.equal(stem.frames, cut.frames)
  t.ok(stem.data.subarray(0, (end - from) * 8).equals(wholeStem.data.subarray(from * 8, end * 8)))
  t.equal(await codeOf(replayed(folder, jam.entries, archives, { from: 12 * BEAT_FRAMES })), 'BAR_PASSED')
  t.match(
    ((await failureOf(replayed(folder, jam.entries, archives, { from: 12 * BEAT_FRAMES }))) as Error).message,
    /bar 3/,
  )
})

offline('archives that are missing or not allowed are named before anything is rendered', async (t, folder) => {
  const archives = new Map(await sines())
  const { entries } = smallJam()
  archives.delete(archiveNamed('bass'))
  const missing = (await failureOf(replayed(folder, entries, archives, out(folder)))) as Error & { code: string }
  t.equal(missing.code, 'GENERATOR_MISSING')
  t.match(missing.message, /^bass by ben cannot be replayed: its archive &\S+: it cannot be read$/)
  archives.set(archiveNamed('bass'), archiveOf(new Uint8Array(8), { runtime: 'process', entry: 'test.wasm' }))
  const refused = (await failureOf(replayed(folder, entries, archives, out(folder)))) as Error & { code: string }
  t.equal(refused.code, 'GENERATOR_NOT_ALLOWED')
  t.match(refused.message, /^bass by ben: /)
  t.deepEqual(
    (await readdir(folder)).filter((name) => !name.endsWith('.tgz')),
    [],
    'and nothing is left behind',
  )
})

offline(
  'an archive that nobody starts for what it holds keeps its plays silent, and nobody else’s',
  async (t, folder) => {
    const { entries } = smallJam()
    const bens = new Set([...entries].filter(({ identity }) => identity === BEN).map(({ key }) => key))
    const archives = new Map(await sines())
    const without = await replayed(
      folder,
      entries.filter(({ key }) => !bens.has(key)),
      archives,
    )
    for (const [bytes, code] of [
      [new Uint8Array(100), 'ARCHIVE_CORRUPT'],
      [archiveOf(new Uint8Array(8)), 'WASM_MALFORMED'],
    ] as const) {
      archives.set(archiveNamed('bass'), bytes)
      const made = await replayed(folder, entries, archives, out(folder))
      t.deepEqual(
        made.failures.map(({ path, bar, frame, code }) => [path, bar, frame, code]),
        [[`${refOf(BEN)}/bass/bass`, 1, BEAT_FRAMES, code]],
      )
      t.equal(made.samplesSha256, without.samplesSha256)
      const asked = { replace: [{ path: `${refOf(ADA)}/drums/drums`, archive: archiveNamed('bass') }], mix: [] }
      t.equal(
        await codeOf(replayed(folder, entries, archives, { whatIf: asked as never })),
        code,
        'asked for, it is an error',
      )
    }
  },
)

offline('a generator that fails ends alone: the jam is rendered, and who failed is named', async (t, folder) => {
  const { entries } = smallJam()
  const bens = new Set([...entries].filter(({ identity }) => identity === BEN).map(({ key }) => key))
  const without = await replayed(
    folder,
    entries.filter(({ key }) => !bens.has(key)),
    await sines(),
  )
  for (const [process, code] of [
    ['(unreachable)', 'GENERATOR_TRAPPED'],
    ['(loop $for_ever (br $for_ever)) (i32.const 0)', 'GENERATOR_RAN_AWAY'],
    ['(i32.const 3)', 'GENERATOR_FAILED'],
  ] as const) {
    const archives = new Map([
      ...(await sines()),
      [archiveNamed('bass'), archiveOf(await assemble(generatorWat({ process })))],
    ])
    for (const threads of [1, 2]) {
      const made = await replayed(folder, entries, archives, { ...out(folder), threads })
      t.deepEqual(
        made.failures.map(({ path, bar, frame, code }) => [path, bar, frame, code]),
        [[`${refOf(BEN)}/bass/bass`, 1, BEAT_FRAMES, code]],
      )
      t.equal(made.samplesSha256, without.samplesSha256, 'the others sound as if it had never been there')
    }
  }
})

offline('a jam of an engine that came later is refused by code', async (t, folder) => {
  const archives = await sines()
  const later = startedJam({ engine: ENGINE + 1 })
  later.play(ADA, 'drums', 0, { length: 960 })
  t.equal(await codeOf(replayed(folder, later.entries, archives)), 'ENGINE_UNKNOWN')
  const now = startedJam({ engine: ENGINE })
  now.play(ADA, 'drums', 0, { length: 960 })
  t.ok((await replayed(folder, now.entries, archives)).frames > 0)
})

offline('a file that cannot be written, a score too long, and giving up, by code', async (t, folder) => {
  const archives = await sines()
  const { entries } = smallJam()
  await writeFile(join(folder, 'file'), '')
  t.equal(await codeOf(replayed(folder, entries, archives, { out: join(folder, 'file', 'a.wav') })), 'FILE_UNWRITABLE')
  t.equal(
    await codeOf(replayed(folder, entries, archives, { stems: join(folder, 'file', 'stems') })),
    'FILE_UNWRITABLE',
  )
  await mkdir(join(folder, 'folder.wav'))
  t.equal(await codeOf(replayed(folder, entries, archives, { out: join(folder, 'folder.wav') })), 'FILE_UNWRITABLE')
  const long = startedJam({ tempo: 20 })
  long.play(ADA, 'drums', 0)
  long.action(ADA, 'end', { at: 7 * 3600 * 960 })
  t.equal(await codeOf(replayed(folder, long.entries, archives)), 'SCORE_TOO_LONG')
  const stop = new AbortController()
  const progress: number[] = []
  const given = replayed(folder, entries, archives, {
    ...out(folder),
    stems: join(folder, 'stems'),
    signal: stop.signal,
    onProgress: (done, of) => {
      progress.push(done / of)
      if (done > of / 2) stop.abort()
    },
  })
  t.equal(await codeOf(given), 'CANCELLED')
  t.deepEqual(await readdir(join(folder, 'stems')), [], 'nothing is left behind')
  t.notOk((await readdir(folder)).some((name) => name.startsWith('out.wav')))
  t.ok(progress.length > 1 && progress.every((share) => share > 0 && share < 1))
})

offline('played through a sink it is the same samples, at the pace of that sink', async (t, folder) => {
  const archives = await sines()
  const { entries } = smallJam()
  const score = await replayed(folder, entries, archives)
  const files = new Map([...archives].map(([archive], i) => [archive, join(folder, `${i}.tgz`)]))
  const init = {
    score: buildScore(JAM, entries),
    entries,
    archiveFile: async (archive: Parameters<typeof files.get>[0]) => files.get(archive) ?? '',
    shown: () => '',
  }
  const played = await playReplay(init, `wav:${join(folder, 'sink.wav')}`)
  t.equal(played.samplesSha256, score.samplesSha256)
  t.equal((await wavOf(join(folder, 'sink.wav'))).sha256, score.samplesSha256)
  t.equal(await codeOf(playReplay(init, 'wav:/nowhere/at/all.wav')), 'SINK_UNAVAILABLE')
  t.equal(await codeOf(playReplay(init, 'organ')), 'SINK_UNKNOWN')
})
