import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { refOf, type BlobId } from '../../lib/base/index.ts'
import { compareRenders, readTake, type Compared, type ReplayInit, type TakeOnDisk } from '../../lib/engine/index.ts'
import { buildScore, encodeTakeLine, type JamEntry, type TakeLine } from '../../lib/jam/index.ts'
import { codeOf } from '../helpers/hosts.ts'
import { ADA, archiveNamed, BAR, BEN, JAM, startedJam, type JamWriter } from '../helpers/jams.ts'
import { ALL, pathOf, session } from '../helpers/session-tests.ts'
import { BEAT_FRAMES, sines, type Archives, type SessionRig } from '../helpers/sessions.ts'

const BAR_FRAMES = 4 * BEAT_FRAMES

/** What every render of these tests has in common. */
async function common(folder: string, entries: readonly JamEntry[], archives: Archives): Promise<ReplayInit> {
  const files = new Map<BlobId, string>()
  for (const [archive, bytes] of archives) {
    const file = join(folder, `common-${files.size}.tgz`)
    await writeFile(file, bytes)
    files.set(archive, file)
  }
  return {
    score: buildScore(JAM, entries),
    entries,
    archiveFile: async (archive) => files.get(archive) ?? Promise.reject(new Error('it is not here')),
    shown: ({ generator }) => generator,
    threads: 1,
  }
}

/** Three bars: drums and chords in all of them, bass from the second on. */
function trio(): JamWriter {
  const jam = startedJam({ tempo: 120 })
  const quiet = { params: { gain: -18 } }
  jam.play(ADA, 'drums', 0, quiet)
  jam.play(ADA, 'chords', 0, quiet)
  jam.play(BEN, 'bass', BAR, quiet)
  jam.action(ADA, 'end', { at: 3 * BAR })
  return jam
}

/** First frame, bars that differ and bars that sound of one thing, from 1; undefined where it is the same. */
function told({ differences }: Compared, path: string): unknown {
  const found = differences.find((one) => one.path === path)
  if (found?.first === undefined) return undefined
  const bars = (all: ReadonlySet<number>): number[] => [...all].map((bar) => bar + 1).sort()
  return [found.first, bars(found.differing), bars(found.sounding)]
}

const reasonsOf = ({ differences }: Compared, path: string): string[] =>
  differences.find((one) => one.path === path)?.reasons.map(({ side, text }) => `${side}: ${text}`) ?? []

async function taken(rig: SessionRig, change: (lines: TakeLine[]) => TakeLine[]): Promise<TakeOnDisk> {
  const { header, records } = await readTake(rig.takeFile)
  const file = join(rig.place, 'changed.take')
  await writeFile(
    file,
    change([header, ...records])
      .map(encodeTakeLine)
      .join(''),
  )
  return readTake(file)
}

const [DRUMS, CHORDS, BASS] = [pathOf(ADA, 'drums'), pathOf(ADA, 'chords'), pathOf(BEN, 'bass')]

session('a take in which nothing was late is the same as the score, and as itself', async (t, rig) => {
  const archives = await sines()
  const { entries } = trio()
  await rig.open({ entries, archives })
  await rig.finish(ALL)
  const shared = await common(rig.place, entries, archives)
  const take = await readTake(rig.takeFile)
  for (const other of [{}, { take }]) {
    const made = await compareRenders({ ...shared, take }, { ...shared, ...other })
    t.ok(made.isEqual)
    t.deepEqual(
      made.differences.map(({ path }) => path),
      [DRUMS, CHORDS, BASS].sort().concat('mix'),
    )
    t.deepEqual([made.from, made.to >= 3 * BAR_FRAMES], [0, true])
  }
})

