import { join } from 'node:path'
import { refOf, type PlayerRef } from '../../lib/base/index.ts'
import type { WhatIf } from '../../lib/engine/index.ts'
import type { InstancePath } from '../../lib/jam/index.ts'
import { whatIfOf } from '../../bin/cli/what-if.ts'
import { buildScore } from '../../lib/jam/index.ts'
import { shortIdOf } from '../../lib/keys/index.ts'
import { ADA, archiveNamed, BAR, BEN, JAM, startedJam, type JamWriter } from '../helpers/jams.ts'
import { session } from '../helpers/session-tests.ts'
import { replayed, sines, wavOf } from '../helpers/sessions.ts'

const path = (player: PlayerRef, name: string): InstancePath => `${player}/${name}/${name}` as InstancePath
const DRUMS = path(refOf(ADA), 'drums')
const PLAIN: WhatIf = { mix: [], replace: [] }

/** Drums and bass for two beats; `drums` may be left out. */
function duo(drums: 'with drums' | 'without'): JamWriter {
  const jam = startedJam({ tempo: 120 })
  if (drums === 'with drums') jam.play(ADA, 'drums', 0, { params: { gain: -18 } })
  jam.play(BEN, 'bass', 480, { params: { gain: -18 } })
  jam.action(ADA, 'end', { at: BAR / 2 })
  return jam
}

session('what if one were mute, or alone: the others to the bit, and never called the score', async (t, rig) => {
  const folder = await rig.make()
  const archives = await sines()
  const { entries } = duo('with drums')
  const score = await replayed(folder, entries, archives)
  const without = await replayed(folder, duo('without').entries, archives)
  const mute: WhatIf = { ...PLAIN, mix: [{ target: { kind: 'instance', path: DRUMS }, setting: { mute: true } }] }
  const made = await replayed(folder, entries, archives, { whatIf: mute })
  t.equal(made.samplesSha256, without.samplesSha256)
  t.equal(made.rendition, 'what-if')
  t.equal(made.scoreHash, score.scoreHash)
  t.deepEqual([score.rendition, score.hash], ['score', score.scoreHash])
  t.notEqual(made.hash, score.hash)
  t.equal((await replayed(folder, entries, archives, { whatIf: mute, threads: 2 })).hash, made.hash)
  const solo: WhatIf = { ...PLAIN, mix: [{ target: { kind: 'player', player: refOf(BEN) }, setting: { solo: true } }] }
  const alone = await replayed(folder, entries, archives, { whatIf: solo })
  t.equal(alone.samplesSha256, without.samplesSha256)
  t.notEqual(alone.hash, made.hash, 'another what-if, another name')
})

session('what if another generator played it: in its place, with its gain', async (t, rig) => {
  const folder = await rig.make()
  const archives = await sines()
  const { entries } = duo('with drums')
  const whatIf: WhatIf = { ...PLAIN, replace: [{ path: DRUMS, archive: archiveNamed('arp') }] }
  const out = join(folder, 'out.wav')
  const made = await replayed(folder, entries, archives, { whatIf, out })
  const swapped = new Map([...archives, [archiveNamed('drums'), archives.get(archiveNamed('arp')) ?? new Uint8Array()]])
  t.equal(made.samplesSha256, (await replayed(folder, entries, swapped)).samplesSha256)
  t.ok((await wavOf(out)).left.some((x) => x !== 0))
})

session('the command line names instances, tracks, players and generators, or says what could be meant', async (t) => {
  const jam = duo('with drums')
  jam.generator(BEN, 'drums2')
  jam.play(BEN, 'bass', 960, { instance: 'drums' })
  const { entries } = jam
  const where = { entries, score: buildScore(JAM, entries) }
  t.equal(whatIfOf({}, where), undefined)
  const asked = {
    mute: [`${shortIdOf(ADA)}:drums`, 'track:low'],
    solo: [shortIdOf(BEN)],
    gain: ['bass=-6'],
    replace: ['bass=chords'],
  }
  t.deepEqual(whatIfOf(asked, where), {
    mix: [
      { target: { kind: 'instance', path: DRUMS }, setting: { mute: true } },
      { target: { kind: 'track', track: 'low' }, setting: { mute: true } },
      { target: { kind: 'player', player: refOf(BEN) }, setting: { solo: true } },
      { target: { kind: 'instance', path: path(refOf(BEN), 'bass') }, setting: { gain: -6 } },
    ],
    replace: [{ path: path(refOf(BEN), 'bass'), archive: archiveNamed('chords') }],
  })
  const codes = [
    { mute: ['drums'] },
    { mute: ['flute'] },
    { gain: ['bass'] },
    { gain: ['bass=loud'] },
    { replace: ['bass=flute'] },
  ]
  t.deepEqual(
    codes.map((options) => codeThrown(() => whatIfOf(options, where))),
    ['INSTANCE_AMBIGUOUS', 'INSTANCE_AMBIGUOUS', 'USAGE', 'USAGE', 'GENERATOR_UNKNOWN'],
  )
})

function codeThrown(action: () => unknown): unknown {
  try {
    action()
    return undefined
  } catch (error) {
    return (error as { code?: unknown }).code
  }
}
