import { readFile } from 'node:fs/promises'
import test from 'tape'
import { BLOCK, TICKS_PER_BEAT, type Frames } from '../../lib/base/index.ts'
import { makeEnsemble, readyArchive } from '../../lib/engine/ensemble.ts'
import { pack, prepareGenerator } from '../../lib/generators/index.ts'
import { decodePcm, FADE_FRAMES, LocalRunner, readWavHeader } from '../../lib/mix/index.ts'
import { archiveOf, assemble, good } from '../helpers/generators.ts'
import { inUse } from '../helpers/heap.ts'
import { ADA, archiveNamed, JAM, startedJam } from '../helpers/jams.ts'
import { sineWat } from '../helpers/mix.ts'
import { patternFiles } from '../helpers/patterns.ts'
import { session } from '../helpers/session-tests.ts'
import { replayed, type Archives } from '../helpers/sessions.ts'
import { highBand } from '../helpers/signals.ts'
import { again } from '../helpers/take-again.ts'

/** How often what plays is replaced. */
const SWAPS = Number(process.env['SWAPS'] ?? 64)
/** Frames of a beat at 300 BPM. */
const BEAT: Frames = 9_600
/** Told so long before it is to happen, which is more than is rendered ahead. */
const LEAD: Frames = 14_400
/** -60 dBFS: louder above 5 kHz is a click (DEMO.md). */
const CLICK = 0.001
/** Bytes that a swap may leave in what renders: its entry. A voice has a memory of 64 KiB at least. */
const LEFT = 8_192
/** Looked at before a swap, and after it for as long as one fades out and the other in. */
const BEFORE: Frames = 240
const AFTER: Frames = FADE_FRAMES + 480
/** What a high-pass needs on either side. */
const REACH: Frames = 512

/** A note that is held for four bars by a voice that has nothing up there. */
const HELD = `pad d2 ${'_ '.repeat(63)} cutoff 120 attack 60 release 60 drift 0 gate 1 gain -3`

async function generators(): Promise<Archives> {
  return new Map([
    [archiveNamed('drums'), good(pack(patternFiles(HELD)))],
    [archiveNamed('chords'), archiveOf(await assemble(sineWat({ phase: 0.3 })))],
  ])
}

/** Where the mix has the most above 5 kHz, of what lies around swaps. */
function loudest(left: Float32Array, swaps: readonly Frames[]): { peak: number; frame: Frames } {
  const most = { peak: 0, frame: 0 }
  for (const frame of swaps) {
    const high = highBand(left.subarray(frame - BEFORE - REACH, frame + AFTER + REACH), 5_000)
    for (const x of high.subarray(REACH, high.length - REACH))
      if (Math.abs(x) > most.peak) Object.assign(most, { peak: Math.abs(x), frame })
  }
  return most
}

session(
  `${SWAPS} swaps of a pattern and a module in a running jam: no click, nothing left, one score`,
  async (t, rig) => {
    const archives = await generators()
    const jam = startedJam({ tempo: 300 })
    const quiet = { params: { gain: -6 }, on: 'now' }
    jam.play(ADA, 'drums', 0, { ...quiet, instance: 'swap-0' })
    await rig.open({ entries: [...jam.entries], archives })
    const places: Frames[] = []
    for (let n = 1; n <= SWAPS; n++) {
      // At odd places of beats, so of both waves.
      const tick = n * TICKS_PER_BEAT + ((n * 37) % 97)
      const frame = Math.ceil((tick * BEAT) / TICKS_PER_BEAT)
      await rig.to(frame - LEAD)
      const name = n % 2 === 1 ? 'chords' : 'drums'
      rig.observe(jam.play(ADA, name, tick, { ...quiet, instance: `swap-${n}`, replaces: `swap-${n - 1}` }))
      places.push(frame)
    }
    const end = (SWAPS + 2) * TICKS_PER_BEAT
    rig.observe(jam.action(ADA, 'end', { at: end }))
    const { report, take } = await rig.finish((SWAPS + 12) * BEAT)

    const of = (kind: string) => take.records.filter((record) => record.kind === kind)
    t.equal(of('started').length, SWAPS + 1, 'each started')
    t.deepEqual(
      of('started').filter((record) => 'late' in record && record.late),
      [],
      'none late',
    )
    t.equal(of('ended').filter((record) => record.kind === 'ended' && record.reason === 'replaced').length, SWAPS)
    // Time passes here as the file grows: whether a sink would have run dry, `bench/swaps.ts` says.
    t.deepEqual([...of('failed'), ...of('missing'), ...of('skip')], [])
    t.equal(report.late, 0)
    const told = rig.messages.flatMap((message) => (message.kind === 'instances' ? message.events : []))
    let [sounding, most] = [0, 0]
    for (const { kind } of told) {
      if (kind === 'started') most = Math.max(most, ++sounding)
      if (kind === 'ended') sounding--
    }
    t.deepEqual([sounding, told.filter(({ kind }) => kind === 'refused').length], [0, 0], 'all have gone')
    t.ok(most <= 4, `no more than the tails at once: ${most}`)

    const bytes = await readFile(rig.wav)
    const { left } = decodePcm('f32', bytes.subarray(readWavHeader(bytes)?.offset))
    t.ok(
      left.some((x) => Math.abs(x) > 0.05),
      'it is heard',
    )
    const { peak, frame } = loudest(
      left,
      places.map((place) => place - report.firstFrame),
    )
    t.ok(peak < CLICK, `above 5 kHz at most ${(20 * Math.log10(peak)).toFixed(1)} dBFS, at ${frame}`)

    const score = await replayed(rig.place, jam.entries, archives, { threads: 2 })
    t.equal(score.samplesSha256, report.samplesSha256, 'the score gives what was heard, nothing having been late')
    const heard = await again({ rig, entries: jam.entries, archives })
    t.equal(heard.samplesSha256, report.samplesSha256, 'as does the take')
    t.deepEqual(heard.take, { divergence: undefined, heardSha256: report.samplesSha256, missing: 0, skipped: 0 })
  },
)

test('of a swap nothing is left in the memory of what renders but its entry', async (t) => {
  const jam = startedJam({ tempo: 300 })
  const { conductor, renderer, ...rest } = makeEnsemble({
    jam: JAM,
    from: 0,
    runners: [new LocalRunner()],
    measured: 'all',
  })
  for (const [archive, bytes] of await generators())
    readyArchive({ conductor, renderer, ...rest }, archive, good(prepareGenerator(bytes)))
  conductor.observe([...jam.entries, jam.play(ADA, 'drums', 0, { instance: 'swap-0' })])
  const block = new Float32Array(BLOCK)
  let [started, swaps] = [0, 0]
  const swap = (times: number): void => {
    for (let n = 0; n < times; n++) {
      const replaces = `swap-${swaps++}`
      const play = { on: 'now', instance: `swap-${swaps}`, replaces }
      conductor.observe([jam.play(ADA, swaps % 2 === 1 ? 'chords' : 'drums', swaps * TICKS_PER_BEAT, play)])
      while (renderer.frame < swaps * BEAT + BEAT / 2)
        started += renderer.renderQuantum(block, block).events.filter(({ kind }) => kind === 'started').length
    }
  }
  // Caches fill.
  swap(100)
  const before = await inUse()
  swap(400)
  const after = await inUse()
  t.equal(started, 501)
  const [heap, beside] = [(after.heap - before.heap) / 400, (after.beside - before.beside) / 400]
  t.ok(heap + beside < LEFT, `bytes a swap leaves: ${heap.toFixed()} on the heap, ${beside.toFixed()} beside it`)
})