session('what came late, was muted and was soloed is told from the first frame and bar on, and why', async (t, rig) => {
  const archives = await sines()
  const jam = trio()
  const play = jam.entries.filter(({ payload }) => typeof payload === 'object' && payload['instance'] === 'bass')
  const early = jam.entries.filter((entry) => !play.includes(entry))
  await rig.open({ entries: early, archives })
  await rig.to(0.5 * BAR_FRAMES)
  rig.tell({ kind: 'mix', target: { kind: 'player', player: refOf(ADA) }, setting: { gain: -6 } })
  rig.tell({ kind: 'mix', target: { kind: 'instance', path: DRUMS as never }, setting: { mute: true } })
  await rig.to(1.2 * BAR_FRAMES)
  rig.observe(...play)
  rig.tell({ kind: 'mix', target: { kind: 'instance', path: DRUMS as never }, setting: { mute: false } })
  rig.tell({ kind: 'mix', target: { kind: 'player', player: refOf(ADA) }, setting: { gain: 0 } })
  await rig.finish(ALL)
  const take = await readTake(rig.takeFile)
  const shared = await common(rig.place, jam.entries, archives)
  const made = await compareRenders(shared, { ...shared, take })
  t.notOk(made.isEqual)
  const set = take.records.find(({ kind }) => kind === 'mix')
  const from = set && 'frame' in set ? set.frame : 0
  const [first, differing] = told(made, DRUMS) as [number, number[]]
  t.ok(first >= from && first <= from + 8, `drums from frame ${first} on`)
  t.deepEqual(differing, [1, 2], 'until it was heard again')
  t.deepEqual(reasonsOf(made, DRUMS), ['b: gain -6 dB', 'b: muted', 'b: unmuted', 'b: gain 0 dB'])
  // Its fade lies in bar 4.
  const bass = told(made, BASS) as [number, number[], number[]]
  t.ok(bass[0] >= BAR_FRAMES && bass[0] < BAR_FRAMES + 128)
  t.deepEqual(bass.slice(1), [
    [2, 3, 4],
    [2, 3, 4],
  ])
  t.deepEqual(reasonsOf(made, BASS), ['b: started 2.00 s late: its entry came late'])
  const mix = told(made, 'mix') as [number, number[]]
  t.ok(Math.abs(mix[0] - first) < 8 && mix[1].includes(1) && mix[1].includes(3))
  const turned = await compareRenders({ ...shared, take }, shared)
  t.deepEqual(
    [told(turned, DRUMS), reasonsOf(turned, BASS)],
    [told(made, DRUMS), ['a: started 2.00 s late: its entry came late']],
  )
})

session('an archive that was missing and an instance that a guard killed are told', async (t, rig) => {
  const archives = await sines()
  const { entries } = trio()
  const some = new Map([...archives].filter(([id]) => id !== archiveNamed('bass')))
  await rig.open({ entries, archives: some })
  await rig.finish(ALL)
  const frame = 128 * 300
  const kill = {
    kind: 'failed' as const,
    frame,
    path: CHORDS,
    code: 'GENERATOR_TOO_SLOW',
    message: 'a block took 120 ms',
  }
  const take = await taken(rig, (lines) => {
    const at = lines.findIndex((line) => 'frame' in line && line.frame > frame)
    return [...lines.slice(0, at), kill, ...lines.slice(at)]
  })
  const shared = await common(rig.place, entries, archives)
  const made = await compareRenders({ ...shared, take }, shared)
  t.equal(told(made, DRUMS), undefined)
  t.deepEqual(reasonsOf(made, BASS), ['a: not heard: its archive was missing'])
  t.deepEqual(reasonsOf(made, CHORDS), ['a: ended: GENERATOR_TOO_SLOW'])
  const [first] = told(made, CHORDS) as [number]
  t.ok(first >= frame + 128 && first < frame + 128 + 240, `after the block that was its last: ${first}`)
})

session(
  'a take that ends early is compared as far as it goes; what cannot be rendered is refused by code',
  async (t, rig) => {
    const archives = await sines()
    const { entries } = trio()
    await rig.open({ entries, archives })
    await rig.to(1.5 * BAR_FRAMES)
    const { report } = await rig.finish()
    const shared = await common(rig.place, entries, archives)
    const take = await readTake(rig.takeFile)
    const made = await compareRenders({ ...shared, take }, shared)
    t.ok(made.isEqual)
    t.deepEqual([made.from, made.to], [0, report.frames])
    const part = await compareRenders({ ...shared, take, from: 1_000 }, { ...shared, from: 1_000 })
    t.deepEqual([part.isEqual, part.from], [true, 1_000])
    const gone = {
      ...take,
      records: take.records.map((one) => (one.kind === 'observed' ? { ...one, keys: one.keys.map(() => '%x') } : one)),
    }
    t.equal(await codeOf(compareRenders({ ...shared, take: gone as never }, shared)), 'TAKE_INCOMPLETE')
    t.equal(
      await codeOf(compareRenders(shared, { ...shared, archiveFile: async () => Promise.reject(new Error('no')) })),
      'GENERATOR_MISSING',
    )
  },
)
